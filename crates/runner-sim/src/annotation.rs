//! Annotations: what `::error::`, `::warning::` and `::notice::` leave on the run's page.
//!
//! Rules: actions/runner, `IssueCommandExtension` in `ActionCommandManager.cs`, `AddIssue` in `ExecutionContext.cs`.

use std::path::Path;

use serde::Serialize;

use crate::command::Command;

/// How many annotations of each level a step may keep.
pub(crate) const KEPT_PER_LEVEL: usize = 10;
/// Where a message is cut, in UTF-16 code units (.NET's string length).
const MESSAGE_LENGTH: usize = 4096;

/// How grave an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// `::error::`
    Error,
    /// `::warning::`
    Warning,
    /// `::notice::`
    Notice,
}

impl Level {
    /// The name of the workflow command and of the tag in the log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// A message of a step, perhaps at a place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// How grave it is.
    pub level: Level,
    /// Masked, cut at 4096 UTF-16 code units; may hold line breaks.
    pub message: String,
    /// What stands above the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Relative to the workspace when it lies in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// First line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Last line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// First column, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub col: Option<u32>,
    /// Last column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
}

impl Annotation {
    /// A message at no place.
    pub(crate) fn plain(level: Level, message: &str) -> Self {
        let message = cut(message);
        Self { level, message, title: None, file: None, line: None, end_line: None, col: None, end_column: None }
    }

    /// From a workflow command, places that make no sense dropped as the runner drops them. Not masked yet.
    pub(crate) fn from_command(level: Level, command: &Command, workspace: &Path) -> Self {
        let text = |name| command.property(name).map(str::to_owned);
        let number = |name| command.property(name).and_then(|value| value.trim().parse().ok());
        let mut annotation = Self {
            title: text("title"),
            file: text("file").map(|file| relative(&file, workspace)),
            line: number("line"),
            end_line: number("endLine"),
            col: number("col"),
            end_column: number("endColumn"),
            ..Self::plain(level, "")
        };
        annotation.message.clone_from(&command.data);
        annotation.validate_place();
        annotation
    }

    fn validate_place(&mut self) {
        self.line = self.line.or(self.end_line);
        self.col = self.col.or(self.end_column);
        let several_lines = self.end_line.is_some() && self.end_line != self.line;
        let backwards = matches!((self.col, self.end_column), (Some(from), Some(to)) if to < from);
        if self.line.is_none() || several_lines || backwards {
            (self.col, self.end_column) = (None, None);
        }
        if matches!((self.line, self.end_line), (Some(from), Some(to)) if to < from) {
            (self.line, self.end_line) = (None, None);
        }
    }

    /// Applies `mask` to all texts, then cuts the message: a secret is never cut in half.
    pub(crate) fn masked(mut self, mask: impl Fn(&str) -> String) -> Self {
        self.message = cut(&mask(&self.message));
        self.title = self.title.map(|title| mask(&title));
        self.file = self.file.map(|file| mask(&file));
        self
    }
}

fn relative(file: &str, workspace: &Path) -> String {
    match Path::new(file).strip_prefix(workspace) {
        Ok(inside) if !inside.as_os_str().is_empty() => inside.to_string_lossy().replace('\\', "/"),
        _ => file.to_owned(),
    }
}

fn cut(message: &str) -> String {
    let mut units = 0;
    let whole = message.chars().take_while(|character| {
        units += character.len_utf16();
        units <= MESSAGE_LENGTH
    });
    whole.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(properties: &str) -> [Option<u32>; 4] {
        let line = format!("::error {properties}::x");
        let command = Command::parse(&line, &["error".to_owned()].into()).expect("a command");
        let a = Annotation::from_command(Level::Error, &command, Path::new("/w"));
        [a.line, a.end_line, a.col, a.end_column]
    }

    #[test]
    fn places_that_make_no_sense_are_dropped() {
        assert_eq!(place("line=3,endLine=3,col=1,endColumn=4"), [Some(3), Some(3), Some(1), Some(4)]);
        assert_eq!(place("line=3,endLine=5,col=1,endColumn=4"), [Some(3), Some(5), None, None]);
        assert_eq!(place("col=1"), [None; 4]);
        assert_eq!(place("endLine=7"), [Some(7), Some(7), None, None]);
        assert_eq!(place("line=7,endLine=6"), [None; 4]);
        assert_eq!(place("line=7,col=5,endColumn=4"), [Some(7), None, None, None]);
        assert_eq!(place("line=7,endColumn=4"), [Some(7), None, Some(4), Some(4)]);
        assert_eq!(place("line=x"), [None; 4]);
    }

    #[test]
    fn files_in_the_workspace_become_relative() {
        assert_eq!(relative("/w/src/service.py", Path::new("/w")), "src/service.py");
        assert_eq!(relative("/elsewhere/service.py", Path::new("/w")), "/elsewhere/service.py");
        assert_eq!(relative("service.py", Path::new("/w")), "service.py");
    }

    #[test]
    fn messages_are_cut_by_utf16_length() {
        assert_eq!(cut(&"x".repeat(5000)).len(), 4096);
        assert_eq!(cut(&"😀".repeat(5000)).chars().count(), 2048);
    }
}
