//! Programs on the PATH of the job, and the folder of tools that outlive it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::Env;
use crate::env;
use crate::env::RUNNER_TOOL_CACHE;

/// The folder of tools that outlive a job: RUNNER_TOOL_CACHE, else under its older name.
pub fn tool_cache(env: &Env) -> Option<PathBuf> {
    env.path(RUNNER_TOOL_CACHE).or_else(|| env.path(env::AGENT_TOOLSDIRECTORY))
}

/// Both, where they differ: setup-python puts its Pythons under the older name where that is set.
pub fn tool_caches(env: &Env) -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        [env::AGENT_TOOLSDIRECTORY, RUNNER_TOOL_CACHE].into_iter().filter_map(|name| env.path(name)).collect();
    folders.dedup();
    folders
}

/// The first program of this name on PATH.
pub fn find_on_path(env: &Env, name: &str) -> Option<PathBuf> {
    on_path(env, name).next()
}

/// Every program with one of these names on PATH: folder by folder, in each in the order of the names.
///
/// A folder that is another one under a second name (`/bin` and `/usr/bin`) counts once.
pub fn find_all_on_path(env: &Env, names: &[&str]) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let folders = folders(env).filter(|folder| folder.canonicalize().is_ok_and(|real| seen.insert(real)));
    folders.flat_map(|folder| names.iter().filter_map(move |name| program(&folder, name))).collect()
}

fn on_path(env: &Env, name: &str) -> impl Iterator<Item = PathBuf> {
    folders(env).filter_map(move |folder| program(&folder, name))
}

/// The folders on PATH. An empty entry would mean the current folder, where no program is looked for.
pub fn folders(env: &Env) -> impl Iterator<Item = PathBuf> {
    let folders: Vec<_> = std::env::split_paths(env.os(env::PATH).unwrap_or_default()).collect();
    folders.into_iter().filter(|folder| folder.is_absolute())
}

fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let file = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    is_program(&file).then_some(file)
}

/// Is it a file that may be run?
pub fn is_program(file: &Path) -> bool {
    let Ok(metadata) = file.metadata() else { return false };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    metadata.is_file() && may_run
}
