//! cargo-deny, which checks licenses, bans and sources of the dependencies.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{command, layout};

const VERSION: &str = "0.20.2";

/// The executable.
pub(crate) fn program() -> PathBuf {
    match on_path() {
        Some(path) => path,
        None => installed(),
    }
}

fn on_path() -> Option<PathBuf> {
    command::find_on_path("cargo-deny")
}

fn installed() -> PathBuf {
    layout::tools().join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX))
}

pub(super) fn wanted() -> String {
    VERSION.to_owned()
}

pub(super) fn in_place() -> bool {
    command::is_executable(&program())
}

/// Compiles it without optimisation, in under a minute on two cores instead of several: it reads a few hundred manifests.
pub(super) fn install() -> Result<()> {
    if on_path().is_some() {
        return Ok(());
    }
    let build = layout::target().join("tools-build");
    command::run(
        command::cargo()
            .args(["install", "--quiet", "--locked", "--force", "cargo-deny", "--version", VERSION, "--root"])
            .arg(layout::tools())
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    )
    .with_context(|| format!("try `cargo install --locked cargo-deny --version {VERSION}` yourself"))?;
    std::fs::remove_dir_all(&build).with_context(|| format!("could not remove {}", build.display()))
}
