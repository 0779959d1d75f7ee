//! A job: what is shared by its steps, and the post steps at its end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::expression::JobStatus;
use crate::interpreter::Live;
use crate::manifest::Manifest;
use crate::mask::Masker;
use crate::result::{Conclusion, Stage};
use crate::run::{Entry, PostStep};
use crate::step::What;
use crate::{Error, Step, StepResult, Timings, context, signal};

/// A job on a runner of its own, with a temporary folder that goes away with it.
#[derive(Debug)]
pub struct Job {
    pub(crate) workspace: PathBuf,
    pub(crate) temp: TempDir,
    tool_cache: Option<PathBuf>,
    /// The job's `env:` and what steps added through `GITHUB_ENV`.
    pub(crate) env: BTreeMap<String, String>,
    /// What steps added through `GITHUB_PATH`; the last one comes first in `PATH`.
    pub(crate) prepend_path: Vec<String>,
    pub(crate) masks: Masker,
    pub(crate) live: Live,
    event: (String, Value),
    overrides: Map<String, Value>,
    /// Given to actions only, never to plain commands.
    pub(crate) runtime: BTreeMap<String, String>,
    pub(crate) debug: bool,
    pub(crate) timings: Timings,
    pub(crate) node: Option<PathBuf>,
    pub(crate) cancel: CancellationToken,
    pub(crate) status: JobStatus,
    pub(crate) posts: Vec<PostStep>,
    /// Marks the processes of this job.
    pub(crate) tracking: String,
}

impl Job {
    /// A job whose `GITHUB_WORKSPACE` is this folder, started by `workflow_dispatch` with an empty payload.
    ///
    /// # Errors
    ///
    /// The folder does not exist, or no temporary folder can be made.
    pub fn new(workspace: impl AsRef<Path>) -> Result<Self, Error> {
        let workspace = workspace.as_ref();
        let doing = || format!("use {} as workspace", workspace.display());
        let workspace = workspace.canonicalize().map_err(Error::io(doing()))?;
        let temp =
            tempfile::Builder::new().prefix("runner-sim-").tempdir().map_err(Error::io("make a temporary folder"))?;
        let token = format!("ghs_{}", Uuid::new_v4().simple());
        let job = Self {
            workspace,
            temp,
            tool_cache: None,
            env: BTreeMap::new(),
            prepend_path: Vec::new(),
            masks: Masker::default(),
            live: Live::default(),
            event: ("workflow_dispatch".into(), Value::Object(Map::new())),
            overrides: Map::new(),
            runtime: BTreeMap::new(),
            debug: false,
            timings: Timings::default(),
            node: None,
            cancel: CancellationToken::new(),
            status: JobStatus::Success,
            posts: Vec::new(),
            tracking: format!("github_{}", Uuid::new_v4()),
        };
        for folder in [job.runner_temp(), job.tool_cache()] {
            std::fs::create_dir_all(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
        }
        Ok(job.token(token))
    }

    /// A value of the job's `env:`.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// A secret, masked from the start, and each of its lines with it.
    #[must_use]
    pub fn secret(mut self, value: impl AsRef<str>) -> Self {
        self.masks.add(value.as_ref());
        self
    }

    /// What started the run: the event's name and its payload.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>, payload: Value) -> Self {
        self.event = (name.into(), payload);
        self
    }

    /// Sets a field of the `github` context, and so its `GITHUB_*` variable: `("repository", "octo/app")`.
    #[must_use]
    pub fn github(mut self, field: impl Into<String>, value: impl Into<String>) -> Self {
        self.overrides.insert(field.into(), Value::String(value.into()));
        self
    }

