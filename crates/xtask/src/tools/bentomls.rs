//! Older BentoMLs, each in an environment of its own: their Bentos are made images of and compared.

use std::path::PathBuf;
use std::process::Child;

use anyhow::{Context, Result, bail};

use super::venv;
use crate::{command, layout};

/// The last of each line, and the day after which nothing is taken: what they depend on has moved on since, and they did
/// not say how far they go along.
const VERSIONS: [(&str, &str); 3] = [("1.1.11", "2024-03-01"), ("1.2.20", "2024-08-15"), ("1.3.22", "2025-02-15")];

/// The folder with an environment per version.
fn folder() -> PathBuf {
    layout::tools().join("bentomls")
}

fn program(version: &str, name: &str) -> PathBuf {
    let scripts = if cfg!(windows) { "Scripts" } else { "bin" };
    folder().join(version).join(scripts).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

pub(super) fn wanted() -> String {
    format!("{VERSIONS:?} beside {}", venv::wanted())
}

pub(super) fn in_place() -> bool {
    VERSIONS.iter().all(|(version, _)| command::is_executable(&program(version, "python")))
}

/// All at once, with the uv beside the newest one: each waits for the network most of the time.
pub(super) fn install() -> Result<()> {
    let folder = folder();
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    let installing: Vec<_> = VERSIONS.iter().map(|(version, day)| start(version, day)).collect::<Result<_>>()?;
    for ((version, _), child) in VERSIONS.iter().zip(installing) {
        let output =
            child.wait_with_output().with_context(|| format!("could not wait for uv with bentoml {version}"))?;
        if !output.status.success() {
            let printed = String::from_utf8_lossy(&output.stderr);
            bail!("bentoml {version}: {}\nuv needs a package index: see UV_DEFAULT_INDEX", printed.trim_end());
        }
        // What was installed has to start.
        command::capture(command::clean(program(version, "bentoml")).arg("--version"))?;
    }
    Ok(())
}

fn start(version: &str, day: &str) -> Result<Child> {
    let uv = || command::clean(venv::folder().join("bin").join("uv"));
    let environment = folder().join(version);
    command::capture(uv().args(["venv", "--quiet", "--python"]).arg(venv::python()).arg(&environment))?;
    let mut install = uv();
    install.args(["pip", "install", "--quiet", "--exclude-newer", day, "--python"]).arg(program(version, "python"));
    install.arg(format!("bentoml=={version}")).stderr(std::process::Stdio::piped());
    // They import `pkg_resources`, which setuptools 81 no longer has.
    install.arg("setuptools<81").spawn().with_context(|| format!("could not start uv with bentoml {version}"))
}
