//! What a program that an action starts can see of the action itself.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Root sees everything, so the test is somebody else.
const NOBODY: u32 = 65534;

/// Stands in for a Python, and looks around: whatever is asked of it, it writes down its own variables and those of
/// each process above it.
const CURIOUS: &str = r#"#!/bin/sh
folder=$(dirname "$0")
env >"$folder/own"
cat "/proc/$PPID/environ" >"$folder/parent" 2>&1
: >"$folder/above"
above=$PPID
while [ "$above" -gt 1 ]; do
  tr '\0' '\n' <"/proc/$above/environ" >>"$folder/above" 2>&1
  above=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$above/status")
done
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
    let binary = Path::new(env!("CARGO_BIN_EXE_bento-actions"));
    let mut direct = Command::new(binary);
    direct.env_clear().args(["setup", "--dry-run"]);
    look_around(folder.path(), direct);

    // As the runner starts it, which leaves node with what the runner gave to it, or not.
    let actions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions");
    for script in ["launcher/launch.js", "setup/main.js"] {
        let file = folder.path().join(script);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::copy(actions.join(script), file).expect("the script");
    }
    let mut launched = Command::new(runner_sim::node::find().expect("a node"));
    launched.env_clear().arg(folder.path().join("setup/main.js")).env("INPUT_DRY-RUN", "true");
    launched.env("BENTO_ACTIONS_BIN", binary.parent().expect("a folder"));
    look_around(folder.path(), launched);
}

/// Runs the action with secrets in its environment, and checks what its child has seen of them.
fn look_around(folder: &Path, mut action: Command) {
    let path = format!("{}:/usr/bin:/bin", folder.display());
    action.current_dir(folder);
    action.env("PATH", path).env("RUNNER_TEMP", folder).env("HOME", folder);
    action.env("UV_PYTHON_DOWNLOADS", "never").env("MARK", "kept");
    let secrets = ["INPUT_PASSWORD", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "STATE_folder"];
    let files = ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"];
    for name in secrets {
        action.env(name, "kept-back");
    }
    for name in files {
        action.env(name, folder.join("kept-back"));
    }
    if fs::metadata("/proc/self").expect("proc").uid() == 0 {
        action.uid(NOBODY).gid(NOBODY);
    }
    let ended = action.output().expect("it starts");
    let read = |name: &str| match fs::read(folder.join(name)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => panic!("no program looked around ({name}: {error}): {ended:?}"),
    };
    let (own, parent, control) = (read("own"), read("parent"), read("control"));
    assert!(own.contains("MARK=kept") && control.contains("MARK=kept"), "the child looked around: {own} {ended:?}");
    assert!(!own.contains("kept-back"), "{own}");
    assert!(parent.contains("Permission denied"), "{parent}");
    assert!(!read("above").contains("kept-back"), "a process above keeps the secrets");
    for name in ["own", "parent", "above", "control"] {
        fs::remove_file(folder.join(name)).expect("removed");
    }
}
