//! Where things stand in the checkout.

use std::path::PathBuf;

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.ancestors().nth(2).expect("crates/xtask stands two folders below the root").to_owned()
}

/// Cargo's target folder: `CARGO_TARGET_DIR` when set, else `target`.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// What `cargo xtask tools` fetches: `venv`, `node/bin/node`, `actions-cache`, `csv-parse` and `bin/cargo-deny` stand here.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// The binaries of the `dev` profile.
pub(crate) fn debug_binaries() -> PathBuf {
    target().join("debug")
}

/// This machine's binary as it ships.
pub(crate) fn dist_binaries() -> PathBuf {
    target().join("dist")
}

/// The binaries as they ship, a folder per platform.
pub(crate) fn platform_binaries() -> PathBuf {
    target().join("platforms")
}

/// What a release tag holds.
pub(crate) fn release_tree() -> PathBuf {
    target().join("release-tree")
}

/// The binaries of the `release` profile.
pub(crate) fn release_binaries() -> PathBuf {
    target().join("release")
}
