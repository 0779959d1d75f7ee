//! Virtual environments: made under a temporary name, at their own name only when complete.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::process::describe;
use actions_core::{Context as _, Error, Result};
use tempfile::TempDir;

use super::{Interpreter, Uv};

/// Making an empty environment is a matter of milliseconds; a file server that is gone may hold it for ever.
const DEADLINE: Duration = Duration::from_secs(120);

/// A virtual environment in the making. Dropped, it is gone.
#[derive(Debug)]
pub struct Draft {
    folder: TempDir,
    root: PathBuf,
}

impl Draft {
    /// Makes an empty environment of this Python in the folder for temporary files. It is relocatable: its scripts find
    /// their Python beside them, so it can be renamed once it is complete.
    ///
    /// # Errors
    /// When the folder cannot be written or uv fails; on cancellation.
    pub async fn make(python: &Interpreter, uv: &Uv, ctx: &Context) -> Result<Self> {
        let draft = Self::new(ctx)?;
        let inside = draft.folder();
        let arguments: [&std::ffi::OsStr; 7] = [
            "venv".as_ref(),
            "--quiet".as_ref(),
            "--relocatable".as_ref(),
            "--no-project".as_ref(),
            "--python".as_ref(),
            python.executable.as_os_str(),
            inside.as_os_str(),
        ];
        let ended = uv.stream(arguments, DEADLINE, ctx).await?;
        if ended.status.success() {
            return Ok(draft);
        }
        Err(Error::failure(format!(
            "failed to make a virtual environment of {}: uv ended with {}: {}",
            python.executable.display(),
            describe(ended.status),
            ended.tail.join("\n")
        )))
    }

    /// A place for an environment that comes from elsewhere; its folder is not there yet.
    ///
    /// # Errors
    /// When the folder for temporary files cannot be written.
    pub fn new(ctx: &Context) -> Result<Self> {
        let folder = ctx.temp_dir(".venv-").map_err(|error| {
            error.hint("RUNNER_TEMP (on a command line TMPDIR) must name a folder that can be written.")
        })?;
        Ok(Self { folder, root: ctx.temp_root() })
    }

    /// The same with an empty folder.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn empty(ctx: &Context) -> Result<Self> {
        let draft = Self::new(ctx)?;
        let inside = draft.folder();
        fs::create_dir(&inside).context(|| format!("failed to make {}", inside.display()))?;
        Ok(draft)
    }

    /// Makes the environment's Python the one that this Python was made from, where the environment has none of its own.
    ///
    /// # Errors
    /// When the link cannot be made.
    pub fn link_python(&self, python: &Interpreter) -> Result<()> {
        let (link, target) = (self.python(), python.base_executable.as_ref().unwrap_or(&python.executable));
        if link.symlink_metadata().is_ok() {
            return Ok(());
        }
        #[cfg(unix)]
        let linked = std::os::unix::fs::symlink(target, &link);
        #[cfg(not(unix))]
        let linked = fs::copy(target, &link).map(|_| ());
        linked.context(|| format!("failed to link {} to {}", link.display(), target.display()))
    }

    /// The environment's folder for now.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("venv")
    }

    /// The environment's Python for now.
    pub fn python(&self) -> PathBuf {
        python_in(&self.folder())
    }

    /// Gives the complete environment its own name in the folder for temporary files; where that is taken, a number more.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn finish(self, name: &str) -> Result<PathBuf> {
        const TRIES: u32 = 100;
        let names = (1..=TRIES).map(|n| if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        let free = names.map(|name| self.root.join(name)).find(|folder| fs::symlink_metadata(folder).is_err());
        let doing = || format!("failed to move the virtual environment to {}", self.root.join(name).display());
        let folder = free.ok_or_else(|| Error::failure("all names are taken")).context(doing)?;
        fs::rename(self.folder(), &folder).context(doing)?;
        Ok(folder)
    }
}

/// The Python of the environment in this folder.
pub fn python_in(folder: &Path) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") }
}
