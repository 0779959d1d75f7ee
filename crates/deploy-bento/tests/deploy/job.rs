//! One run of the action in a job of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use runner_sim::{Annotation, Job, Level, Step, StepResult};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::bento::{copy, store, venv};
use crate::cloud::{Cloud, TOKEN};

/// In the environment of every process of a job, and nowhere else.
const MARK: &str = "DEPLOY_BENTO_TEST_MARK";
/// A run that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// A workspace with a store beside it, and the inputs.
pub(crate) struct Run {
    root: TempDir,
    with: Vec<(String, String)>,
    env: Vec<(String, String)>,
}

impl Run {
    /// A run against this cloud with a token that it takes, in an empty workspace and with an empty store.
    pub(crate) fn on(cloud: &Cloud) -> Self {
        Self::at(&cloud.endpoint())
    }

    /// The same for any endpoint.
    pub(crate) fn at(endpoint: &str) -> Self {
        // BentoML builds nothing below folders with a dot in front.
        let root = tempfile::Builder::new().prefix("deploy-bento-test-").tempdir().unwrap();
        std::fs::create_dir(root.path().join("workspace")).unwrap();
        let path = format!("{}:/usr/bin:/bin", venv().join("bin").display());
        let run = Self { root, with: Vec::new(), env: Vec::new() };
        let mark = run.mark();
        run.env("PATH", &path)
            .env(MARK, &mark)
            .env("BENTOML_DO_NOT_TRACK", "true")
            .with("cloud_endpoint", endpoint)
            .with("cloud_api_token", TOKEN)
    }

    /// With `build: false` and this Bento in the store.
    pub(crate) async fn with_bento(self, tag: &str) -> Self {
        copy(store().await, &self.home());
        self.with("build", "false").with("bento_tag", tag)
    }

    pub(crate) fn with(mut self, input: &str, value: &str) -> Self {
        self.with.retain(|(known, _)| known != input);
        self.with.push((input.into(), value.into()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let file = self.workspace().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        self
    }

    /// Puts a folder's content into the workspace.
    pub(crate) fn project(self, folder: &Path) -> Self {
        copy(folder, &self.workspace());
        self
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.root.path().join("workspace")
    }

    /// BENTOML_HOME.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Runs the action.
    pub(crate) async fn go(&self) -> StepResult {
        self.step(self.job()).await
    }

    /// Runs the action, and lets something happen as soon as its log has this text.
    pub(crate) async fn meanwhile(&self, text: &'static str, event: impl Future<Output = ()>) -> StepResult {
        let (job, seen) = watched(self.job(), text);
        let happening = async {
            seen.notified().await;
            event.await;
        };
        let (result, ()) = tokio::join!(self.step(job), happening);
        result
    }

    /// Runs the action, and cancels the job as soon as its log has this text. Also how long the step took to end then.
    pub(crate) async fn cancelled_at(&self, text: &'static str) -> (StepResult, Duration) {
        let (job, seen) = watched(self.job(), text);
        self.cancelled(job, async move { seen.notified().await }).await
    }

    /// The same when the future ends.
    pub(crate) async fn cancelled_after(&self, moment: impl Future<Output = ()>) -> (StepResult, Duration) {
        self.cancelled(self.job(), moment).await
    }

    async fn cancelled(&self, job: Job, moment: impl Future<Output = ()>) -> (StepResult, Duration) {
        let canceller = job.canceller();
        let cancelling = async {
            moment.await;
            canceller.cancel();
            Instant::now()
        };
        let step = async { (self.step(job).await, Instant::now()) };
        let ((result, end), start) = tokio::join!(step, cancelling);
        (result, end - start)
    }

    fn job(&self) -> Job {
        let home = self.home().display().to_string();
        let mut job =
            Job::new(self.workspace()).unwrap().env("BENTO_ACTIONS_BIN", binaries()).env("BENTOML_HOME", home);
        for (name, value) in &self.env {
            job = job.env(name, value);
        }
        job
    }

    async fn step(&self, mut job: Job) -> StepResult {
        let mut step = Step::action(workspace_root().join("actions/deploy-bento"));
        for (input, value) in &self.with {
            step = step.with(input, value);
        }
        let mut result = tokio::time::timeout(DEADLINE, job.step(step)).await.expect("the step ends").unwrap();
        assert!(!result.killed, "{}", result.log_text());
        self.assert_no_process_is_left();
        // The runner itself shows the inputs first. The token is not registered as a secret: masking it is up to the action.
        let head = result.log.iter().position(|line| line == "##[endgroup]").unwrap();
        result.log.drain(..=head);
        let told = [result.log_text(), format!("{:?} {:?} {:?}", result.annotations, result.summary, result.outputs)];
        assert!(!told.concat().contains(TOKEN), "the token is shown: {}", told.concat());
        result
    }

    /// Fails where something that the job started still runs.
    fn assert_no_process_is_left(&self) {
        let mark = format!("{MARK}={}", self.mark());
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
                let line = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
                panic!("still running: {}", line.replace('\0', " "));
            }
        }
    }

    fn mark(&self) -> String {
        self.root.path().display().to_string()
    }
}

/// A job, and who is told when its log has this text.
fn watched(job: Job, text: &'static str) -> (Job, Arc<Notify>) {
    let seen = Arc::new(Notify::new());
    let told = Arc::clone(&seen);
    let job = job.on_log(move |line| {
        if line.contains(text) {
            told.notify_one();
        }
    });
    (job, seen)
}

/// The step ended well.
pub(crate) fn succeeded(result: &StepResult) {
    assert!(result.succeeded(), "{}", result.log_text());
    assert_eq!(result.errors(), [""; 0]);
}

/// The step ended with this exit code and exactly one error, which names all of this. Returns the error.
pub(crate) fn failed<'r>(result: &'r StepResult, code: i32, named: &[&str]) -> &'r Annotation {
    let errors: Vec<_> = result.annotations_of(Level::Error).collect();
    assert_eq!((result.exit_code, errors.len()), (Some(code), 1), "{}", result.log_text());
    for part in named {
        assert!(errors[0].message.contains(part), "{part:?} is not in {:?}", errors[0].message);
    }
    errors[0]
}

fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// The folder of the binary under test.
fn binaries() -> String {
    let folder =
        std::env::var_os("BENTO_ACTIONS_BIN").map_or_else(|| workspace_root().join("target/debug"), PathBuf::from);
    assert!(folder.join("bento-actions").is_file(), "no bento-actions in {}: run `cargo xtask test`", folder.display());
    folder.display().to_string()
}