    /// `github.token`, masked. A job has one of its own unless this is called.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        let token = token.into();
        self.secret(&token).github("token", token)
    }

    /// The results service (cache, artifacts): `ACTIONS_RESULTS_URL` and the masked `ACTIONS_RUNTIME_TOKEN`, for actions only.
    #[must_use]
    pub fn runtime(mut self, results_url: impl Into<String>, token: impl Into<String>) -> Self {
        let token = token.into();
        self.masks.add(&token);
        self.runtime.insert("ACTIONS_RESULTS_URL".into(), results_url.into());
        self.runtime.insert("ACTIONS_RUNTIME_TOKEN".into(), token);
        self
    }

    /// A tool cache that outlives the job.
    #[must_use]
    pub fn with_tool_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.tool_cache = Some(folder.into());
        self
    }

    /// Debug logging on: `RUNNER_DEBUG=1`, debug lines and echoed commands in the log.
    #[must_use]
    pub const fn debug(mut self) -> Self {
        self.debug = true;
        self
    }

    /// Other waiting times than the runner's, for tests in a hurry.
    #[must_use]
    pub const fn timings(mut self, timings: Timings) -> Self {
        self.timings = timings;
        self
    }

    /// Shows each line of the log, masked, as it comes.
    #[must_use]
    pub fn on_log(mut self, show: impl FnMut(&str) + Send + 'static) -> Self {
        self.live = Live(Some(Box::new(show)));
        self
    }

    /// The Node to use, instead of the one that [`crate::node::find`] finds.
    #[must_use]
    pub fn node(mut self, node: impl Into<PathBuf>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// Cancels the running step when cancelled, as the button on the run's page does. Post steps still run.
    pub fn canceller(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// `RUNNER_TEMP`.
    pub fn runner_temp(&self) -> PathBuf {
        self.temp.path().join("_temp")
    }

    /// `RUNNER_TOOL_CACHE`.
    pub fn tool_cache(&self) -> PathBuf {
        self.tool_cache.clone().unwrap_or_else(|| self.temp.path().join("_tool"))
    }

    /// Runs a step now, however the steps before it ended (as with `if: always()`).
    ///
    /// # Errors
    ///
    /// The step could not be run: no usable `action.yml`, no Node, a program that cannot be started. A step that ran and
    /// failed is an `Ok` with [`Conclusion::Failure`].
    pub async fn step(&mut self, step: Step) -> Result<StepResult, Error> {
        match &step.what {
            What::Command(argv) => {
                let entry = Entry::command(argv)?;
                self.run_entry(&step, Stage::Main, entry, BTreeMap::new()).await
            }
            What::Action(folder) => {
                let manifest = Manifest::read(folder)?;
                let entry = self.action_entry(&manifest, &step, Stage::Main)?;
                // Registered before main runs, as the runner does: a failed or cancelled main still gets its post step.
                let index = manifest.post.is_some().then(|| {
                    self.posts.push(PostStep { step: step.clone(), manifest, state: BTreeMap::new() });
                    self.posts.len() - 1
                });
                let result = self.run_entry(&step, Stage::Main, entry, BTreeMap::new()).await?;
                if let Some(post) = index.and_then(|index| self.posts.get_mut(index)) {
                    post.state.clone_from(&result.state);
                }
                Ok(result)
            }
        }
    }

    /// Ends the job: post steps in reverse order, then whatever processes the steps left behind are killed (Linux).
    ///
    /// # Errors
    ///
    /// As for [`Job::step`].
    pub async fn finish(mut self) -> Result<Vec<StepResult>, Error> {
        let mut results = Vec::new();
        while let Some(post) = self.posts.pop() {
            let mut step = post.step;
            step.name = format!("Post {}", step.name);
            step.cancel = crate::step::CancelWhen::default();
            let contexts = self.contexts();
            if !self.scope(&contexts).condition(&post.manifest.post_if)? {
                results.push(StepResult::skipped(step.name, Stage::Post));
                continue;
            }
            let entry = self.action_entry(&post.manifest, &step, Stage::Post)?;
            results.push(self.run_entry(&step, Stage::Post, entry, post.state).await?);
        }
        Ok(results)
    }

    /// Takes over how a step ended.
    pub(crate) fn note(&mut self, conclusion: Conclusion) {
        self.status = match (self.status, conclusion) {
            (JobStatus::Cancelled, _) | (_, Conclusion::Cancelled) => JobStatus::Cancelled,
            (JobStatus::Failure, _) | (_, Conclusion::Failure) => JobStatus::Failure,
            _ => JobStatus::Success,
        };
    }

    /// `github`, `runner` and `env`, as an object.
    pub(crate) fn contexts(&self) -> Value {
        let mut github = context::github(&self.event.0, &self.event.1, &self.workspace);
        github.extend(self.overrides.clone());
        let event_path = self.runner_temp().join("_github_workflow").join("event.json");
        github.insert("event_path".into(), event_path.display().to_string().into());
        let runner = context::runner(&self.runner_temp(), &self.tool_cache(), self.debug);
        let env: Map<_, _> = self.env.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        serde_json::json!({ "github": github, "runner": runner, "env": env })
    }

    /// The payload as the file that `GITHUB_EVENT_PATH` names.
    pub(crate) fn write_event(&self) -> Result<(), Error> {
        let folder = self.runner_temp().join("_github_workflow");
        let file = folder.join("event.json");
        std::fs::create_dir_all(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
        std::fs::write(&file, self.event.1.to_string()).map_err(Error::io(format!("write {}", file.display())))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        signal::kill_marked("RUNNER_TRACKING_ID", &self.tracking);
    }
}
