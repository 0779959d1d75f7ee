//! The places where Pythons are found: PATH, the runner's tool cache, pyenv, uv.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use actions_core::Env;
use actions_core::env;
use actions_core::programs::{find_all_on_path, folders, is_program, tool_caches};
use pep440_rs::Version;

use super::{Architecture, Wanted};
use crate::variables;

/// Where a Python was found; reads as in "Python 3.11.7 on PATH".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On PATH.
    Path,
    /// In the tool cache of the runner, where setup-python puts its own.
    ToolCache,
    /// Among the versions of pyenv.
    Pyenv,
    /// Among those that uv has installed.
    Uv,
    /// Installed by uv just now.
    Installed,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "on PATH",
            Self::ToolCache => "in the tool cache",
            Self::Pyenv => "with pyenv",
            Self::Uv => "with uv",
            Self::Installed => "with uv, installed just now",
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

impl Candidate {
    /// Can it fit, as far as is known before it is asked?
    pub(super) fn fits(&self, wanted: &Wanted) -> bool {
        match &self.says {
            Says::Nothing => true,
            Says::Minor(minor) => wanted.fits_minor(*minor),
            Says::Version(version) => wanted.fits(version),
        }
    }
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

/// All candidates: as on PATH without a version in the name, then with one, and the versions of the tool cache, pyenv and
/// uv, the newest first.
pub(super) fn all(env: &Env, architecture: Option<Architecture>) -> Vec<Candidate> {
    let unnamed = find_all_on_path(env, &["python", "python3"]);
    let unnamed = unnamed.into_iter().map(|program| Candidate { program, place: Place::Path, says: Says::Nothing });
    unnamed
        .chain(named_on_path(env))
        .chain(in_tool_cache(env, architecture))
        .chain(of_pyenv(env))
        .chain(of_uv(env, Place::Uv))
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
fn in_tool_cache(env: &Env, architecture: Option<Architecture>) -> Vec<Candidate> {
    let Some(architecture) = architecture.or_else(Architecture::of_this_machine) else { return Vec::new() };
    let complete = format!("{architecture}.complete");
    let roots = tool_caches(env).into_iter().map(|root| root.join("Python"));
    let folders = roots.flat_map(|root| folders_of(&root, |name| name.parse().ok()));
    let folders = folders.filter(|(_, folder)| folder.join(&complete).is_file());
    newest_first(folders.map(|(version, folder)| (version, folder.join(architecture.name()))), Place::ToolCache)
}

/// `versions/<version>` of pyenv's root.
fn of_pyenv(env: &Env) -> Vec<Candidate> {
    let root = env.path(variables::PYENV_ROOT).or_else(|| home(env).map(|home| home.join(".pyenv")));
    let folders = root.map(|root| folders_of(&root.join("versions"), |name| name.parse().ok()));
    newest_first(folders.into_iter().flatten(), Place::Pyenv)
}

/// `cpython-<version>-<system>-<processor>-<C library>` where uv installs Pythons. Source: uv's documentation, "Storage".
pub(super) fn of_uv(env: &Env, place: Place) -> Vec<Candidate> {
    // Names without the last number are links to the newest; `+freethreaded` and such are builds of another kind, which
    // nobody asks for with a version alone.
    let version = |name: &str| -> Option<Version> {
        let version = name.strip_prefix("cpython-")?.split('-').next()?;
        (version.split('.').count() == 3 && !version.contains('+')).then(|| version.parse().ok())?
    };
    let folders = uv_folder(env).map(|root| folders_of(&root, version));
    newest_first(folders.into_iter().flatten(), place)
}

fn uv_folder(env: &Env) -> Option<PathBuf> {
    let data = || {
        if cfg!(windows) {
            return env.path(env::APPDATA).map(|data| data.join("uv").join("data"));
        }
        let data = env.path(env::XDG_DATA_HOME).or_else(|| home(env).map(|home| home.join(".local").join("share")));
        data.map(|data| data.join("uv"))
    };
    env.path(variables::UV_PYTHON_INSTALL_DIR).or_else(|| data().map(|data| data.join("python")))
}

fn home(env: &Env) -> Option<PathBuf> {
    env.path(env::HOME).or_else(|| env.path(env::USERPROFILE))
}

/// The folders in `root` whose names tell a version.
fn folders_of(root: &Path, version: impl Fn(&str) -> Option<Version>) -> Vec<(Version, PathBuf)> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((version(entry.file_name().to_str()?)?, entry.path()))).collect()
}

/// The Pythons in the roots of these installations.
fn newest_first(roots: impl Iterator<Item = (Version, PathBuf)>, place: Place) -> Vec<Candidate> {
    let python = if cfg!(windows) { "python.exe" } else { "bin/python" };
    let mut versions: Vec<_> = roots.collect();
    versions.sort_by(|(one, _), (other, _)| other.cmp(one));
    let candidates = versions.into_iter().map(|(version, root)| Candidate {
        program: root.join(python),
        place,
        says: Says::Version(version),
    });
    candidates.filter(|candidate| is_program(&candidate.program)).collect()
}
