//! One run of a step's script or command: environment, inputs, process, command files, result.
//!
//! Rules: actions/runner, `ActionRunner.cs`, `NodeScriptActionHandler.cs`, `ScriptHandler.cs`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::collect::read_files;
use crate::expression::Scope;
use crate::files::CommandFiles;
use crate::interpreter::Interpreter;
use crate::manifest::Manifest;
use crate::result::{Conclusion, Stage, StepResult};
use crate::{Error, Job, Level, Step, context, node, process};

/// A post step that waits for the end of the job.
#[derive(Debug)]
pub(crate) struct PostStep {
    pub(crate) step: Step,
    pub(crate) manifest: Manifest,
    pub(crate) state: BTreeMap<String, String>,
}

/// What is started, and what the log says first.
#[derive(Debug)]
pub(crate) struct Entry {
    program: OsString,
    arguments: Vec<OsString>,
    /// A script that must be there.
    script: Option<PathBuf>,
    /// Whether it is an action: inputs, and the runtime token.
    action: bool,
    inputs: Vec<(String, String)>,
    warnings: Vec<String>,
}

impl Entry {
    pub(crate) fn command(argv: &[OsString]) -> Result<Self, Error> {
        let (program, arguments) = argv.split_first().ok_or(Error::EmptyCommand)?;
        let (program, arguments) = (program.clone(), arguments.to_vec());
        Ok(Self { program, arguments, script: None, action: false, inputs: Vec::new(), warnings: Vec::new() })
    }
}

