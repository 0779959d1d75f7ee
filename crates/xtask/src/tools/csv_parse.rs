//! `csv-parse`, by which Docker's actions read their lists: the judge of lists in containerize-push.

use std::path::PathBuf;

use anyhow::Result;

use super::npm;
use crate::layout;

const PACKAGE: &str = "csv-parse@5.6.0";

fn folder() -> PathBuf {
    layout::tools().join("csv-parse")
}

pub(super) fn wanted() -> String {
    PACKAGE.to_owned()
}

pub(super) fn in_place() -> bool {
    folder().join("node_modules").join("csv-parse").join("package.json").is_file()
}

pub(super) fn install() -> Result<()> {
    npm::install(PACKAGE, &folder())
}
