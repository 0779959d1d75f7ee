//! What a run told: the lines of `act --json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Before each line in which an own workflow of the cases tells something: `told: name=value`.
const TOLD: &str = "told: ";
/// act notes with these words what it reads of a repository that a folder stands for.
const READ: &str = " and subpath '";

/// A run of one workflow.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The names of the steps that succeeded, in the order of their end; those of a composite action before it.
    pub(super) succeeded: Vec<String>,
    /// The names of the steps that failed, likewise.
    pub(super) failed: Vec<String>,
    /// The last value of each output that any step set.
    pub(super) outputs: BTreeMap<String, String>,
    /// What own workflows told.
    pub(super) told: BTreeMap<String, String>,
    /// The files of this repository that act read: workflows and action.yml.
    pub(super) read: BTreeSet<String>,
    /// Everything that was printed, a line each.
    pub(super) text: String,
}

impl Log {
    /// Reads what act printed.
    pub(super) fn parse(printed: &str) -> Self {
        let mut log = Self::default();
        for line in printed.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(entry) => log.add(&entry),
                Err(_) => log.say(line),
            }
        }
        log
    }

    fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn add(&mut self, entry: &Value) {
        let field = |name: &str| entry[name].as_str().unwrap_or_default();
        let message = field("msg").trim_end();
        if let Some((_, path)) = message.split_once(READ) {
            self.read.insert(path.split('\'').next().unwrap_or_default().to_owned());
            return;
        }
        self.say(message);
        if field("command") == "set-output" {
            self.outputs.insert(field("name").to_owned(), field("arg").to_owned());
        }
        if let Some((name, value)) = message.trim_start().strip_prefix(TOLD).and_then(|told| told.split_once('=')) {
            self.told.insert(name.to_owned(), value.to_owned());
        }
        // A step of a composite action is named in the message only: "  ✅  Success - Main Build [2.9s]".
        let step = || {
            let name = message.split_once(" - Main ").map_or("", |(_, name)| name);
            name.rsplit_once(" [").map_or(name, |(name, _)| name).to_owned()
        };
        match (field("stage"), field("stepResult")) {
            ("Main", "success") => self.succeeded.push(step()),
            ("Main", "failure") => self.failed.push(step()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_outputs_and_what_was_read_are_found() {
        let log = Log::parse(concat!(
            r#"{"msg":"LocalRepositoryCache read cachedir O/R@v1 with ref v1 and subpath '.github/workflows/a.yml' from /x"}"#,
            "\n",
            r#"{"msg":"  ✅  Success - Main Build [it] [2.9s]","stage":"Main","stepResult":"success","step":"outer"}"#,
            "\n",
            r#"{"msg":"  ❌  Failure - Main Push [1s]","stage":"Main","stepResult":"failure"}"#,
            "\n",
            r#"{"msg":"  ✅  Success - Post Build [1s]","stage":"Post","stepResult":"success"}"#,
            "\n",
            r#"{"msg":"  ⚙  ::set-output:: tag=a:b","command":"set-output","name":"tag","arg":"a:b"}"#,
            "\n",
            r#"{"msg":"told: tag=a:b=c\n","raw_output":true}"#,
            "\nError: Job failed\n",
        ));
        assert_eq!(log.succeeded, ["Build [it]"]);
        assert_eq!(log.failed, ["Push"]);
        assert_eq!(log.outputs["tag"], "a:b");
        assert_eq!(log.told["tag"], "a:b=c");
        assert!(log.read.contains(".github/workflows/a.yml"));
        assert!(log.text.ends_with("Error: Job failed\n"));
    }
}