impl Job {
    /// The scope of expressions at this moment.
    pub(crate) const fn scope<'a>(&self, contexts: &'a Value) -> Scope<'a> {
        Scope { contexts, status: self.status }
    }

    /// Inputs with their defaults, what to warn about, and the script of a stage.
    pub(crate) fn action_entry(&mut self, manifest: &Manifest, step: &Step, stage: Stage) -> Result<Entry, Error> {
        let contexts = self.contexts();
        let mut inputs: Vec<(String, String)> = Vec::new();
        for (name, value) in &step.with {
            inputs.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            inputs.push((name.clone(), value.clone()));
        }
        let mut warnings = Vec::new();
        let declared = |name: &str| manifest.inputs.iter().find(|input| input.name.eq_ignore_ascii_case(name));
        if manifest.has_pre && stage == Stage::Main {
            warnings.push(format!(
                "`pre` execution is not supported for local action from '{}'",
                manifest.folder.display()
            ));
        }
        for (name, _) in &inputs {
            if let Some(message) = declared(name).and_then(|input| input.deprecation.as_ref()) {
                warnings.push(format!("Input '{name}' has been deprecated with message: {message}"));
            }
        }
        let unexpected: Vec<_> =
            inputs.iter().map(|(name, _)| name.as_str()).filter(|name| declared(name).is_none()).collect();
        if !unexpected.is_empty() {
            let valid: Vec<_> = manifest.inputs.iter().map(|input| input.name.as_str()).collect();
            warnings.push(format!(
                "Unexpected input(s) '{}', valid inputs are ['{}']",
                unexpected.join("', '"),
                valid.join("', '")
            ));
        }
        for input in &manifest.inputs {
            if !inputs.iter().any(|(name, _)| name.eq_ignore_ascii_case(&input.name)) {
                inputs.push((input.name.clone(), self.scope(&contexts).interpolate(&input.default)?));
            }
        }
        let script = match (stage, &manifest.post) {
            (Stage::Post, Some(post)) => post,
            _ => &manifest.main,
        };
        let script = manifest.folder.join(script);
        if self.node.is_none() {
            self.node = Some(node::find()?);
        }
        let program = self.node.clone().unwrap_or_default().into_os_string();
        let arguments = vec![script.clone().into_os_string()];
        Ok(Entry { program, arguments, script: Some(script), action: true, inputs, warnings })
    }

    /// Runs an entry and takes over what it left for later steps.
    pub(crate) async fn run_entry(
        &mut self,
        step: &Step,
        stage: Stage,
        entry: Entry,
        state: BTreeMap<String, String>,
    ) -> Result<StepResult, Error> {
        let started = Instant::now();
        self.write_event()?;
        let files = CommandFiles::create(&self.runner_temp())?;
        let environment = self.environment(step, &entry, &state, &files);
        let shown: Vec<_> = self.env.iter().chain(step.env.iter().map(|(k, v)| (k, v))).collect();

        // Taken out while the step runs: the interpreter adds to the secrets that the job holds.
        let mut masks = std::mem::take(&mut self.masks);
        let mut live = std::mem::take(&mut self.live);
        let mut interpreter = Interpreter::new(&mut masks, &mut live, &self.workspace, self.debug);
        interpreter.record.state = state;
        print_header(&mut interpreter, step, stage, &entry, &shown);

        // A job that was cancelled before still runs its later steps; only a cancellation from now on is theirs.
        let cancel = if self.cancel.is_cancelled() { CancellationToken::new() } else { self.cancel.clone() };
        let end = match entry.script.as_ref().filter(|script| !script.is_file()) {
            Some(missing) => {
                interpreter.issue(Level::Error, &format!("File not found: '{}'", missing.display()));
                Ok(None)
            }
            None => {
                let mut command = tokio::process::Command::new(&entry.program);
                command.args(&entry.arguments).current_dir(&self.workspace).env_clear().envs(&environment);
                let state_file = files.state.display().to_string();
                let on_line = |line: &str| {
                    let start = interpreter.record.log.len();
                    interpreter.line(line);
                    let text = step.cancel.log_has.as_deref();
                    text.is_some_and(|text| interpreter.log_since(start).iter().any(|line| line.contains(text)))
                };
                let mark = ("GITHUB_STATE", state_file.as_str());
                process::run(command, self.timings, mark, &cancel, step.cancel.after, on_line).await.map(Some)
            }
        };
        let result = end.map(|end| {
            if let Some(end) = &end {
                if end.cancelled {
                    interpreter.issue(Level::Error, "The operation was canceled.");
                } else if end.exit_code != 0 && !entry.action {
                    interpreter.issue(Level::Error, &format!("Process completed with exit code {}.", end.exit_code));
                } else {
                    interpreter.debug(&format!("Node Action run completed with exit code {}", end.exit_code));
                }
            }
            let left = read_files(&mut interpreter, &files);
            let record = std::mem::take(&mut interpreter.record);
            let conclusion = match &end {
                Some(end) if end.cancelled => Conclusion::Cancelled,
                Some(end) if end.exit_code == 0 && !record.failed => Conclusion::Success,
                _ => Conclusion::Failure,
            };
            StepResult {
                name: step.name.clone(),
                stage,
                conclusion,
                exit_code: end.as_ref().map(|end| end.exit_code),
                cancelled: end.as_ref().is_some_and(|end| end.cancelled),
                killed: end.as_ref().is_some_and(|end| end.killed),
                outputs: record.outputs,
                state: record.state,
                env: left.env,
                path: left.path.iter().map(PathBuf::from).collect(),
                summary: left.summary,
                annotations: record.annotations,
                annotations_dropped: record.annotations_dropped,
                log: record.log,
                duration: started.elapsed(),
            }
        });
        (self.masks, self.live) = (masks, live);
        let result = result?;
        self.env.extend(result.env.clone());
        for folder in &result.path {
            let folder = folder.display().to_string();
            self.prepend_path.retain(|known| *known != folder);
            self.prepend_path.push(folder);
        }
        self.note(result.conclusion);
        Ok(result)
    }

    /// The whole environment of a step: later groups win over earlier ones, as in the runner, so that a step can set
    /// neither `GITHUB_*` nor `RUNNER_*` for its successors.
    fn environment(
        &self,
        step: &Step,
        entry: &Entry,
        state: &BTreeMap<String, String>,
        files: &CommandFiles,
    ) -> BTreeMap<String, String> {
        let mut environment = context::from_machine();
        environment.extend(self.env.clone());
        environment.extend(step.env.iter().cloned());
        environment.extend(state.iter().map(|(name, value)| (format!("STATE_{name}"), value.clone())));
        for (name, value) in &entry.inputs {
            environment.insert(format!("INPUT_{}", name.replace(' ', "_").to_uppercase()), value.clone());
        }
        if !self.prepend_path.is_empty() {
            let path = environment.entry("PATH".into()).or_default();
            let separator = if cfg!(windows) { ";" } else { ":" };
            let prepended: Vec<&str> = self.prepend_path.iter().rev().map(String::as_str).collect();
            *path = format!("{}{separator}{path}", prepended.join(separator));
        }
        let contexts = self.contexts();
        let (github, runner) = (contexts["github"].as_object(), contexts["runner"].as_object());
        if let (Some(github), Some(runner)) = (github, runner) {
            environment.extend(context::variables(github, runner));
        }
        let action = if entry.action { "__self" } else { "__run" };
        environment.insert("GITHUB_ACTION".into(), action.into());
        environment.insert("GITHUB_ACTIONS".into(), "true".into());
        environment.insert("RUNNER_TRACKING_ID".into(), self.tracking.clone());
        environment.entry("CI".into()).or_insert_with(|| "true".into());
        environment.extend(files.variables().map(|(name, path)| (name.to_owned(), path.display().to_string())));
        if entry.action {
            environment.extend(self.runtime.clone());
        }
        environment
    }
}

/// The folded head of a step's log.
fn print_header(
    interpreter: &mut Interpreter<'_>,
    step: &Step,
    stage: Stage,
    entry: &Entry,
    env: &[(&String, &String)],
) {
    match stage {
        Stage::Post => interpreter.output("Post job cleanup."),
        Stage::Main => {
            interpreter.output(&format!("##[group]Run {}", step.name));
            let with: Vec<_> = entry.inputs.iter().filter(|(_, value)| !value.is_empty()).collect();
            if !with.is_empty() {
                interpreter.output("with:");
            }
            for (name, value) in with {
                interpreter.output(&format!("  {name}: {value}"));
            }
            if !env.is_empty() {
                interpreter.output("env:");
            }
            for (name, value) in env {
                interpreter.output(&format!("  {name}: {value}"));
            }
            interpreter.output("##[endgroup]");
        }
    }
    for warning in &entry.warnings {
        interpreter.issue(Level::Warning, warning);
    }
}
