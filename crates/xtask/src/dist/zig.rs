//! cargo-zigbuild and zig, which link a static binary for any linux: both come as wheels of the Python package index.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{command, layout};

const CARGO_ZIGBUILD: &str = "0.24.0";
const ZIG: &str = "0.15.2";

fn name() -> String {
    format!("zig-{ZIG}-cargo-zigbuild-{CARGO_ZIGBUILD}")
}

/// Named after the versions: one that stands there is the right one, whole.
fn folder() -> PathBuf {
    layout::tools().join(name())
}

/// Installs them where they are missing, and returns the folder of their programs.
///
/// # Errors
///
/// No Python, or no package index.
pub(super) fn ensure() -> Result<PathBuf> {
    let folder = folder();
    let programs = folder.join("bin");
    if folder.exists() {
        return Ok(programs);
    }
    println!("installing zig and cargo-zigbuild …");
    let half = layout::tools().join(format!("{}.new", name()));
    if half.exists() {
        std::fs::remove_dir_all(&half).with_context(|| format!("could not remove {}", half.display()))?;
    }
    let python = std::env::var_os("PYTHON").filter(|python| !python.is_empty()).unwrap_or_else(|| "python3".into());
    command::capture(command::clean(python).args(["-m", "venv"]).arg(&half))
        .context("zig comes as a Python wheel; install Python with venv, or name it in the variable PYTHON")?;
    let packages = [format!("cargo-zigbuild=={CARGO_ZIGBUILD}"), format!("ziglang=={ZIG}")];
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
    command::capture(command::clean(half.join("bin/python")).args(pip).args(packages))
        .context("pip needs a package index: see `python3 -m pip config list`")?;
    std::fs::rename(&half, &folder).with_context(|| format!("could not rename {}", half.display()))?;
    Ok(programs)
}
