//! What a program that an action starts can see of the action itself.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Root sees everything, so the test is somebody else.
const NOBODY: u32 = 65534;

/// Stands in for a Python, and looks around: whatever is asked of it, it writes down its own and its parent's variables.
const CURIOUS: &str = r#"#!/bin/sh
folder=$(dirname "$0")
env >"$folder/own"
cat "/proc/$PPID/environ" >"$folder/parent" 2>&1
tr '\0' '\n' <"/proc/$$/environ" >"$folder/control" 2>&1
exit 1
"#;

#[test]
fn a_child_sees_no_token_and_no_command_file_neither_in_its_environment_nor_in_proc() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
    for name in ["python3", "python"] {
        let program = folder.path().join(name);
        fs::write(&program, CURIOUS).expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    let mut action = Command::new(env!("CARGO_BIN_EXE_bento-actions"));
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    action.args(["setup", "--dry-run"]).current_dir(folder.path()).env_clear();
    action.env("PATH", path).env("RUNNER_TEMP", folder.path()).env("HOME", folder.path());
    action.env("UV_PYTHON_DOWNLOADS", "never").env("MARK", "kept");
    let secrets = ["INPUT_PASSWORD", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "STATE_folder"];
    let files = ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"];
    for name in secrets {
        action.env(name, "kept-back");
    }
    for name in files {
        action.env(name, folder.path().join("kept-back"));
    }
    if fs::metadata("/proc/self").expect("proc").uid() == 0 {
        action.uid(NOBODY).gid(NOBODY);
    }
    let ended = action.output().expect("it starts");
    let read = |name: &str| match fs::read(folder.path().join(name)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => panic!("no program looked around ({name}: {error}): {ended:?}"),
    };
    let (own, parent, control) = (read("own"), read("parent"), read("control"));
    assert!(own.contains("MARK=kept") && control.contains("MARK=kept"), "the child looked around: {own} {ended:?}");
    assert!(!own.contains("kept-back"), "{own}");
    assert!(parent.contains("Permission denied"), "{parent}");
}
