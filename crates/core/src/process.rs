//! Child processes: no shell, output streamed line by line as foreign, cancelled with everything they started.
//!
//! Every program that this suite starts is started here, so that all of them get the same [environment](environment).

mod drive;
mod environment;
mod group;
mod pipe;
mod privacy;
mod spawn;

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::action::Cancel;
use crate::runner::console;
use crate::{Cause, Env, Error, Result};

use pipe::{Pipe, Reading};
pub use privacy::hide_environment;

/// Lines kept for error messages.
const TAIL: usize = 40;
/// Lines of standard error in the message of a failure.
const REASON: usize = 5;
/// Bytes of standard output that [`Command::capture`] takes.
const LONGEST_OUTPUT: usize = 16 * 1024 * 1024;
/// Bytes of standard error that [`Command::capture`] keeps, the last ones.
const LONGEST_REASON: usize = 64 * 1024;

/// A program to run, with its arguments as they are.
///
/// It gets the environment of [`Self::inherit`], else this process's own, each without what the runner gives to actions
/// alone: inputs, state, tokens, and the command files. What [`Self::env`] adds it gets in any case.
#[derive(Clone)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    inherited: Option<Env>,
    environment: Vec<(OsString, Option<OsString>)>,
    folder: Option<PathBuf>,
    input: Option<Vec<u8>>,
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

/// What a child printed that nobody saw. It may hold anything, secrets as well.
pub struct Captured {
    /// Its exit status.
    pub status: ExitStatus,
    /// All of standard output.
    pub stdout: String,
    /// The last 64 KiB of standard error.
    pub stderr: String,
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
            input: None,
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

    /// Gives the child this environment in place of the process's own, without what is for actions alone.
    #[must_use]
    pub fn inherit(mut self, env: &Env) -> Self {
        self.inherited = Some(env.clone());
        self
    }

    /// Sets a variable for the child; the rest of the environment is inherited.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().into(), Some(value.as_ref().into())));
        self
    }

    /// Takes a variable away from the child.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().into(), None));
        self
    }

    /// Sets the child's working folder.
    #[must_use]
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// What the child reads from standard input, and then its end. Without, standard input is empty.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
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
    /// A line is shown when it ends, when it stands there unended for 2 s (a progress bar), and in pieces of 64 KiB.
    ///
    /// # Errors
    /// When it cannot be started, misses its deadline, or the job is cancelled; a failing exit status is not an error here.
    pub async fn stream(&self, cancel: &Cancel) -> Result<Ended> {
        let foreign = console::guard_foreign_output();
        let mut tail = VecDeque::with_capacity(TAIL);
        let status = self.drive(cancel, Reading::Lines, |_, line| {
            let line = String::from_utf8_lossy(&line).into_owned();
            foreign.line(&line);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line);
            Ok(())
        });
        let status = status.await?;
        Ok(Ended { status, tail: tail.into() })
    }

    /// Runs the program silently and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be started, prints more than 16 MiB to standard output, misses its deadline, or the job is
    /// cancelled; a failing exit status is not an error here.
    pub async fn capture(&self, cancel: &Cancel) -> Result<Captured> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = self.drive(cancel, Reading::Bytes, |pipe, bytes| match pipe {
            Pipe::Out if out.len().saturating_add(bytes.len()) > LONGEST_OUTPUT => Err(self.too_long()),
            Pipe::Out => {
                out.extend_from_slice(&bytes);
                Ok(())
            }
            Pipe::Err => {
                err.extend_from_slice(&bytes);
                err.drain(..err.len().saturating_sub(LONGEST_REASON));
                Ok(())
            }
        });
        let status = status.await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        Ok(Captured { status, stdout: text(&out), stderr: text(&err) })
    }

    /// Runs the program silently and returns what it printed to standard output.
    ///
    /// # Errors
    /// As those of [`Self::capture`], and when it fails: the end of its standard error is in the message.
    pub async fn output(&self, cancel: &Cancel) -> Result<String> {
        let Captured { status, mut stdout, stderr } = self.capture(cancel).await?;
        if status.success() {
            if !stdout.is_empty() && !stdout.ends_with('\n') {
                stdout.push('\n');
            }
            return Ok(stdout);
        }
        let lines: Vec<_> = stderr.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(REASON)).copied().collect::<Vec<_>>().join("\n");
        Err(Error::failure(format!("{} failed ({}): {last}", self.program().display(), describe(status))))
    }

    fn too_slow(&self) -> Error {
        let seconds = self.deadline.unwrap_or_default().as_secs();
        Error::new(
            Cause::Timeout,
            format!("{} did not end within {seconds} s and was stopped", self.program().display()),
        )
        .hint("Its output above tells how far it came; run the job again when the network was slow.")
    }

    fn too_long(&self) -> Error {
        let limit = crate::disk::readable(LONGEST_OUTPUT as u64);
        Error::failure(format!("{} printed more than {limit} and was stopped", self.program().display()))
            .hint("The answer of this program is a few lines. Check that no other program stands under its name.")
    }
}

/// Shows neither variables nor input: they may be secrets.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("program", &self.program).field("arguments", &self.arguments).finish()
    }
}

/// Shows how it ended, and none of what it printed.
impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured").field("status", &self.status).finish_non_exhaustive()
    }
}

/// How a status reads in a sentence: `exit code 3`, `signal 9`.
pub fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests;
