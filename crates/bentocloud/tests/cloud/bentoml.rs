//! The real `bentoml`, which judges what this client does.

use std::path::Path;
use std::process::Command;

pub(crate) use testkit::{python_on, succeed};

/// `bentoml` on a store.
pub(crate) fn bentoml_on(home: &Path) -> Command {
    let mut command = python_on(home);
    command.args(["-m", "bentoml"]);
    command
}
