//! A project in a workspace of its own, and the action run on it.

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use testkit::venv;

use runner_sim::{Job, Step, StepResult};

use crate::IS_ACTION;

/// A service that needs nothing but BentoML.
pub(crate) const SERVICE: &str = "\
import bentoml


@bentoml.service
class Echo:
    @bentoml.api
    def echo(self, text: str) -> str:
        return text
";

/// Locking requirements takes seconds and asks the package index.
pub(crate) const BENTOFILE: &str = "service: service:Echo\npython:\n  lock_packages: false\n";

/// A workspace with a store beside it.
pub(crate) struct Project {
    root: tempfile::TempDir,
    with: Vec<(String, String)>,
    env: Vec<(String, String)>,
    secrets: Vec<String>,
}

impl Project {
    /// An empty workspace.
    pub(crate) fn empty() -> Self {
        // BentoML refuses files below folders with a dot in front.
        let root = tempfile::Builder::new().prefix("build-bento-test-").tempdir().unwrap();
        std::fs::create_dir(root.path().join("workspace")).unwrap();
        Self { root, with: Vec::new(), env: Vec::new(), secrets: Vec::new() }
    }

    /// The service above, with its bentofile.yaml.
    pub(crate) fn echo() -> Self {
        Self::empty().file("service.py", SERVICE).file("bentofile.yaml", BENTOFILE)
    }

    /// The project of [`Project::echo`] with another service.py.
    pub(crate) fn service(text: &str) -> Self {
        Self::echo().file("service.py", text)
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let file = self.workspace().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        self
    }

    pub(crate) fn with(mut self, input: &str, value: &str) -> Self {
        self.with.push((input.into(), value.into()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn secret(mut self, value: &str) -> Self {
        self.secrets.push(value.into());
        self
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.root.path().join("workspace")
    }

    /// BENTOML_HOME.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Everything below a folder of the store, sorted; empty where it does not exist.
    pub(crate) fn stored(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.home().join(folder)).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn build(&self) -> StepResult {
        self.step(|step| step)
    }

    /// Builds, and cancels the job when the log has this text.
    pub(crate) fn build_and_cancel_at(&self, text: &str) -> StepResult {
        self.step(|step| step.cancel_when_log_has(text))
    }

    fn step(&self, change: impl FnOnce(Step) -> Step) -> StepResult {
        let program = std::env::current_exe().unwrap();
        let arguments = ["--exact", "action_process", "--nocapture"].map(Into::into);
        let mut step = Step::run([program.into_os_string()].into_iter().chain(arguments)).env(IS_ACTION, "true");
        for (input, value) in &self.with {
            step = step.env(format!("INPUT_{}", input.to_uppercase()), value);
        }
        let path = format!("{}:/usr/bin:/bin", venv().join("bin").display());
        let mut job = Job::new(self.workspace())
            .unwrap()
            .env("PATH", path)
            .env("BENTOML_HOME", self.home().display().to_string())
            .env("BENTOML_DO_NOT_TRACK", "true");
        for (name, value) in &self.env {
            job = job.env(name, value);
        }
        for secret in &self.secrets {
            job = job.secret(secret);
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let deadline = Duration::from_secs(120);
        let mut result = runtime.block_on(async {
            tokio::time::timeout(deadline, job.step(change(step))).await.expect("the step ends").unwrap()
        });
        // The runner adds it to failed `run:` steps, which this one stands in as; actions have none.
        result.annotations.retain(|annotation| !annotation.message.starts_with("Process completed with exit code"));
        // What the runner and the test harness print before the action starts is not the action's.
        let start = result.log.iter().position(|line| line == "running 1 test").expect("the action starts");
        result.log.drain(..=start);
        result
    }
}
