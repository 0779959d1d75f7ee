//! What an action finds around it: the environment, the runner's files, folders, and the wish to cancel.

use std::path::{Path, PathBuf};

use super::Cancel;
use crate::env::{GITHUB_WORKSPACE, RUNNER_TEMP};
use crate::runner::{Event, Files};
use crate::{Context as _, Env, Result};

/// The surroundings of one run of an action.
#[derive(Debug, Clone)]
pub struct Context {
    /// The environment, read once.
    pub env: Env,
    /// The runner's command files.
    pub files: Files,
    /// What triggered the run.
    pub event: Event,
    /// Cancelled by SIGINT and SIGTERM.
    pub cancel: Cancel,
    workspace: PathBuf,
}

impl Context {
    /// The surroundings that the environment describes.
    pub fn new(env: Env, cancel: Cancel) -> Self {
        let current = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let workspace = env.path(GITHUB_WORKSPACE).unwrap_or_else(current);
        Self { files: Files::of(&env), event: Event::of(&env), cancel, workspace, env }
    }

    /// The folder that relative paths in inputs start from: the job's workspace, or the current folder.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The folder for temporary files, on a runner the job's own.
    pub fn temp_root(&self) -> PathBuf {
        self.env.path(RUNNER_TEMP).unwrap_or_else(std::env::temp_dir)
    }

    /// A new temporary folder, removed when dropped.
    pub fn temp_dir(&self, prefix: &str) -> Result<tempfile::TempDir> {
        let root = self.temp_root();
        tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(&root)
            .context(|| format!("failed to make a temporary folder in {}", root.display()))
    }
}
