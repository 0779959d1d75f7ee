//! The places where Pythons are found: PATH, the runner's tool cache, pyenv.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use pep440_rs::Version;

use super::Architecture;
use super::path::{find_all_on_path, folders, is_program};
use crate::Env;
use crate::env::RUNNER_TOOL_CACHE;

/// Where a Python was found; reads as in "Python 3.11.7 on PATH".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On PATH.
    Path,
    /// In the tool cache of the runner, where setup-python puts its own.
    ToolCache,
    /// Among the versions of pyenv.
    Pyenv,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "on PATH",
            Self::ToolCache => "in the tool cache",
            Self::Pyenv => "with pyenv",
        })
    }
}

/// A program that may be a Python that fits.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) program: PathBuf,
    pub(super) place: Place,
    /// What its name or folder says of its version.
    pub(super) says: Says,
}

/// What is known of a version before the program is asked.
#[derive(Debug, Clone)]
pub(super) enum Says {
    /// Nothing.
    Nothing,
    /// `3.<minor>`.
    Minor(u64),
    /// All of it.
    Version(Version),
}

/// All candidates: as on PATH without a version in the name, then with one, and the versions of the tool cache and pyenv,
/// the newest first.
pub(super) fn all(env: &Env, architecture: Option<Architecture>) -> Vec<Candidate> {
    let unnamed = find_all_on_path(env, &["python", "python3"]);
    let unnamed = unnamed.into_iter().map(|program| Candidate { program, place: Place::Path, says: Says::Nothing });
    let pyenv = pyenv_root(env).map(|root| root.join("versions"));
    unnamed
        .chain(named_on_path(env))
        .chain(tool_cache(env, architecture))
        .chain(pyenv.into_iter().flat_map(|versions| newest_first(&versions, Place::Pyenv, |folder| folder)))
        .collect()
}

/// `python3.12`, `python3.11`… on PATH, the newest of each folder first.
fn named_on_path(env: &Env) -> Vec<Candidate> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for folder in folders(env).filter(|folder| folder.canonicalize().is_ok_and(|real| seen.insert(real))) {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut minors: Vec<_> = entries
            .filter_map(|entry| Some((minor_in_name(&entry.file_name().to_string_lossy())?, entry.path())))
            .filter(|(_, program)| is_program(program))
            .collect();
        minors.sort_by_key(|(minor, _)| std::cmp::Reverse(*minor));
        found.extend(minors.into_iter().map(|(minor, program)| Candidate {
            program,
            place: Place::Path,
            says: Says::Minor(minor),
        }));
    }
    found
}

fn minor_in_name(name: &str) -> Option<u64> {
    name.strip_suffix(std::env::consts::EXE_SUFFIX)?.strip_prefix("python3.")?.parse().ok()
}

/// `Python/<version>/<architecture>`, complete where `<architecture>.complete` is beside it. Source: actions/toolkit,
/// `packages/tool-cache`.
fn tool_cache(env: &Env, architecture: Option<Architecture>) -> Vec<Candidate> {
    let root = env.path(RUNNER_TOOL_CACHE).map(|root| root.join("Python"));
    let Some((root, architecture)) = root.zip(architecture.or_else(Architecture::of_this_machine)) else {
        return Vec::new();
    };
    let complete = format!("{architecture}.complete");
    let mut found = newest_first(&root, Place::ToolCache, |folder| folder.join(architecture.name()));
    found.retain(|candidate| candidate.program.ancestors().any(|folder| folder.join(&complete).is_file()));
    found
}

/// The versions that are folders of `root`, with the Python that `inside` such a folder is.
fn newest_first(root: &Path, place: Place, inside: impl Fn(PathBuf) -> PathBuf) -> Vec<Candidate> {
    let mut versions: Vec<(Version, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort_by(|(one, _), (other, _)| other.cmp(one));
    let python = if cfg!(windows) { "python.exe" } else { "bin/python" };
    let candidates = versions.into_iter().map(|(version, folder)| Candidate {
        program: inside(folder).join(python),
        place,
        says: Says::Version(version),
    });
    candidates.filter(|candidate| is_program(&candidate.program)).collect()
}

fn pyenv_root(env: &Env) -> Option<PathBuf> {
    let home = || env.path("HOME").or_else(|| env.path("USERPROFILE"));
    env.path("PYENV_ROOT").or_else(|| home().map(|home| home.join(".pyenv")))
}
