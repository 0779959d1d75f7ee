//! `@actions/cache`, the client of the Actions cache that actions use: the judge of the cache service in runner-sim.

use std::path::PathBuf;

use anyhow::Result;

use super::npm;
use crate::layout;

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

pub(super) fn install() -> Result<()> {
    npm::install(PACKAGE, &folder())
}
