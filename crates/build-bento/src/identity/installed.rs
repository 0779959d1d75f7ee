//! Which BentoML and which Python would build, read from the files of the environment: a Python that is asked takes longer
//! than all else together.

use std::fs;
use std::path::{Path, PathBuf};

use actions_core::Env;
use actions_core::programs::{find_all_on_path, find_on_path};
use actions_core::text;
use python_env::variables::PYTHONPATH;
use python_env::{Distribution, Interpreter, Version};

/// What would build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) bentoml: Version,
    /// Major and minor version of Python, such as `3.11`: what a Bento says of its Python.
    pub(crate) python: String,
}

impl Installed {
    /// The first Python on PATH that has BentoML; `None` where there is none, or files do not say it.
    pub(crate) fn on_path(env: &Env) -> Option<Self> {
        let beside = find_on_path(env, "bentoml").map(|script| script.with_file_name("python"));
        let programs = find_all_on_path(env, &["python", "python3"]).into_iter().chain(beside);
        programs.filter_map(|program| Self::of(&program, env)).next()
    }

    /// The BentoML of this Python, by the name that it is started with.
    pub(crate) fn of(program: &Path, env: &Env) -> Option<Self> {
        let (root, python) = environment(program)?;
        let own = env.os(PYTHONPATH).map(|value| std::env::split_paths(value).collect::<Vec<_>>()).unwrap_or_default();
        let folders: Vec<PathBuf> = own.into_iter().chain(packages(&root, &python)).collect();
        let bentoml = Distribution::find("bentoml", &folders)?.version;
        Some(Self { bentoml, python })
    }

    /// The same of a Python that was asked.
    pub(crate) fn asked(python: &Interpreter) -> Option<Self> {
        let minor: Vec<_> = python.version.release().iter().take(2).map(ToString::to_string).collect();
        Some(Self { bentoml: python.distribution("bentoml")?.version, python: minor.join(".") })
    }
}

/// The root of a Python's environment, and its version.
fn environment(program: &Path) -> Option<(PathBuf, String)> {
    for folder in program.ancestors().skip(1).take(2) {
        if let Ok(settings) = text::read(&folder.join("pyvenv.cfg")) {
            let settings = settings.lines().filter_map(|line| line.split_once('='));
            let mut version = settings.filter(|(key, _)| matches!(key.trim(), "version" | "version_info"));
            return Some((folder.to_owned(), minor(version.next()?.1.trim())?));
        }
    }
    // Without an environment it is the installation that the program is linked to.
    let real = program.canonicalize().ok()?;
    let root = real.parent()?.parent()?.to_owned();
    let by_name = real.file_name()?.to_str()?.strip_prefix("python").and_then(minor);
    let libraries = || {
        let entries = fs::read_dir(root.join("lib")).ok()?.flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut versions: Vec<_> = names.filter_map(|name| minor(name.strip_prefix("python")?)).collect();
        versions.dedup();
        // Of several, nobody knows which.
        (versions.len() == 1).then(|| versions.remove(0))
    };
    let version = by_name.or_else(libraries)?;
    Some((root, version))
}

/// `3.11` of `3.11`, `3.11.2` and `3.11.2.final.0`.
fn minor(version: &str) -> Option<String> {
    let mut numbers = version.split('.');
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (major, minor) = (numbers.next().filter(is_number)?, numbers.next().filter(is_number)?);
    Some(format!("{major}.{minor}"))
}

/// The folders of packages of an environment, whatever the system.
fn packages(root: &Path, python: &str) -> [PathBuf; 5] {
    [
        root.join(format!("lib/python{python}/site-packages")),
        root.join(format!("lib64/python{python}/site-packages")),
        root.join(format!("local/lib/python{python}/dist-packages")),
        root.join("lib/python3/dist-packages"),
        root.join("Lib/site-packages"),
    ]
}
