//! What a binary is made of: cargo-auditable writes the list of its crates into the binary itself, where scanners find
//! it, and auditable2cdx reads it from there as CycloneDX. So the list is that of this very binary.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{command, layout};

/// A crate with a program, and the version that is installed.
struct Tool(&'static str, &'static str);

const CARGO_AUDITABLE: Tool = Tool("cargo-auditable", "0.7.7");
const AUDITABLE2CDX: Tool = Tool("auditable2cdx", "0.1.0");

impl Tool {
    fn root(&self) -> PathBuf {
        layout::tools().join(format!("{}-{}", self.0, self.1))
    }

    fn program(&self) -> PathBuf {
        self.root().join("bin").join(format!("{}{}", self.0, std::env::consts::EXE_SUFFIX))
    }

    /// Compiles it without optimisation: it does next to nothing, and that way it is there in half the time.
    fn ensure(&self) -> Result<()> {
        let (name, version) = (self.0, self.1);
        if command::is_executable(&self.program()) {
            return Ok(());
        }
        println!("installing {name} …");
        command::run(
            command::cargo()
                .args(["install", "--quiet", "--locked", "--force", name, "--version", version, "--root"])
                .arg(self.root())
                .env("CARGO_TARGET_DIR", layout::target().join("tools-build"))
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
        )
        .with_context(|| format!("try `cargo install --locked {name} --version {version}` yourself"))
    }
}

/// The folder of `cargo-auditable`, which `cargo auditable` looks for on PATH.
///
/// # Errors
///
/// It cannot be compiled.
pub(super) fn ensure() -> Result<PathBuf> {
    CARGO_AUDITABLE.ensure()?;
    AUDITABLE2CDX.ensure()?;
    Ok(CARGO_AUDITABLE.root().join("bin"))
}

/// The bill of materials of this binary, CycloneDX in JSON.
///
/// # Errors
///
/// The binary was not built by `cargo auditable`.
pub(super) fn bill_of_materials(binary: &Path) -> Result<String> {
    command::capture(command::clean(AUDITABLE2CDX.program()).arg(binary))
        .with_context(|| format!("could not read the list of crates in {}", binary.display()))
}
