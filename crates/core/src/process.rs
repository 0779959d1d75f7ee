//! Child processes: no shell, output streamed line by line as foreign, cancelled with everything they started.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command as TokioCommand};

use crate::action::Cancel;
use crate::runner::console;
use crate::{Context, Env, Error, Result};

/// How long a child may take to end after an interrupt.
const GRACE: Duration = Duration::from_secs(3);
/// How long the output of an ended child may be silent before it is taken to be over.
const LINGER: Duration = Duration::from_millis(500);
/// Lines kept for error messages.
const TAIL: usize = 40;

/// A program to run, with its arguments as they are.
#[derive(Debug, Clone)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    inherited: Option<Env>,
    environment: Vec<(String, Option<OsString>)>,
    folder: Option<PathBuf>,
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

    /// Gives the child this environment in place of the process's own. Inputs stay behind: some are secrets.
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

    /// Runs the program and shows what it prints, as foreign output: workflow commands in it are not obeyed.
    ///
    /// # Errors
    /// When it cannot be started, or the job is cancelled; a failing exit status is no error here.
    pub async fn stream(&self, cancel: &Cancel) -> Result<Ended> {
        let mut child = self.spawn()?;
        let foreign = console::guard_foreign_output();
        let mut tail = VecDeque::with_capacity(TAIL);
        let (lines, mut received) = tokio::sync::mpsc::channel(64);
        let readers = [
            child.stdout.take().map(|out| tokio::spawn(read_lines(out, lines.clone()))),
            child.stderr.take().map(|err| tokio::spawn(read_lines(err, lines.clone()))),
        ];
        drop(lines);
        let mut ended = None;
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    stop(&mut child).await;
                    return Err(Error::cancelled());
                }
                line = received.recv() => match line {
                    Some(line) => {
                        foreign.line(&line);
                        if tail.len() == TAIL { tail.pop_front(); }
                        tail.push_back(line);
                    }
                    None => break,
                },
                status = child.wait(), if ended.is_none() => ended = Some(status),
                // A grandchild may hold the pipes open for ever: the child's own end is what counts.
                () = tokio::time::sleep(LINGER), if ended.is_some() => break,
            }
        }
        let status = match ended {
            Some(status) => status,
            None => cancel.run(child.wait()).await?,
        };
        readers.into_iter().flatten().for_each(|reader| reader.abort());
        let status = status.context(|| format!("failed to wait for {}", self.program().display()))?;
        Ok(Ended { status, tail: tail.into() })
    }

    /// Runs the program silently and returns what it printed to standard output.
    ///
    /// # Errors
    /// When it cannot be started, fails (the end of its standard error is in the message), or the job is cancelled.
    pub async fn output(&self, cancel: &Cancel) -> Result<String> {
        let mut child = self.spawn()?;
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut stdout = child.stdout.take();
        let mut stderr = child.stderr.take();
        let reading = async {
            tokio::join!(
                async {
                    if let Some(pipe) = &mut stdout {
                        let _ = pipe.read_to_end(&mut out).await;
                    }
                },
                async {
                    if let Some(pipe) = &mut stderr {
                        let _ = pipe.read_to_end(&mut err).await;
                    }
                },
            );
            child.wait().await
        };
        let status = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            status = reading => Some(status),
        };
        let Some(status) = status else {
            stop(&mut child).await;
            return Err(Error::cancelled());
        };
        let status = status.context(|| format!("failed to wait for {}", self.program().display()))?;
        if status.success() {
            return Ok(String::from_utf8_lossy(&out).into_owned());
        }
        let text = String::from_utf8_lossy(&err);
        let last: Vec<_> = text.trim().lines().rev().take(5).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Err(Error::failure(format!("{} failed ({}): {last}", self.program().display(), describe(status))))
    }

    fn spawn(&self) -> Result<Child> {
        let mut command = TokioCommand::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(env) = &self.inherited {
            command.env_clear().envs(env.iter().filter(|(name, _)| !name.starts_with("INPUT_")));
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

/// How a status reads in a sentence: `exit code 3`, `signal 9`.
pub fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// Passes on lines without their ends; bytes that are no UTF-8 are shown as replacement characters.
async fn read_lines(pipe: impl AsyncRead + Unpin, lines: tokio::sync::mpsc::Sender<String>) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while matches!(pipe.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
        let text = String::from_utf8_lossy(&line);
        if lines.send(text.trim_end_matches(['\n', '\r']).to_owned()).await.is_err() {
            return;
        }
        line.clear();
    }
}

/// Interrupts the child and everything in its process group, and kills what is left after [`GRACE`].
async fn stop(child: &mut Child) {
    signal(child, Signal::Interrupt);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        signal(child, Signal::Kill);
        let _ = child.wait().await;
    }
}

enum Signal {
    Interrupt,
    Kill,
}

#[cfg(unix)]
fn signal(child: &mut Child, signal: Signal) {
    use rustix::process::{Pid, Signal as Unix, kill_process_group};
    let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else { return };
    // The group may be gone already; then there is nothing to stop.
    let _ = kill_process_group(
        group,
        match signal {
            Signal::Interrupt => Unix::INT,
            Signal::Kill => Unix::KILL,
        },
    );
}

#[cfg(not(unix))]
fn signal(child: &mut Child, _: Signal) {
    let _ = child.start_kill();
}
