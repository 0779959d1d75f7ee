//! Packages of npm, each in a folder of its own.

use std::path::Path;

use anyhow::{Context, Result};

use super::node;
use crate::{command, layout};

/// With the npm beside Node, where its wheel was unpacked, else with the machine's.
pub(super) fn install(package: &str, folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    // Without a manifest npm would install into the next folder above that has one.
    let manifest = folder.join("package.json");
    std::fs::write(&manifest, "{\"private\": true}\n")
        .with_context(|| format!("could not write {}", manifest.display()))?;
    let own = layout::tools().join("node").join("lib").join("node_modules").join("npm").join("bin").join("npm-cli.js");
    let mut npm = if own.is_file() {
        let mut npm = command::clean(node());
        npm.arg(own);
        npm
    } else {
        command::clean(command::find_on_path("npm").context("there is no npm on PATH; it comes with Node")?)
    };
    let options = ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", package];
    command::capture(npm.current_dir(folder).args(options)).context("npm needs a registry: see `npm config list`")?;
    Ok(())
}
