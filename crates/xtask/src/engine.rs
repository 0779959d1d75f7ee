//! The container engine of the tests: the one that answers, else one of `scripts/docker-engine`, stopped afterwards.

use std::ffi::OsString;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::{command, layout, tools};

const SCRIPT: &str = "scripts/docker-engine";
const REGISTRY: &str = "127.0.0.1:5000";
/// What the script may set for those who use its engine.
const VARIABLES: [&str; 4] = ["PATH", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT"];

/// An engine with buildx, and a registry; what was started for it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Engine {
    environment: Vec<(String, OsString)>,
    /// Did it run before? Then it goes on running.
    before: bool,
}

impl Engine {
    /// Uses the engine that answers, or brings one up.
    ///
    /// # Errors
    ///
    /// None answers and none can be brought up: the script has said what to start.
    pub(crate) fn up() -> Result<Self> {
        let script = layout::root().join(SCRIPT);
        let kept = layout::root().join("target/docker-engine");
        let before = ["dockerd.pid", "registry.pid"].iter().any(|file| kept.join(file).exists());
        let shell =
            format!("eval \"$('{}' up '{}')\" && env -0", script.display(), tools::venv().join("bin/python").display());
        let output = command::clean("bash")
            .args(["-c", &shell])
            .stderr(Stdio::inherit())
            .output()
            .context("could not start bash for the engine")?;
        if !output.status.success() {
            bail!("{SCRIPT} could not bring up an engine");
        }
        let text = String::from_utf8(output.stdout).context("the environment of the engine is not valid Unicode")?;
        let mut environment: Vec<(String, OsString)> = text
            .split('\0')
            .filter_map(|variable| variable.split_once('='))
            .filter(|(name, _)| VARIABLES.contains(name))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        environment.push(("BENTO_TEST_REGISTRY".to_owned(), REGISTRY.into()));
        Ok(Self { environment, before })
    }

    /// What the tests are told of it.
    pub(crate) fn environment(&self) -> &[(String, OsString)] {
        &self.environment
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.before {
            return;
        }
        // It stops, by pid, only what it started.
        let stopped = command::run(command::clean(layout::root().join(SCRIPT)).arg("down"));
        if let Err(error) = stopped {
            println!("{error:#}: stop the engine with `{SCRIPT} down`");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Runs this with the script's functions at hand, its files in `$dir`.
    fn with_functions(shell: &str) -> Result<String> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let script = layout::root().join(SCRIPT);
        let shell = format!("source '{}'\ndir='{}'\n{shell}", script.display(), folder.path().display());
        command::capture(command::clean("bash").args(["-c", &shell]))
    }

    /// A busy machine may take its time between fork and exec.
    #[test]
    fn a_daemon_is_known_as_ours_as_soon_as_it_is_started() {
        let runs = r#"
            touch "$dir/file"
            run() {
                start stub tail -f "$dir/file"
                ours stub || { echo "run $1: $(command_line "$(cat "$dir/stub.pid")")"; exit 1; }
                await stub true
                kill -9 "$(cat "$dir/stub.pid")"
            }
            for i in {1..20}; do run "$i"; done
            setsid() { sleep 0.1; exec setsid "$@"; }
            for i in {21..25}; do run "$i"; done
        "#;
        with_functions(runs).expect("each is known");
    }

    #[test]
    fn a_daemon_that_ends_at_once_is_reported_with_its_log() {
        let start = std::time::Instant::now();
        let shell = r#"start stub sh -c "echo no room in $dir/; exit 3"; await stub false"#;
        let error = with_functions(shell).expect_err("it ended").to_string();
        assert!(error.contains("stub did not come up") && error.contains("no room"), "{error}");
        assert!(start.elapsed().as_secs() < 15, "{:?}", start.elapsed());
    }

    #[test]
    fn a_process_of_others_is_not_ours() {
        let shell = r#"
            refuse() { if ours "$1"; then echo "$1 is taken for ours"; exit 1; fi; }
            sleep 30 & echo $! >"$dir/stub.pid"
            refuse stub
            kill $!
            wait || true
            refuse stub
            refuse none
        "#;
        with_functions(shell).expect("none of them is");
    }
}
