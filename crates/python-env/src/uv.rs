//! The `uv` program: found on PATH, in the tool cache, else fetched as its wheel with pip.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actions_core::action::Context;
use actions_core::env;
use actions_core::process::{Command, Ended};
use actions_core::programs::{find_on_path, tool_cache};
use actions_core::{Context as _, Env, Error, Result};
use pep440_rs::Version;
use tempfile::TempDir;

use super::Interpreter;
use super::wheel::Wheel;
use crate::variables;

/// The version that is fetched.
pub const PINNED: &str = "0.13.9";
/// The oldest that is used. It knows UV_DEFAULT_INDEX and UV_INDEX (0.4.23), and leaves the credentials of an address out of the
/// `direct_url.json` that it writes (0.7.3).
pub const OLDEST: [u64; 3] = [0, 7, 3];

/// Answering is a matter of milliseconds, making an empty environment of seconds; a file server that is gone may hold both for
/// ever.
const DEADLINE: Duration = Duration::from_secs(120);
const HINT: &str = "Install uv before this step (astral-sh/setup-uv), or use a Python that has pip.";

/// A uv that runs.
#[derive(Debug, Clone)]
pub struct Uv {
    /// The program.
    pub program: PathBuf,
    /// Its version.
    pub version: Version,
    /// The folder that is gone with the last of the clones, where the program is in no lasting place.
    _holder: Option<Arc<TempDir>>,
}

impl Uv {
    /// The uv on PATH, if it is not too old ([`OLDEST`]), else the pinned one in the tool cache of the runner; `None` where neither is usable.
    ///
    /// # Errors
    /// On cancellation only.
    pub async fn find(ctx: &Context) -> Result<Option<Self>> {
        Self::find_version(None, ctx).await
    }

    /// The same, of exactly this version where one is given.
    ///
    /// # Errors
    /// On cancellation only.
    pub async fn find_version(wanted: Option<&Version>, ctx: &Context) -> Result<Option<Self>> {
        let fits = |version: &Version| match wanted {
            Some(wanted) => version == wanted,
            None => *version >= Version::new(OLDEST),
        };
        let name = wanted.map_or_else(|| PINNED.to_owned(), Version::to_string);
        let cached = in_tool_cache(&name, &ctx.env).filter(|folder| folder.with_extension(COMPLETE).is_file());
        let cached = cached.map(|folder| folder.join(program_name()));
        for program in find_on_path(&ctx.env, "uv").into_iter().chain(cached) {
            match Self::of(program, ctx).await {
                Ok(uv) if fits(&uv.version) => return Ok(Some(uv)),
                Ok(uv) => {
                    let why = if wanted.is_some() { "another one is asked for" } else { "it is too old" };
                    tracing::info!("uv {} ({}) is not used: {why}", uv.version, uv.program.display());
                }
                Err(_) if ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
                Err(error) => tracing::debug!("passed over: {}", error.full_text()),
            }
        }
        Ok(None)
    }

    /// Fetches the wheel of a version, such as [`PINNED`], with the pip of this Python, which takes it from the index that
    /// the user has set up and checks the hash that the index publishes, and unpacks the program, checked against the hash
    /// in the wheel.
    ///
    /// # Errors
    /// When there is no pip, the wheel cannot be had in time, or its program is not what it should be.
    pub async fn fetch(version: &str, python: &Interpreter, deadline: Duration, ctx: &Context) -> Result<Self> {
        let work = ctx.temp_dir(".uv-")?;
        let with_pip = with_pip(python, work.path(), ctx).await?;
        let wheels = work.path().join("wheels");
        let requirement = format!("uv=={version}");
        Command::new(&with_pip)
            .inherit(&ctx.env)
            .args(["-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"])
            .args(["--no-deps", "--only-binary=:all:", "--dest"])
            .arg(&wheels)
            .arg(&requirement)
            .deadline(deadline)
            .output(&ctx.cancel)
            .await
            .map_err(|error| if ctx.cancel.is_cancelled() { error } else { error.hint(HINT) })
            .context(|| format!("failed to fetch {requirement} with pip"))?;
        let program = unpack(version, &wheels, work.path())?;
        match keep(version, &program, &ctx.env) {
            Some(kept) => Self::of(kept, ctx).await,
            None => Ok(Self { _holder: Some(Arc::new(work)), ..Self::of(program, ctx).await? }),
        }
    }

    /// This program.
    ///
    /// # Errors
    /// When it does not run or does not answer as uv; on cancellation.
    pub async fn of(program: PathBuf, ctx: &Context) -> Result<Self> {
        let asking = Command::new(&program).inherit(&ctx.env).arg("--version").deadline(DEADLINE);
        let answer = asking.output(&ctx.cancel).await?;
        let version = answer.split_whitespace().nth(1).and_then(|word| word.parse().ok());
        let version = version.ok_or_else(|| Error::failure(format!("{} does not answer as uv", program.display())))?;
        Ok(Self { program, version, _holder: None })
    }

