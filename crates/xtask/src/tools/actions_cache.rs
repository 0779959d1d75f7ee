//! `@actions/cache`, the client of the Actions cache that actions use: the judge of the cache service in runner-sim.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::node;
use crate::{command, layout};

const PACKAGE: &str = "@actions/cache@4.1.0";

fn folder() -> PathBuf {
    layout::tools().join("actions-cache")
}

pub(super) fn wanted() -> String {
    PACKAGE.to_owned()
}

pub(super) fn in_place() -> bool {
    folder().join("node_modules").join("@actions").join("cache").join("package.json").is_file()
}

/// With the npm beside Node, where its wheel was unpacked, else with the machine's.
pub(super) fn install() -> Result<()> {
    let folder = folder();
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
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
    let options = ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE];
    command::capture(npm.current_dir(&folder).args(options)).context("npm needs a registry: see `npm config list`")?;
    Ok(())
}
