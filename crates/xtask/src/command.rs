//! Child processes, started in the checkout with an environment that does not depend on where this runs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::layout;

/// Variables with these prefixes change what an action or BentoML does. Inside a job of GitHub Actions they are set for
/// the job, not for the actions under test.
const SCRUBBED_PREFIXES: [&str; 6] = ["GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "BENTO", "YATAI"];

/// What `cargo run` tells us about our own package. Build scripts that watch these (ring's does) would run again each
/// time somebody changes between `cargo xtask` and plain `cargo`.
const OWN_PACKAGE_PREFIXES: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// Cargo, as called by the person who called us.
pub(crate) fn cargo() -> Command {
    clean(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A command in the root of the checkout, without the variables that would steer an action or BentoML.
pub(crate) fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(layout::root()).stdin(Stdio::null());
    remove_prefixed(&mut command, &SCRUBBED_PREFIXES);
    remove_prefixed(&mut command, &OWN_PACKAGE_PREFIXES);
    command
}

fn remove_prefixed(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| has_prefix(name, prefixes)) {
        command.env_remove(name);
    }
}

fn has_prefix(name: &OsStr, prefixes: &[&str]) -> bool {
    name.to_str().is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
}

/// Runs the command with its output on ours.
///
/// # Errors
///
/// The command line and its exit status, or why it did not start.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs the command silently and returns its standard output.
///
/// # Errors
///
/// The command line, its exit status and everything it printed, or why it did not start.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("could not start `{}`", line(command)))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}\n{}\n{}", line(command), output.status, stdout.trim_end(), stderr.trim_end());
    }
    Ok(stdout)
}

/// The executable `name` in a folder of `PATH`.
pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&file)).find(|path| is_executable(path))
}

/// Whether `path`, with links followed, is a file that this user may run.
pub(crate) fn is_executable(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    let runs = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = true;
    metadata.is_file() && runs
}

/// The command line, for messages.
pub(crate) fn line(command: &Command) -> String {
    let words: Vec<OsString> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_owned).collect();
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_surrounding_job_are_scrubbed() {
        for name in ["GITHUB_TOKEN", "RUNNER_OS", "ACTIONS_RUNTIME_TOKEN", "INPUT_NAME", "BENTOML_HOME"] {
            assert!(has_prefix(OsStr::new(name), &SCRUBBED_PREFIXES), "{name} reaches the tests");
        }
        for name in ["PATH", "HOME", "CARGO_HOME", "HTTPS_PROXY", "PIP_INDEX_URL"] {
            assert!(!has_prefix(OsStr::new(name), &SCRUBBED_PREFIXES), "{name} is needed");
        }
    }

    #[test]
    fn a_failing_command_is_named_with_what_it_printed() {
        let error = capture(clean("sh").args(["-c", "echo seen; echo why >&2; exit 3"])).expect_err("it exits with 3");
        let text = error.to_string();
        assert!(text.contains("sh -c") && text.contains("seen") && text.contains("why"), "{text}");
    }

    #[test]
    fn a_file_without_the_executable_bit_is_no_program() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("node");
        std::fs::write(&path, "").expect("write");
        assert!(!is_executable(&path));
        assert!(!is_executable(folder.path()), "a folder is not a program");
    }
}
