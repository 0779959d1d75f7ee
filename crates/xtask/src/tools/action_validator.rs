//! action-validator, which checks workflows and action.yml against their JSON schemas.
//!
//! From cargo: the build that npm has is older and refuses `using: node24`.

use std::path::PathBuf;

use anyhow::Result;

use super::cargo_install::Package;
use crate::command;

const PACKAGE: Package = Package { name: "action-validator", version: "0.9.0" };

/// The executable. One on PATH may be of a version that knows other keys, so only the pinned one counts.
pub(crate) fn program() -> PathBuf {
    PACKAGE.program()
}

pub(super) fn wanted() -> String {
    PACKAGE.version.to_owned()
}

pub(super) fn in_place() -> bool {
    command::is_executable(&program())
}

pub(super) fn install() -> Result<()> {
    PACKAGE.install()
}
