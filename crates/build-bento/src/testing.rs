//! What unit tests share.

use std::path::{Path, PathBuf};

/// The environment with BentoML that `cargo xtask tools` makes.
pub(crate) fn venv() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = std::env::var_os("BENTO_TEST_VENV").map_or_else(|| here.join("../../target/tools/venv"), PathBuf::from);
    assert!(venv.join("bin/python").exists(), "run `cargo xtask tools` first: no Python in {}", venv.display());
    venv
}
