//! git, in a repository that is named each time.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command;

/// `git` in the folder, without what a surrounding git has set (a hook, say).
pub(super) fn git(folder: &Path) -> Command {
    let mut git = command::clean("git");
    git.current_dir(folder).env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
    git
}

/// What this git command prints, without the line's end.
///
/// # Errors
///
/// What git printed.
pub(super) fn ask(folder: &Path, arguments: &[&str]) -> Result<String> {
    Ok(command::capture(git(folder).args(arguments))?.trim_end().to_owned())
}
