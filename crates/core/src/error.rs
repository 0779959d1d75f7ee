//! The error that a person reads: what was attempted, why it failed, what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an action ended, as far as a caller can act on it. The number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// Anything that is none of the below.
    Failure = 1,
    /// An input, a flag or a file that the user wrote is wrong.
    Input = 2,
    /// The server does not accept the credentials.
    Access = 3,
    /// A Bento, model or Deployment that was named does not exist.
    NotFound = 4,
    /// A server cannot be reached, or what answers is not the API.
    Unreachable = 5,
    /// The user's project does not build.
    Build = 6,
    /// The Deployment did not become ready.
    Deployment = 7,
    /// A deadline passed.
    Timeout = 8,
    /// What was to be made is there already.
    Exists = 9,
    /// SIGINT or SIGTERM arrived.
    Cancelled = 130,
}

/// A place in a file of the user's; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, absolute or relative to the workspace.
    pub file: PathBuf,
    /// The line, where known.
    pub line: Option<u32>,
    /// The column, where known.
    pub column: Option<u32>,
}

/// An expected failure: its message is a lower-case fragment, its hint a sentence that says what to do.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    cause: Cause,
    message: String,
    hint: Option<String>,
    at: Option<Location>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with this cause and message.
    pub fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { cause, message: message.into(), hint: None, at: None, source: None }))
    }

    /// [`Cause::Failure`].
    pub fn failure(message: impl Into<String>) -> Self {
        Self::new(Cause::Failure, message)
    }

    /// [`Cause::Input`].
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Cause::Input, message)
    }

    /// [`Cause::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Cause::NotFound, message)
    }

    /// The job was cancelled.
    pub fn cancelled() -> Self {
        Self::new(Cause::Cancelled, "cancelled")
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the place in the user's file.
    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.0.at = Some(at);
        self
    }

    /// Adds the error underneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Why it ended.
    pub fn cause(&self) -> Cause {
        self.0.cause
    }

    /// What to do next.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where in the user's files.
    pub fn location(&self) -> Option<&Location> {
        self.0.at.as_ref()
    }

    /// The message with every error underneath, joined by `: `, and the hint as a sentence of its own.
    pub fn full_text(&self) -> String {
        let mut text = self.0.message.clone();
        let mut source = self.source();
        while let Some(error) = source {
            let part = error.to_string();
            // Some libraries put the text of the error underneath into their own, at its end.
            let is_said =
                text.strip_suffix(&part).is_some_and(|above| above.is_empty() || above.ends_with([' ', '(', '"']));
            if !part.is_empty() && !is_said {
                text.push_str(": ");
                text.push_str(&part);
            }
            source = error.source();
        }
        if let Some(hint) = &self.0.hint {
            if !text.ends_with(['.', '!', '?']) {
                text.push('.');
            }
            text.push(' ');
            text.push_str(hint);
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Puts a message above an error of another kind.
pub trait Context<T> {
    /// Wraps the error: `failed to …` above, the error as its source. An [`Error`] underneath keeps its cause, hint
    /// and location.
    fn context(self, message: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E> Context<T> for Result<T, E>
where
    E: StdError + Send + Sync + 'static,
{
    fn context(self, message: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let boxed: Box<dyn StdError + Send + Sync> = Box::new(error);
            match boxed.downcast::<Error>() {
                Ok(ours) => {
                    let mut outer = Error::new(ours.0.cause, message());
                    outer.0.hint = ours.0.hint.clone();
                    outer.0.at = ours.0.at.clone();
                    outer.caused_by(ours)
                }
                Err(other) => Error::failure(message()).caused_by(other),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_text_names_every_layer_once_and_ends_with_the_hint() {
        let io = std::io::Error::other("disk on fire");
        let error = Err::<(), _>(io).context(|| "failed to read x".into()).unwrap_err().hint("Use another disk.");
        assert_eq!(error.full_text(), "failed to read x: disk on fire. Use another disk.");
    }

    #[test]
    fn a_cause_whose_text_happens_to_stand_above_is_said_all_the_same() {
        let text = |above: &str, below: &str| Error::failure(above).caused_by(std::io::Error::other(below)).full_text();
        assert_eq!(text("failed to read not-found.txt", "not-found"), "failed to read not-found.txt: not-found");
        assert_eq!(text("failed to open open", "pen"), "failed to open open: pen");
        assert_eq!(text("failed to read x: no room", "no room"), "failed to read x: no room");
    }

    #[test]
    fn context_keeps_cause_and_hint_of_the_error_underneath() {
        let inner = Err::<(), _>(Error::not_found("no bento a:b").hint("Push it."));
        let error = inner.context(|| "failed to deploy".into()).unwrap_err();
        assert_eq!(error.cause(), Cause::NotFound);
        assert_eq!(error.full_text(), "failed to deploy: no bento a:b. Push it.");
    }
}
