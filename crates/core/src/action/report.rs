//! What an action tells at its end: outputs and a summary, rendered in one place.

use std::path::Path;

use super::{ActionSpec, Context};
use crate::runner::console::{self, Mode};
use crate::runner::{Annotation, Level, Summary};
use crate::{Error, Result};

/// Outputs and summary in the making. Written also when the action fails, with what is known by then.
#[derive(Debug)]
pub struct Report {
    spec: ActionSpec,
    outputs: Vec<(String, String)>,
    /// Appended to the step's summary.
    pub summary: Summary,
}

impl Report {
    /// An empty report of this action.
    pub fn new(spec: ActionSpec) -> Self {
        Self { spec, outputs: Vec::new(), summary: Summary::default() }
    }

    /// Sets an output that the action declares; the last value counts. One that it does not declare is a defect, which
    /// [`Self::write`] reports: nobody could rely on it.
    pub fn output(&mut self, name: &str, value: impl Into<String>) {
        self.outputs.retain(|(known, _)| known != name);
        self.outputs.push((name.to_owned(), value.into()));
    }

    /// The outputs set so far.
    pub fn outputs(&self) -> &[(String, String)] {
        &self.outputs
    }

    /// Writes outputs and summary to the runner's files; on a terminal the outputs are lines.
    pub(super) fn write(&self, ctx: &Context) -> Result<()> {
        let (declared, others): (Vec<_>, Vec<_>) = self
            .outputs
            .iter()
            .cloned()
            .partition(|(name, _)| self.spec.outputs.iter().any(|output| output.name == name));
        let other = |name: &str| Some(name.replace('-', "_")).filter(|other| self.spec.two_spellings && other != name);
        let others_too = declared.iter().filter_map(|(name, value)| Some((other(name)?, value.clone())));
        let written: Vec<_> = declared.iter().cloned().chain(others_too).collect();
        ctx.files.set_outputs(&written)?;
        ctx.files.append_summary(self.summary.markdown())?;
        if console::mode() == Mode::Terminal {
            for (name, value) in &declared {
                console::line(&format!("{name} = {value}"));
            }
        }
        match others.first() {
            Some((name, _)) => {
                Err(Error::failure(format!("{} sets the output {name}, which it does not declare", self.spec.name))
                    .hint("This is a defect of the action: report it."))
            }
            None => Ok(()),
        }
    }
}

/// Shows the error that ends a run as exactly one annotation.
pub(super) fn show_error(error: &Error, title: &str, workspace: Option<&Path>) {
    Annotation::new(Level::Error, error.full_text()).title(title).at(error.location().cloned()).emit(workspace);
}