    /// Runs uv with these arguments and shows what it prints. It uses the Pythons that are there.
    ///
    /// # Errors
    /// When it cannot be started or misses the deadline; on cancellation.
    pub async fn stream<A: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        deadline: Duration,
        ctx: &Context,
    ) -> Result<Ended> {
        let command = self.command(ctx).env(variables::UV_PYTHON_DOWNLOADS, "never").args(arguments);
        command.deadline(deadline).stream(&ctx.cancel).await
    }

    /// uv in the workspace, with the job's settings.
    pub fn command(&self, ctx: &Context) -> Command {
        // In the workspace, uv takes the indexes and constraints that its project sets.
        let folder = if ctx.workspace().is_dir() { ctx.workspace().to_owned() } else { ctx.temp_root() };
        let command =
            Command::new(&self.program).inherit(&ctx.env).current_dir(folder).env(variables::UV_NO_PROGRESS, "1");
        // By default uv gives the files of its cache second names: who writes into a file of an environment would change it for
        // every later one. Copies share their blocks where the file system can.
        let command = command.env(variables::UV_LINK_MODE, "copy");
        pip_settings(&ctx.env).into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }
}

/// uv does not read pip's settings. Who has set an index for pip means it for packages in general, unless uv has its own.
fn pip_settings(env: &Env) -> Vec<(&'static str, &str)> {
    let uv_has = |names: &[&str]| names.iter().any(|name| env.get(name).is_some());
    let index =
        env.get(variables::PIP_INDEX_URL).filter(|_| !uv_has(&[variables::UV_DEFAULT_INDEX, variables::UV_INDEX_URL]));
    let extra = env
        .get(variables::PIP_EXTRA_INDEX_URL)
        .filter(|_| !uv_has(&[variables::UV_INDEX, variables::UV_EXTRA_INDEX_URL]));
    let certificates = env.get(variables::PIP_CERT).filter(|_| !uv_has(&[env::SSL_CERT_FILE]));
    [(variables::UV_DEFAULT_INDEX, index), (variables::UV_EXTRA_INDEX_URL, extra), (env::SSL_CERT_FILE, certificates)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// The interpreter itself where it has pip, else that of a throw-away environment that `ensurepip` fills.
async fn with_pip(python: &Interpreter, work: &Path, ctx: &Context) -> Result<PathBuf> {
    if python.distribution("pip").is_some() {
        return Ok(python.executable.clone());
    }
    let folder = work.join("pip");
    let made = Command::new(&python.executable).inherit(&ctx.env).args(["-m", "venv"]).arg(&folder);
    match made.deadline(DEADLINE).output(&ctx.cancel).await {
        Ok(_) => Ok(super::venv::python_in(&folder)),
        Err(error) if ctx.cancel.is_cancelled() => Err(error),
        Err(error) => Err(Error::failure(format!(
            "uv is not on PATH, and {} has no pip to fetch it with",
            python.executable.display()
        ))
        .caused_by(error)
        .hint(HINT)),
    }
}

fn unpack(version: &str, wheels: &Path, into: &Path) -> Result<PathBuf> {
    let doing = || format!("failed to unpack uv {version}");
    let mut entries = std::fs::read_dir(wheels).context(doing)?.flatten().map(|entry| entry.path());
    let wheel = entries.find(|file| file.extension().is_some_and(|extension| extension == "whl"));
    let wheel = wheel.ok_or_else(|| Error::failure(format!("pip fetched no wheel of uv {version}")).hint(HINT))?;
    let program = into.join(program_name());
    // What was asked for as 0.9 names itself 0.9.0.
    let end = format!(".data/scripts/{}", program_name());
    Wheel::open(&wheel).and_then(|mut wheel| wheel.unpack_program(&end, &program)).context(doing)?;
    Ok(program)
}

/// Beside `<architecture>` lies `<architecture>.complete`, as actions/toolkit's tool cache has it.
const COMPLETE: &str = "complete";

fn in_tool_cache(version: &str, env: &Env) -> Option<PathBuf> {
    let root = tool_cache(env)?;
    Some(root.join("uv").join(version).join(super::Architecture::of_this_machine()?.name()))
}

/// Moves the program to the tool cache of a machine that has one and lets us write there.
fn keep(version: &str, program: &Path, env: &Env) -> Option<PathBuf> {
    let folder = in_tool_cache(version, env)?;
    let kept = folder.join(program_name());
    let write = || {
        std::fs::create_dir_all(&folder)?;
        // Another job may start the old one this moment: renaming leaves it whole.
        let fresh = folder.join(format!(".{}-{}", program_name(), uuid::Uuid::new_v4()));
        let written = std::fs::copy(program, &fresh).and_then(|_| std::fs::rename(&fresh, &kept));
        if written.is_err() {
            let _ = std::fs::remove_file(&fresh);
        }
        written.and_then(|()| std::fs::write(folder.with_extension(COMPLETE), ""))
    };
    match write() {
        Ok(()) => Some(kept),
        Err(error) => {
            tracing::debug!("uv is not kept in {}: {error}", folder.display());
            None
        }
    }
}

fn program_name() -> String {
    format!("uv{}", std::env::consts::EXE_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_index_is_uvs_unless_uv_has_its_own() {
        let env: Env =
            [("PIP_INDEX_URL", "https://a"), ("PIP_CERT", "/c"), ("SSL_CERT_FILE", "/s")].into_iter().collect();
        assert_eq!(pip_settings(&env), [("UV_DEFAULT_INDEX", "https://a")]);
        let env: Env = [("PIP_INDEX_URL", "https://a"), ("UV_INDEX_URL", "https://b")].into_iter().collect();
        assert!(pip_settings(&env).is_empty());
    }
}
