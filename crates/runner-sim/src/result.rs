//! What a step left behind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::{Annotation, Level};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Exit code 0, and all its commands were in order.
    Success,
    /// Another exit code, or a workflow command or command file the runner could not take.
    Failure,
    /// Cancelled, whatever the exit code.
    Cancelled,
    /// A post step whose `post-if` did not hold.
    Skipped,
}

/// Which of an action's scripts ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// `runs.main`, or a plain command.
    Main,
    /// `runs.post`, at the end of the job.
    Post,
}

/// What a step left behind, as the runner understood it.
#[derive(Debug, Clone, Serialize)]
pub struct StepResult {
    /// The step's name, as in `Step::name`.
    pub name: String,
    /// Which script ran.
    pub stage: Stage,
    /// How it ended.
    pub conclusion: Conclusion,
    /// Exit code of the entry process, 128 + n after signal n; `None` if nothing was started.
    pub exit_code: Option<i32>,
    /// Whether the step was cancelled.
    pub cancelled: bool,
    /// Whether the process tree had to be killed: signals were ignored, or output was held open after the exit.
    pub killed: bool,
    /// `steps.ID.outputs`, not masked.
    pub outputs: BTreeMap<String, String>,
    /// What the post step will get as `STATE_*`.
    pub state: BTreeMap<String, String>,
    /// What the step set for later steps through `GITHUB_ENV`.
    pub env: BTreeMap<String, String>,
    /// What the step added through `GITHUB_PATH`, in its order.
    pub path: Vec<PathBuf>,
    /// The Markdown of `GITHUB_STEP_SUMMARY`, masked; `None` if empty or refused.
    pub summary: Option<String>,
    /// At most 10 of each level.
    pub annotations: Vec<Annotation>,
    /// How many annotations were beyond that.
    pub annotations_dropped: usize,
    /// The log of the step as it would be shown, masks applied, a line each, `##[…]` tags as in the raw log.
    pub log: Vec<String>,
    /// From start to end.
    #[serde(serialize_with = "seconds")]
    pub duration: Duration,
}

impl StepResult {
    /// Nothing ran.
    pub(crate) const fn skipped(name: String, stage: Stage) -> Self {
        Self {
            name,
            stage,
            conclusion: Conclusion::Skipped,
            exit_code: None,
            cancelled: false,
            killed: false,
            outputs: BTreeMap::new(),
            state: BTreeMap::new(),
            env: BTreeMap::new(),
            path: Vec::new(),
            summary: None,
            annotations: Vec::new(),
            annotations_dropped: 0,
            log: Vec::new(),
            duration: Duration::ZERO,
        }
    }

    /// Whether the step ended well.
    pub fn succeeded(&self) -> bool {
        self.conclusion == Conclusion::Success
    }

    /// The log as one text, for searching and for assertion messages.
    pub fn log_text(&self) -> String {
        self.log.join("\n")
    }

    /// The annotations of one level.
    pub fn annotations_of(&self, level: Level) -> impl Iterator<Item = &Annotation> {
        self.annotations.iter().filter(move |annotation| annotation.level == level)
    }

    /// The messages of the kept error annotations.
    pub fn errors(&self) -> Vec<&str> {
        self.annotations_of(Level::Error).map(|annotation| annotation.message.as_str()).collect()
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Names of outputs and state do not differ by case alone: the runner's dictionaries ignore it.
pub(crate) fn set_ignoring_case(map: &mut BTreeMap<String, String>, name: String, value: String) {
    map.retain(|known, _| !known.eq_ignore_ascii_case(&name));
    map.insert(name, value);
}
