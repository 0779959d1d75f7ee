//! The interpreter that has the real packages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables of a surrounding job or of the user's own settings; no test may depend on them.
const SCRUBBED: [&str; 7] = ["GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "BENTO", "HF_", "HUGGING"];

/// The interpreter, with a folder as its home.
pub(crate) fn python(home: &Path) -> Command {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/venv");
    let venv = std::env::var_os("BENTO_TEST_VENV").map_or(default, PathBuf::from);
    let python = venv.join("bin/python");
    assert!(python.exists(), "run `cargo xtask tools` first: no Python in {}", venv.display());
    let mut command = Command::new(python);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| SCRUBBED.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    // A wide terminal, or messages are broken into lines.
    command.env("BENTOML_HOME", home).env("BENTOML_DO_NOT_TRACK", "True").env("COLUMNS", "400");
    command
}

/// Runs a command, which must succeed, and returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("python starts");
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n");
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    assert!(output.status.success(), "{} failed:\n{text}", arguments.join(" "));
    text
}
