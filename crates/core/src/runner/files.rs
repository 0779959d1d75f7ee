//! The files through which an action hands outputs, environment, PATH, state and its summary to the runner.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use uuid::Uuid;

use crate::env;
use crate::env::{GITHUB_ENV, GITHUB_OUTPUT, GITHUB_PATH, GITHUB_STATE, GITHUB_STEP_SUMMARY};
use crate::{Context, Env, Error, Result};

/// GitHub drops a whole summary that is larger, with an error.
pub(super) const SUMMARY_LIMIT: usize = 1024 * 1024;

/// The command files of this step. Each is absent outside a runner; writing to an absent one does nothing.
#[derive(Debug, Clone, Default)]
pub struct Files {
    output: Option<PathBuf>,
    env: Option<PathBuf>,
    path: Option<PathBuf>,
    state: Option<PathBuf>,
    summary: Option<PathBuf>,
}

impl Files {
    /// The files that the environment names.
    pub fn of(env: &Env) -> Self {
        Self {
            output: env.path(GITHUB_OUTPUT),
            env: env.path(GITHUB_ENV),
            path: env.path(GITHUB_PATH),
            state: env.path(GITHUB_STATE),
            summary: env.path(GITHUB_STEP_SUMMARY),
        }
    }

    /// Sets outputs of the step, all of them or none.
    pub fn set_outputs(&self, outputs: &[(String, String)]) -> Result<()> {
        let records: Result<String> = outputs.iter().map(|(name, value)| record(name, value)).collect();
        append(self.output.as_ref(), &records?)
    }

    /// Sets an environment variable for later steps. The runner refuses `NODE_OPTIONS`.
    pub fn export(&self, name: &str, value: &str) -> Result<()> {
        if name.eq_ignore_ascii_case(env::NODE_OPTIONS) {
            return Err(Error::failure("the runner does not let a step set NODE_OPTIONS for later ones"));
        }
        append(self.env.as_ref(), &record(name, value)?)
    }

    /// Puts a folder first on the PATH of later steps.
    pub fn add_path(&self, folder: &str) -> Result<()> {
        if folder.contains(['\n', '\r']) {
            return Err(Error::failure(format!("a folder for PATH must be one line: {folder:?}")));
        }
        append(self.path.as_ref(), &format!("{folder}\n"))
    }

    /// Keeps a value for the post step, which finds it as `STATE_<name>`.
    pub fn save_state(&self, name: &str, value: &str) -> Result<()> {
        append(self.state.as_ref(), &record(name, value)?)
    }

    /// Appends Markdown to the step's summary. Secrets are redacted here; the runner masks line by line besides.
    ///
    /// A summary over [`SUMMARY_LIMIT`], with what was appended before, would be dropped whole: it is cut with a note
    /// instead.
    pub fn append_summary(&self, markdown: &str) -> Result<()> {
        const CUT: &str = "\n\n*The rest is left out: a summary holds at most 1 MiB.*\n";
        const BUDGET: usize = SUMMARY_LIMIT - CUT.len();
        let mut text = super::mask::redact(markdown);
        let before = self.summary.as_ref().and_then(|file| std::fs::metadata(file).ok());
        let before = before.map_or(0, |meta| usize::try_from(meta.len()).unwrap_or(usize::MAX));
        if before > BUDGET {
            // It was cut already.
            return Ok(());
        }
        let left = BUDGET.saturating_sub(before);
        if text.len() > left {
            let end = (0..=left).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
            text.truncate(end);
            text.push_str(CUT);
        }
        append(self.summary.as_ref(), &text)
    }
}

/// One `NAME<<DELIMITER` record. The delimiter is random, so no value can end its own record.
fn record(name: &str, value: &str) -> Result<String> {
    let delimiter = format!("ghadelimiter_{}", Uuid::new_v4());
    // A last `<` would become a part of the `<<` that follows it.
    if name.is_empty() || name.contains(['\n', '\r', '=']) || name.contains("<<") || name.ends_with('<') {
        return Err(Error::failure(format!("{name:?} is not a valid name for an output, a variable or a state")));
    }
    if name.contains(&delimiter) || value.contains(&delimiter) {
        return Err(Error::failure(format!("the value of {name} contains the delimiter of its own record")));
    }
    Ok(format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

fn append(file: Option<&PathBuf>, text: &str) -> Result<()> {
    let Some(file) = file.filter(|_| !text.is_empty()) else { return Ok(()) };
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .context(|| format!("failed to write the runner's file {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_runner_would_misread_are_refused() {
        for name in ["", "a=b", "a<<b", "a\nb"] {
            assert!(record(name, "v").is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_summary_is_cut_at_a_character_and_stays_under_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("summary");
        let files = Files { summary: Some(file.clone()), ..Files::default() };
        files.append_summary(&"é".repeat(SUMMARY_LIMIT)).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.len() <= SUMMARY_LIMIT && text.ends_with("1 MiB.*\n"));
    }
}
