//! The virtual environments with the real BentoML, which `cargo xtask tools` makes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables of a surrounding job or of the user's own settings; no test may depend on them.
const SCRUBBED: [&str; 7] = ["GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "BENTO", "HF_", "HUGGING"];

/// The environment with the newest BentoML: BENTO_TEST_VENV, else `target/tools/venv` of this checkout.
///
/// # Panics
/// BentoML is not in it.
pub fn venv() -> PathBuf {
    checked(newest())
}

/// The environment with this release of BentoML.
///
/// # Panics
/// BentoML is not in it.
pub fn venv_of(release: &str) -> PathBuf {
    checked(newest().with_file_name("bentomls").join(release))
}

fn newest() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/venv");
    std::env::var_os("BENTO_TEST_VENV").map_or(default, PathBuf::from)
}

fn checked(venv: PathBuf) -> PathBuf {
    assert!(
        venv.join("bin/bentoml").is_file(),
        "{} has no BentoML: run `cargo xtask tools` first, or set BENTO_TEST_VENV",
        venv.display()
    );
    venv
}

/// The interpreter of [`venv`], with a store and without the variables of a surrounding job.
///
/// # Panics
/// BentoML is not in it.
pub fn python_on(home: &Path) -> Command {
    let mut command = Command::new(venv().join("bin/python"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| SCRUBBED.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    // A wide terminal, or messages are broken into lines.
    command.env("BENTOML_HOME", home).env("BENTOML_DO_NOT_TRACK", "True").env("COLUMNS", "400");
    command
}

/// Runs a command, and returns what it printed.
///
/// # Panics
/// It cannot be started, or fails.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n");
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    assert!(output.status.success(), "{} failed:\n{text}", arguments.join(" "));
    text
}
