//! What a step wrote into its command files, taken over at its end.
//!
//! Rules: actions/runner, `FileCommandManager.cs`.

use std::collections::BTreeMap;

use crate::Level;
use crate::files::{CommandFiles, parse_pairs};
use crate::interpreter::Interpreter;
use crate::result::set_ignoring_case;

/// A `GITHUB_STEP_SUMMARY` beyond this many bytes is dropped.
const SUMMARY_LIMIT: u64 = 1024 * 1024;

/// What the command files hold beyond outputs and state, which go to the interpreter's record.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) path: Vec<String>,
    pub(crate) summary: Option<String>,
}

/// Reads all files; what is wrong with one fails the step, and what stands before the mistake counts.
pub(crate) fn read_files(interpreter: &mut Interpreter<'_>, files: &CommandFiles) -> Left {
    let mut left = Left::default();
    // A step may have removed a file: the runner takes it as empty.
    let read = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    for line in read(&files.path).lines().filter(|line| !line.is_empty()) {
        left.path.retain(|known| known != line);
        left.path.push(line.to_owned());
    }
    for (kind, path) in [("env", &files.env), ("state", &files.state), ("output", &files.output)] {
        let text = read(path);
        let (pairs, end) = parse_pairs(text.trim_start_matches('\u{feff}'));
        for (name, value) in pairs {
            match kind {
                "env" if name.eq_ignore_ascii_case("NODE_OPTIONS") => {
                    interpreter
                        .issue(Level::Error, "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
                }
                "env" => {
                    left.env.insert(name, value);
                }
                "state" => set_ignoring_case(&mut interpreter.record.state, name, value),
                _ => set_ignoring_case(&mut interpreter.record.outputs, name, value),
            }
        }
        if let Err(reason) = end {
            interpreter.fail(&format!("file command '{kind}'"), &reason);
        }
    }
    left.summary = read_summary(interpreter, files);
    left
}

fn read_summary(interpreter: &mut Interpreter<'_>, files: &CommandFiles) -> Option<String> {
    let size = std::fs::metadata(&files.summary).ok()?.len();
    if size > SUMMARY_LIMIT {
        let message = format!(
            "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {}k, got {}k.",
            SUMMARY_LIMIT / 1024,
            size / 1024
        );
        interpreter.issue(Level::Error, &message);
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read(&files.summary).ok()?).into_owned();
    // Line by line: a secret of several lines is hidden only because each of its lines is one too.
    let masked: String = text.lines().flat_map(|line| [interpreter.mask(line), "\n".to_owned()]).collect();
    (!masked.is_empty()).then_some(masked)
}
