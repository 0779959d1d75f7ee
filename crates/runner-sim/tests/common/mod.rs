//! Fixture actions, written into a temporary folder as plain node scripts.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use runner_sim::{Job, Step, StepResult, Timings};
use tempfile::TempDir;

/// Starts every fixture script.
const PRELUDE: &str = "const fs = require('fs'); const say = console.log;
const put = (file, text) => fs.appendFileSync(process.env[file], text);\n";

/// A folder with a workspace and actions.
pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("workspace")).expect("writable");
        Self { folder }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace").canonicalize().expect("it exists")
    }

    /// An action with this metadata and these scripts.
    pub(crate) fn action(&self, name: &str, yaml: &str, scripts: &[(&str, &str)]) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("writable");
        std::fs::write(folder.join("action.yml"), yaml).expect("writable");
        for (file, text) in scripts {
            std::fs::write(folder.join(file), format!("{PRELUDE}{text}\n")).expect("writable");
        }
        folder
    }

    /// An action of one script and no inputs.
    pub(crate) fn script(&self, main: &str) -> PathBuf {
        self.action("script", "name: x\nruns: {using: node24, main: main.js}\n", &[("main.js", main)])
    }

    pub(crate) fn job(&self) -> Job {
        Job::new(self.workspace()).expect("a job")
    }

    /// Runs one script in a job of its own.
    pub(crate) async fn run(&self, main: &str) -> StepResult {
        self.job().step(Step::action(self.script(main))).await.expect("it runs")
    }
}

/// Waiting times for tests in a hurry; long enough for a shell to run its trap on a busy machine.
pub(crate) const QUICK: Timings = Timings {
    interrupt: Duration::from_millis(400),
    terminate: Duration::from_millis(500),
    lingering: Duration::from_millis(200),
};

/// The lines after the folded head.
pub(crate) fn body(result: &StepResult) -> Vec<&str> {
    let head = result.log.iter().position(|line| line == "##[endgroup]").map_or(0, |at| at + 1);
    result.log[head..].iter().map(String::as_str).collect()
}

/// Whether a process is there, and no zombie.
pub(crate) fn alive(pid: &str) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}
