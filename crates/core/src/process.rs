//! Child processes: no shell, output streamed line by line as foreign, cancelled with everything they started.

mod group;

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command as TokioCommand};
use tokio::sync::mpsc;
use tokio::time::Instant;

use group::Group;

use crate::action::Cancel;
use crate::env::ACTIONS_RUNTIME_TOKEN;
use crate::runner::console;
use crate::{Cause, Context, Env, Error, Result};

/// How long output is read after the child's end; a grandchild may go on printing.
const LINGER: Duration = Duration::from_millis(500);
/// Lines kept for error messages.
const TAIL: usize = 40;
/// Lines of standard error in the message of a failure.
const REASON: usize = 5;

/// A program to run, with its arguments as they are.
#[derive(Debug, Clone)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    inherited: Option<Env>,
    environment: Vec<(String, Option<OsString>)>,
    folder: Option<PathBuf>,
    deadline: Option<Duration>,
}

/// How a streamed child ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its last lines, both streams in order of arrival.
    pub tail: Vec<String>,
}

impl Command {
    /// A program, by name (looked up on PATH) or path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().into(),
            arguments: Vec::new(),
            inherited: None,
            environment: Vec::new(),
            folder: None,
            deadline: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Gives the child this environment in place of the process's own. Inputs stay behind, since some are secrets, and what
    /// the runner gives to actions alone: a child may run code that the user did not write.
    #[must_use]
    pub fn inherit(mut self, env: &Env) -> Self {
        self.inherited = Some(env.clone());
        self
    }

    /// Sets a variable for the child; the rest of the environment is inherited.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.to_owned(), Some(value.as_ref().into())));
        self
    }

    /// Takes a variable away from the child.
    #[must_use]
    pub fn env_remove(mut self, name: &str) -> Self {
        self.environment.push((name.to_owned(), None));
        self
    }

    /// Sets the child's working folder.
    #[must_use]
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The program, for messages.
    pub fn program(&self) -> &Path {
        Path::new(&self.program)
    }

    /// Ends the child, with all that it started, when it takes longer.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Runs the program and shows what it prints, as foreign output: workflow commands in it are not obeyed.
    ///
    /// # Errors
    /// When it cannot be started, misses its deadline, or the job is cancelled; a failing exit status is no error here.
    pub async fn stream(&self, cancel: &Cancel) -> Result<Ended> {
        let foreign = console::guard_foreign_output();
        let mut tail = VecDeque::with_capacity(TAIL);
        let status = self.drive(cancel, |_, line| {
            foreign.line(&line);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line);
        });
        let status = status.await?;
        Ok(Ended { status, tail: tail.into() })
    }

    /// Runs the program silently and returns the lines that it printed to standard output.
    ///
    /// # Errors
    /// When it cannot be started, fails (the end of its standard error is in the message), misses its deadline, or the
    /// job is cancelled.
    pub async fn output(&self, cancel: &Cancel) -> Result<String> {
        let (mut out, mut err) = (String::new(), VecDeque::new());
        let status = self.drive(cancel, |pipe, line| match pipe {
            Pipe::Out => {
                out.push_str(&line);
                out.push('\n');
            }
            Pipe::Err => {
                if err.len() == REASON {
                    err.pop_front();
                }
                err.push_back(line);
            }
        });
        let status = status.await?;
        if status.success() {
            return Ok(out);
        }
        let last = err.make_contiguous().join("\n");
        Err(Error::failure(format!("{} failed ({}): {last}", self.program().display(), describe(status))))
    }

    /// Runs the program to its end and hands over its lines as they come.
    async fn drive(&self, cancel: &Cancel, mut line: impl FnMut(Pipe, String)) -> Result<ExitStatus> {
        let mut group = Group::new(self.spawn()?);
        let (lines, mut received) = mpsc::channel(64);
        let (out, err) = group.pipes();
        let readers = [
            out.map(|pipe| tokio::spawn(read_lines(pipe, Pipe::Out, lines.clone()))),
            err.map(|pipe| tokio::spawn(read_lines(pipe, Pipe::Err, lines.clone()))),
        ];
        drop(lines);
        let deadline = self.deadline.map(|deadline| Instant::now() + deadline);
        let mut ended: Option<(ExitStatus, Instant)> = None;
        let mut pipes_open = true;
        let status = loop {
            // A grandchild may hold the pipes open for ever: what counts is the child's own end, and a moment more.
            let until = ended.map(|(_, at)| at + LINGER).or(deadline);
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    group.stop().await;
                    return Err(Error::cancelled());
                }
                () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => match ended {
                    Some((status, _)) => break status,
                    None => {
                        group.stop().await;
                        return Err(self.too_slow());
                    }
                },
                received = received.recv(), if pipes_open => match received {
                    Some((pipe, text)) => line(pipe, text),
                    None => pipes_open = false,
                },
                status = group.wait(), if ended.is_none() => {
                    let status = status.context(|| format!("failed to wait for {}", self.program().display()))?;
                    ended = Some((status, Instant::now()));
                }
            }
            if let (Some((status, _)), false) = (ended, pipes_open) {
                break status;
            }
        };
        group.release();
        readers.into_iter().flatten().for_each(|reader| reader.abort());
        Ok(status)
    }

    fn too_slow(&self) -> Error {
        let seconds = self.deadline.unwrap_or_default().as_secs();
        Error::new(
            Cause::Timeout,
            format!("{} did not end within {seconds} s and was stopped", self.program().display()),
        )
        .hint("Its output above tells how far it came; run the job again when the network was slow.")
    }

    fn spawn(&self) -> Result<Child> {
        let mut command = TokioCommand::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(env) = &self.inherited {
            command.env_clear().envs(env.iter().filter(|(name, _)| is_for_children(name)));
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().context(|| format!("failed to start {}", self.program().display()))
    }
}

fn is_for_children(name: &str) -> bool {
    !name.starts_with("INPUT_") && !matches!(name, ACTIONS_RUNTIME_TOKEN | "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
}

/// How a status reads in a sentence: `exit code 3`, `signal 9`.
pub fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// Which stream a line came from.
#[derive(Debug, Clone, Copy)]
enum Pipe {
    Out,
    Err,
}

/// Passes on lines without their ends; bytes that are no UTF-8 are shown as replacement characters.
async fn read_lines(pipe: impl AsyncRead + Unpin, which: Pipe, lines: mpsc::Sender<(Pipe, String)>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while matches!(pipe.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
        let text = String::from_utf8_lossy(&line);
        if lines.send((which, text.trim_end_matches(['\n', '\r']).to_owned())).await.is_err() {
            return;
        }
        line.clear();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_child_sees_the_user_s_variables_and_no_token_of_the_runner() {
        let given = ["PATH=/usr/bin:/bin", "TOKEN=kept"];
        let kept_back = ["INPUT_PASSWORD=x", "ACTIONS_RUNTIME_TOKEN=x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x"];
        let env: Env = given.iter().chain(&kept_back).filter_map(|variable| variable.split_once('=')).collect();
        let seen = Command::new("env").inherit(&env).output(&Cancel::default()).await.unwrap();
        let mut seen: Vec<_> = seen.lines().collect();
        seen.sort_unstable();
        assert_eq!(seen, given);
    }
}
