//! cargo-deny, which checks licenses, bans and sources of the dependencies.

use std::path::PathBuf;

use anyhow::Result;

use super::cargo_install::Package;
use crate::command;

const PACKAGE: Package = Package { name: "cargo-deny", version: "0.20.2" };

/// The executable.
pub(crate) fn program() -> PathBuf {
    on_path().unwrap_or_else(|| PACKAGE.program())
}

fn on_path() -> Option<PathBuf> {
    command::find_on_path(PACKAGE.name)
}

pub(super) fn wanted() -> String {
    PACKAGE.version.to_owned()
}

pub(super) fn in_place() -> bool {
    command::is_executable(&program())
}

pub(super) fn install() -> Result<()> {
    if on_path().is_some() { Ok(()) } else { PACKAGE.install() }
}
