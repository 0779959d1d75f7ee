//! What an action finds around it: the environment, the runner's files, folders, and the wish to cancel.

use std::path::{Path, PathBuf};

use super::Cancel;
use crate::env::{GITHUB_WORKSPACE, RUNNER_TEMP};
use crate::runner::{Event, Files};
use crate::{Env, Result, files};

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

    /// A new temporary folder of this user's alone, removed when dropped.
    pub fn temp_dir(&self, prefix: &str) -> Result<tempfile::TempDir> {
        files::temp_dir(prefix, &self.temp_root())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_workspace_that_is_not_utf_8_is_the_workspace() {
        let odd = OsStr::from_bytes(b"/work/caf\xe9");
        let env: Env = [(OsString::from(GITHUB_WORKSPACE), odd)].into_iter().collect();
        assert_eq!(Context::new(env, Cancel::default()).workspace(), Path::new(odd));
    }
}
