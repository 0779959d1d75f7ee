//! Programs that cargo compiles.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{command, layout};

/// A package whose binary has its name.
pub(super) struct Package {
    pub name: &'static str,
    pub version: &'static str,
}

impl Package {
    /// Where [`Package::install`] puts the executable.
    pub(super) fn program(&self) -> PathBuf {
        layout::tools().join("bin").join(format!("{}{}", self.name, std::env::consts::EXE_SUFFIX))
    }

    /// Compiles it without optimisation, in under a minute on two cores instead of several: it reads a few small files.
    pub(super) fn install(&self) -> Result<()> {
        let build = layout::target().join("tools-build");
        command::run(
            command::cargo()
                .args(["install", "--quiet", "--locked", "--force", self.name, "--version", self.version, "--root"])
                .arg(layout::tools())
                .env("CARGO_TARGET_DIR", &build)
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "0"),
        )
        .with_context(|| format!("try `cargo install --locked {} --version {}` yourself", self.name, self.version))?;
        std::fs::remove_dir_all(&build).with_context(|| format!("could not remove {}", build.display()))
    }
}
