//! cargo-fuzz, which builds and runs libFuzzer's targets. It is fetched when it is first asked for: no test needs it.

use std::path::PathBuf;

use anyhow::Result;

use super::cargo_install::Package;
use crate::command;

const PACKAGE: Package = Package { name: "cargo-fuzz", version: "0.13.2" };

/// The executable: the one on PATH, else compiled into `target/tools`.
///
/// # Errors
///
/// It does not compile, or the package registry cannot be reached.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(program) = command::find_on_path(PACKAGE.name) {
        return Ok(program);
    }
    if !command::is_executable(&PACKAGE.program()) {
        println!("installing {} {} …", PACKAGE.name, PACKAGE.version);
        PACKAGE.install()?;
    }
    Ok(PACKAGE.program())
}
