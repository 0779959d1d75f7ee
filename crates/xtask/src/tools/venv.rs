//! The virtual environment with the real BentoML, uv and client of the Hugging Face hub.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{command, layout};

/// Pinned: the wire transcripts and the identity tests are about this version.
const BENTOML: &str = "bentoml==1.4.39";
const UV: &str = "uv==0.13.9";
/// The client of the Hugging Face hub: BentoML imports it where a service has such models, and does not bring it.
const HUB: &str = "huggingface_hub==2.4.0";
/// BentoML 1.4 needs it.
const OLDEST_PYTHON: (u32, u32) = (3, 9);

/// The environment's folder.
pub(crate) fn folder() -> PathBuf {
    layout::tools().join("venv")
}

/// The environment's interpreter.
pub(super) fn python() -> PathBuf {
    if cfg!(windows) { folder().join("Scripts/python.exe") } else { folder().join("bin/python") }
}

pub(super) fn wanted() -> String {
    format!("{BENTOML} {UV} {HUB} by {}", std::env::var("PYTHON").unwrap_or_else(|_| "python3".into()))
}

pub(super) fn in_place() -> bool {
    // Follows the link to the machine's interpreter: gone when that was removed.
    command::is_executable(&python())
}

/// Builds it where it stays, because its scripts carry its path; the missing stamp marks it as unfinished until then.
pub(super) fn install() -> Result<()> {
    create(&folder())?;
    command::capture(command::clean(python()).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        BENTOML,
        UV,
        HUB,
    ]))
    .context("pip needs a package index: see `python3 -m pip config list`")?;
    Ok(())
}

/// An empty environment of the machine's Python, in place of what stands there.
pub(super) fn create(folder: &Path) -> Result<()> {
    let base = machine_python()?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    command::capture(command::clean(&base).args(["-m", "venv"]).arg(folder)).with_context(|| {
        format!("{} cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv", base.display())
    })?;
    Ok(())
}

/// The interpreter named by `PYTHON`, else `python3` on `PATH`.
fn machine_python() -> Result<PathBuf> {
    let how = "install Python 3.9 or newer, or name its executable in the variable PYTHON";
    let path = match std::env::var_os("PYTHON").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => match command::find_on_path("python3").or_else(|| command::find_on_path("python")) {
            Some(path) => path,
            None => bail!("no python3 on PATH; {how}"),
        },
    };
    let version =
        command::capture(command::clean(&path).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]))
            .with_context(|| format!("{} does not run; {how}", path.display()))?;
    match parse_version(&version) {
        Some(version) if version >= OLDEST_PYTHON => Ok(path),
        _ => bail!("{} is Python {}; {how}", path.display(), version.trim()),
    }
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse_version("3.10\n").expect("a version") > OLDEST_PYTHON);
        assert!(parse_version("3.8\n").expect("a version") < OLDEST_PYTHON);
        assert_eq!(parse_version("Python"), None);
    }
}
