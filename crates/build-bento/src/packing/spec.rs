//! Which files of a project a Bento takes: the lists `include` and `exclude`, and every `.bentoignore`.
//!
//! Source: `BentoPathSpec` of BentoML 1.4, `_internal/bento/build_config.py`.

use bento_format::project::{Document, step};
use bento_format::python_text;
use serde_json::Value;

use actions_core::{Error, Location, Result, text};

use super::Listing;
use super::pattern::Pattern;

/// What BentoML takes where nothing is said.
const ALL: &str = "*";

/// Patterns in their order: of those that match a path, the last decides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Reads lines, each with what names its place.
    ///
    /// # Errors
    /// The first line that pathspec refuses, at its place.
    fn of<'a>(lines: impl Iterator<Item = (&'a str, Location)>) -> Result<Self> {
        let mut patterns = Vec::new();
        for (line, at) in lines {
            let read = Pattern::parse(line).map_err(|invalid| {
                let name = at.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Error::input(format!("{name}: the pattern {:?} is not valid: {invalid}", line.trim_end()))
                    .hint("Correct it; the form is that of .gitignore.")
                    .at(at)
            });
            patterns.extend(read?);
        }
        Ok(Self(patterns))
    }

    /// Does the list take in this path?
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.iter().rev().find(|pattern| pattern.matches(path)).is_some_and(|pattern| pattern.takes)
    }
}

/// A list of patterns of the build configuration.
pub(crate) struct Written {
    /// Each with its JSON pointer; the letters of a text, as BentoML has it.
    pub(crate) lines: Vec<(String, String)>,
}

impl Written {
    /// The list below a key; `None` where it is not there.
    pub(crate) fn of(config: &Document, key: &str) -> Option<Self> {
        let pointer = step(key);
        let lines = match config.get(&pointer)? {
            Value::Array(items) => {
                let lines = items.iter().enumerate();
                lines.map(|(index, item)| (format!("{pointer}/{index}"), python_text(item))).collect()
            }
            Value::String(text) => text.chars().map(|letter| (pointer.clone(), letter.to_string())).collect(),
            _ => return None,
        };
        Some(Self { lines })
    }

    fn patterns(&self, config: &Document) -> Result<Patterns> {
        Patterns::of(self.lines.iter().map(|(pointer, line)| (line.as_str(), config.at(pointer))))
    }
}

/// The rules of one project.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    include: Patterns,
    exclude: Patterns,
    /// What the `.bentoignore` of a folder leaves out of it. A folder ends with `/`, the project itself is empty.
    ignored: Vec<(String, Patterns)>,
}

impl Rules {
    /// Reads the rules of a project: its build configuration, and the `.bentoignore` files of the listing.
    ///
    /// # Errors
    /// A pattern that is not valid, at its place; a `.bentoignore` that cannot be read.
    pub(crate) fn of(config: Option<&Document>, listing: &Listing) -> Result<Self> {
        let list = |key: &str| {
            let written = config.and_then(|config| Some((Written::of(config, key)?, config)));
            written.map(|(written, config)| written.patterns(config)).transpose()
        };
        let everything = || {
            let at = Location { file: ALL.into(), line: None, column: None };
            Patterns::of([(ALL, at)].into_iter())
        };
        let mut ignored = Vec::new();
        for (folder, file) in &listing.ignore_files {
            // Python reads any end of a line as this one, and hands it on with the line.
            let text = text::read(file)?.replace("\r\n", "\n").replace('\r', "\n");
            let at = |line| Location { file: file.clone(), line: Some(line), column: None };
            let lines = text.split_inclusive('\n').zip(1..).map(|(line, number)| (line, at(number)));
            ignored.push((folder.clone(), Patterns::of(lines)?));
        }
        Ok(Self {
            include: list("include")?.map_or_else(everything, Ok)?,
            exclude: list("exclude")?.unwrap_or_default(),
            ignored,
        })
    }

    /// Does the Bento take this file? Its path counts from the project. What no Bento takes is not in a listing.
    pub(crate) fn take(&self, path: &str) -> bool {
        self.include.matches(path)
            && !self.exclude.matches(path)
            && !self.ignored.iter().any(|(folder, patterns)| {
                path.strip_prefix(folder.as_str()).is_some_and(|inside| patterns.matches(inside))
            })
    }
}
