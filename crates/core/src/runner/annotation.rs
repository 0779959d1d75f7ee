//! Annotations: errors, warnings and notices that GitHub shows at a file and line, and on the run's page.

use std::path::Path;

use super::console::{self, Mode};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The step fails.
    Error,
    /// The step goes on, but a person should look.
    Warning,
    /// Good to know.
    Notice,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// One annotation. The runner keeps 10 of each level per step and cuts messages at 4096 characters.
#[derive(Debug, Clone)]
pub struct Annotation {
    /// How bad it is.
    pub level: Level,
    /// A short heading.
    pub title: Option<String>,
    /// What happened and what to do.
    pub message: String,
    /// File, line and column, each where known; lines and columns count from 1.
    pub at: Option<crate::Location>,
}

impl Annotation {
    /// An annotation without a place.
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Self { level, title: None, message: message.into(), at: None }
    }

    /// Adds the heading.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, at: Option<crate::Location>) -> Self {
        self.at = at;
        self
    }

    /// Shows it: a workflow command for the runner, a line on a terminal. `workspace` makes its file relative, as GitHub
    /// expects.
    pub fn emit(&self, workspace: Option<&Path>) {
        let file = self.at.as_ref().map(|at| {
            let relative = workspace.and_then(|workspace| at.file.strip_prefix(workspace).ok());
            relative.unwrap_or(&at.file).display().to_string()
        });
        let line = self.at.as_ref().and_then(|at| at.line);
        let column = self.at.as_ref().and_then(|at| at.column);
        if console::mode() == Mode::Runner {
            let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
            let properties = [
                ("title", self.title.clone().unwrap_or_default()),
                ("file", file.unwrap_or_default()),
                ("line", number(line)),
                ("col", number(column)),
            ];
            console::send(self.level.name(), &properties, &self.message);
        } else {
            let place = match (file, line) {
                (Some(file), Some(line)) => format!("{file}:{line}: "),
                (Some(file), None) => format!("{file}: "),
                _ => String::new(),
            };
            console::line(&format!("{}: {place}{}", self.level.name(), self.message));
        }
    }
}
