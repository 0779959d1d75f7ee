//! A step of a job: an action with its inputs, or a plain command.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A step to be run by [`crate::Job::step`].
#[derive(Debug, Clone)]
pub struct Step {
    pub(crate) name: String,
    pub(crate) what: What,
    pub(crate) with: Vec<(String, String)>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cancel: CancelWhen,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Action(PathBuf),
    Command(Vec<OsString>),
}

/// When a step is cancelled by itself, for tests.
#[derive(Debug, Clone, Default)]
pub(crate) struct CancelWhen {
    pub(crate) after: Option<Duration>,
    pub(crate) log_has: Option<String>,
}

impl Step {
    /// `uses:` with a folder that holds an `action.yml`.
    pub fn action(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref().to_owned();
        Self::new(folder.display().to_string(), What::Action(folder))
    }

    /// `run:` without a shell: a program and its arguments. It gets the command files, but no inputs and no runtime token.
    pub fn run<A: Into<OsString>>(argv: impl IntoIterator<Item = A>) -> Self {
        let argv: Vec<OsString> = argv.into_iter().map(Into::into).collect();
        let name = argv.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ");
        Self::new(name, What::Command(argv))
    }

    fn new(name: String, what: What) -> Self {
        Self { name, what, with: Vec::new(), env: Vec::new(), cancel: CancelWhen::default() }
    }

    /// `name:`, shown in results.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A value of `with:`, as it is after the workflow's own expressions were evaluated.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with.push((name.into(), value.into()));
        self
    }

    /// A value of the step's `env:`.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Cancels the job this long after the step's start.
    #[must_use]
    pub const fn cancel_after(mut self, delay: Duration) -> Self {
        self.cancel.after = Some(delay);
        self
    }

    /// Cancels the job as soon as a line of the masked log of the step contains `text`.
    #[must_use]
    pub fn cancel_when_log_has(mut self, text: impl Into<String>) -> Self {
        self.cancel.log_has = Some(text.into());
        self
    }
}
