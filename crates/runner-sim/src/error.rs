//! Why the simulator could not run a step at all. A step that ran and failed is not an error: see [`crate::StepResult`].

use std::path::PathBuf;

/// The simulator could not do its own part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder holds neither `action.yml` nor `action.yaml`.
    #[error("no action.yml or action.yaml in {0}: name the folder of an action")]
    NoManifest(PathBuf),
    /// The action's metadata file breaks the schema.
    #[error("{path}: {reason}")]
    Manifest {
        /// The metadata file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `${{ … }}` that cannot be evaluated.
    #[error("cannot evaluate `{text}`: {reason}")]
    Expression {
        /// The expression, without the braces.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The command line of [`crate::Step::run`] is empty.
    #[error("Step::run needs a program to run, got an empty command line")]
    EmptyCommand,
    /// No Node that can run `node24` actions.
    #[error("{0}")]
    Node(String),
    /// A file or process of the simulator itself.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was attempted, on what.
        doing: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    /// For `map_err`: an I/O error with what was attempted.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing: doing.into(), source }
    }
}
