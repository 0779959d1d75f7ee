//! An interpreter and what it says about itself.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::process::Command;
use actions_core::programs::{find_all_on_path, find_on_path, is_program};
use actions_core::{Env, Error, Result};
use pep440_rs::Version;
use serde::Deserialize;

use super::distribution::Distribution;

/// An interpreter that takes longer to say its version hangs (a start-up file that waits for input, a dead file server).
const DEADLINE: Duration = Duration::from_secs(20);

/// Works from Python 2.7 on. `sys.path` is cleared of the current folder first: a project may hold a `json.py`.
const QUESTION: &str = "\
import sys
sys.path = [folder for folder in sys.path if folder]
import json, sysconfig
level, serial = sys.version_info[3:]
print(json.dumps({
    'executable': sys.executable,
    'version': '%d.%d.%d' % sys.version_info[:3]
        + ('' if level == 'final' else {'alpha': 'a', 'beta': 'b'}.get(level, 'rc') + str(serial)),
    'prefix': sys.prefix,
    'base_prefix': getattr(sys, 'base_prefix', sys.prefix),
    'base_executable': getattr(sys, '_base_executable', None),
    'platform': sysconfig.get_platform(),
    'scripts': sysconfig.get_path('scripts'),
    'path': sys.path,
}))
";

/// A Python that runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Interpreter {
    /// The program itself, behind any shim.
    pub executable: PathBuf,
    /// Its version; `3.14.0rc2` before a release.
    pub version: Version,
    /// The root of the environment.
    pub prefix: PathBuf,
    /// The root of the installation that the environment was made from; the same as `prefix` outside environments.
    pub base_prefix: PathBuf,
    /// The program of that installation, where it is known.
    #[serde(default)]
    pub base_executable: Option<PathBuf>,
    /// What it is built for: `linux-x86_64`, `macosx-11.0-arm64`, `win-amd64`…
    pub platform: String,
    /// The folder that console scripts are installed to.
    pub scripts: PathBuf,
    /// Where it looks for modules.
    pub path: Vec<PathBuf>,
}

impl Interpreter {
    /// Asks a Python about itself.
    ///
    /// # Errors
    /// When it does not run, fails, is silent for too long or answers something else; and on cancellation.
    pub async fn query(program: &Path, ctx: &Context) -> Result<Self> {
        let asking = Command::new(program).inherit(&ctx.env).args(["-c", QUESTION]);
        let asked = asking.output(&ctx.cancel);
        let answer = tokio::time::timeout(DEADLINE, asked).await.map_err(|_| {
            Error::failure(format!("{} did not answer within {} s", program.display(), DEADLINE.as_secs()))
        })??;
        // Start-up files of the environment may print something first.
        let last = answer.trim_end().lines().next_back().unwrap_or_default();
        serde_json::from_str(last).map_err(|error| {
            Error::failure(format!("{} does not answer as Python", program.display())).caused_by(error)
        })
    }

    /// The same after its environment, which must be relocatable, was renamed.
    #[must_use]
    pub fn moved(mut self, from: &Path, to: &Path) -> Self {
        let own = [&mut self.executable, &mut self.prefix, &mut self.scripts];
        for path in own.into_iter().chain(&mut self.path) {
            if let Ok(inside) = path.strip_prefix(from) {
                *path = if inside.as_os_str().is_empty() { to.to_owned() } else { to.join(inside) };
            }
        }
        self
    }

    /// Is it in a virtual environment?
    pub fn is_virtual(&self) -> bool {
        self.prefix != self.base_prefix
    }

    /// The program of this name that runs under this Python: among its scripts, else on PATH, where an installation for one user alone
    /// has its scripts.
    pub fn command(&self, name: &str, env: &Env) -> Option<PathBuf> {
        let own = self.scripts.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if is_program(&own) {
            return Some(own);
        }
        // A link into another environment has another folder: Python finds its environment by the name it is started with.
        let real = |file: &Path| Some((file.parent()?.canonicalize().ok()?, file.canonicalize().ok()?));
        let this = real(&self.executable)?;
        let is_ours = |script: &PathBuf| {
            interpreter_of_script(script).is_some_and(|python| real(&python).as_ref() == Some(&this))
        };
        find_all_on_path(env, &[name]).into_iter().find(is_ours)
    }

    /// The installed distribution of this name.
    pub fn distribution(&self, name: &str) -> Option<Distribution> {
        Distribution::find(name, &self.path)
    }
}

/// The interpreter of the job that has BentoML.
///
/// The first of all `python` and `python3` on PATH that has it, else the one that a `bentoml` on PATH runs under.
///
/// # Errors
/// On cancellation only: a Python that does not run is passed over.
pub async fn find_with_bentoml(ctx: &Context) -> Result<Option<Interpreter>> {
    find_with("bentoml", ctx).await
}

/// The interpreter of the job that has this distribution, with a console script of the same name.
///
/// # Errors
/// On cancellation only.
pub async fn find_with(distribution: &str, ctx: &Context) -> Result<Option<Interpreter>> {
    let mut programs = find_all_on_path(&ctx.env, &["python", "python3"]);
    programs.extend(find_on_path(&ctx.env, distribution).and_then(|script| interpreter_of_script(&script)));
    let mut asked = Vec::new();
    for program in programs {
        // `python3` is most often another name of the `python` beside it. A link into another environment is not: Python
        // finds its environment by the name it is started with.
        let real = (program.parent().map(Path::to_owned), program.canonicalize().ok());
        if asked.contains(&real) {
            continue;
        }
        asked.push(real);
        match Interpreter::query(&program, ctx).await {
            Ok(python) if python.distribution(distribution).is_some() => return Ok(Some(python)),
            Ok(_) => {}
            Err(_) if ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
            Err(error) => tracing::debug!("passed over: {}", error.full_text()),
        }
    }
    Ok(None)
}

/// What is read of a script for its first line, bytes: no system takes a longer path.
const FIRST_LINE: u64 = 8 * 1024;

/// The interpreter that a console script runs under: the one its first line names, else the one beside it (scripts of
/// relocatable environments start with a shell).
fn interpreter_of_script(script: &Path) -> Option<PathBuf> {
    let script = script.canonicalize().ok()?;
    let mut bytes = Vec::new();
    fs::File::open(&script).ok()?.take(FIRST_LINE).read_to_end(&mut bytes).ok()?;
    let line = bytes.split(|&byte| byte == b'\n').next()?;
    let named = line.strip_prefix(b"#!").map(|rest| PathBuf::from(String::from_utf8_lossy(rest).trim()));
    let is_python = |file: &Path| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
    let beside = ["python", "python3"].map(|name| script.with_file_name(name));
    named.filter(|file| is_python(file)).into_iter().chain(beside).find(|file| is_program(file))
}
