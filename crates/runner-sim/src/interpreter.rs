//! Reads a step's output as the runner does: workflow commands are carried out, everything else goes to the log, masked.
//!
//! Rules: actions/runner, `OutputManager.cs`, `ActionCommandManager.cs`, `ExecutionContext.cs`. `add-matcher` and
//! `remove-matcher` are accepted and do nothing.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::annotation::KEPT_PER_LEVEL;
use crate::command::Command;
use crate::mask::Masker;
use crate::result::set_ignoring_case;
use crate::{Annotation, Level};

/// Every command the runner knows, `stop-commands` included.
const COMMANDS: [&str; 15] = [
    "stop-commands",
    "add-mask",
    "debug",
    "error",
    "warning",
    "notice",
    "group",
    "endgroup",
    "echo",
    "set-output",
    "save-state",
    "set-env",
    "add-path",
    "add-matcher",
    "remove-matcher",
];

/// The state of reading one step's output.
#[derive(Debug)]
pub(crate) struct Interpreter<'a> {
    masks: &'a mut Masker,
    live: &'a mut Live,
    workspace: &'a Path,
    debug: bool,
    echo: bool,
    /// Lower case; a stop token joins while it is in force.
    registered: HashSet<String>,
    stop_token: Option<String>,
    pub(crate) record: Record,
}

/// Gets a line of the log.
type Show = Box<dyn FnMut(&str) + Send>;

/// Who else sees each line of the log as it comes.
#[derive(Default)]
pub(crate) struct Live(pub(crate) Option<Show>);

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Live").field(&self.0.is_some()).finish()
    }
}

/// What was gathered.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) log: Vec<String>,
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) annotations_dropped: usize,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) state: BTreeMap<String, String>,
    /// A command could not be carried out: the step fails whatever its exit code.
    pub(crate) failed: bool,
}

impl<'a> Interpreter<'a> {
    /// `debug`: whether `RUNNER_DEBUG` is on, which shows debug lines and echoes commands.
    pub(crate) fn new(masks: &'a mut Masker, live: &'a mut Live, workspace: &'a Path, debug: bool) -> Self {
        let registered = COMMANDS.map(str::to_owned).into();
        Self { masks, live, workspace, debug, echo: debug, registered, stop_token: None, record: Record::default() }
    }

    /// A line of the process's stdout or stderr.
    pub(crate) fn line(&mut self, line: &str) {
        match Command::parse(line, &self.registered) {
            Some(command) if self.process(line, &command) => {}
            _ => self.output(line),
        }
    }

    /// Text for the log as it is, masked; it may have several lines.
    pub(crate) fn output(&mut self, text: &str) {
        for line in self.masks.mask(text).split('\n') {
            let line = line.trim_end_matches('\r').to_owned();
            if let Some(show) = &mut self.live.0 {
                show(&line);
            }
            self.record.log.push(line);
        }
    }

    /// An annotation of the runner's own.
    pub(crate) fn issue(&mut self, level: Level, message: &str) {
        self.annotate(Annotation::plain(level, message));
    }

    /// An error that fails the step.
    pub(crate) fn fail(&mut self, what: &str, reason: &str) {
        self.issue(Level::Error, &format!("Unable to process {what} successfully."));
        self.issue(Level::Error, reason);
        self.record.failed = true;
    }

    /// Shown with `RUNNER_DEBUG` only.
    pub(crate) fn debug(&mut self, message: &str) {
        if self.debug {
            for line in message.split('\n') {
                self.output(&format!("##[debug]{line}"));
            }
        }
    }

    /// `text` with the secrets known by now hidden.
    pub(crate) fn mask(&self, text: &str) -> String {
        self.masks.mask(text)
    }

    /// The log's last lines from `start` on.
    pub(crate) fn log_since(&self, start: usize) -> &[String] {
        self.record.log.get(start..).unwrap_or_default()
    }

    /// Carries out a command; `false` leaves the line to the log.
    fn process(&mut self, line: &str, command: &Command) -> bool {
        let name = command.name.to_lowercase();
        if let Some(token) = &self.stop_token {
            if *token != name {
                return false;
            }
            self.registered.remove(&name);
            self.stop_token = None;
            self.output(line);
            self.debug("Resume processing commands");
            return true;
        }
        match name.as_str() {
            "stop-commands" => self.stop(line, command),
            "add-mask" => self.add_mask(command),
            "debug" => self.debug(&command.data),
            "error" => self.annotate_from(Level::Error, command),
            "warning" => self.annotate_from(Level::Warning, command),
            "notice" => self.annotate_from(Level::Notice, command),
            _ => {
                if self.echo {
                    self.output(line);
                }
                if let Err(reason) = self.process_echoed(&name, command) {
                    self.fail(&format!("command '{line}'"), &reason);
                }
            }
        }
        true
    }

    /// The commands that `::echo::on` shows.
    fn process_echoed(&mut self, name: &str, command: &Command) -> Result<(), String> {
        match name {
            "group" => self.output(&format!("##[group]{}", command.data)),
            "endgroup" => self.output("##[endgroup]"),
            "echo" => match command.data.trim().to_lowercase().as_str() {
                "on" => self.echo = true,
                "off" => self.echo = false,
                other => {
                    return Err(format!(
                        "Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '{other}'."
                    ));
                }
            },
            "set-output" | "save-state" => {
                // Deprecated, and yet carried out: whoever prints another program's output must know.
                self.issue(
                    Level::Warning,
                    &format!(
                        "The `{name}` command is deprecated and will be disabled soon. Please upgrade to using Environment Files."
                    ),
                );
                let key = command
                    .property("name")
                    .ok_or(format!("Required field 'name' is missing in ##[{name}] command."))?;
                let map = if name == "set-output" { &mut self.record.outputs } else { &mut self.record.state };
                set_ignoring_case(map, key.to_owned(), command.data.clone());
            }
            "set-env" | "add-path" => {
                return Err(format!("The `{name}` command is disabled. Please upgrade to using Environment Files."));
            }
            _ => {}
        }
        Ok(())
    }

    fn stop(&mut self, line: &str, command: &Command) {
        let token = command.data.to_lowercase();
        if token.is_empty() || token == "pause-logging" || self.registered.contains(&token) {
            return self.fail(
                &format!("command '{line}'"),
                "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command.",
            );
        }
        self.output(line);
        self.registered.insert(token.clone());
        self.stop_token = Some(token);
    }

    fn add_mask(&mut self, command: &Command) {
        if command.data.trim().is_empty() {
            return self.issue(Level::Warning, "Can't add secret mask for empty string in ##[add-mask] command.");
        }
        if self.echo {
            self.output("::add-mask::***");
        }
        self.masks.add(&command.data);
    }

    fn annotate_from(&mut self, level: Level, command: &Command) {
        self.annotate(Annotation::from_command(level, command, self.workspace));
    }

    /// Shows an annotation in the log, and keeps it if there is still room for its level.
    fn annotate(&mut self, annotation: Annotation) {
        let annotation = annotation.masked(|text| self.masks.mask(text));
        self.output(&format!("##[{}]{}", annotation.level.name(), annotation.message));
        let kept = self.record.annotations.iter().filter(|known| known.level == annotation.level).count();
        if kept < KEPT_PER_LEVEL {
            self.record.annotations.push(annotation);
        } else {
            self.record.annotations_dropped += 1;
        }
    }
}
