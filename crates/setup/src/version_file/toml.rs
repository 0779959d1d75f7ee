//! Files in TOML.

use std::path::Path;

use bento_core::{Error, Location, Result};
use toml::Value;

use super::Named;

pub(crate) type Table = toml::Table;

/// The versions that `of` finds in a file.
pub(super) fn read(text: &str, file: &Path, of: fn(&Table) -> Vec<String>) -> Result<Vec<Named>> {
    Ok(of(&parse(text, file)?).into_iter().map(|version| (None, version)).collect())
}

/// # Errors
/// When the text of this file is no TOML; with the line.
pub(crate) fn parse(text: &str, file: &Path) -> Result<Table> {
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.and_then(|before| u32::try_from(before.matches('\n').count() + 1).ok());
        let at = Location { file: file.to_owned(), line, column: None };
        Error::input(format!("{} is no TOML: {}", file.display(), error.message())).at(at)
    })
}

pub(super) fn of_pyproject(table: &Table) -> Vec<String> {
    let of_project = get(table, &["project", "requires-python"]);
    texts(of_project.or_else(|| get(table, &["tool", "poetry", "dependencies", "python"])))
}

pub(super) fn of_pipfile(table: &Table) -> Vec<String> {
    let full = get(table, &["requires", "python_full_version"]);
    texts(full.or_else(|| get(table, &["requires", "python_version"])))
}

pub(super) fn of_mise(table: &Table) -> Vec<String> {
    texts(get(table, &["tools", "python"]))
}

fn get<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, folders) = path.split_last()?;
    folders.iter().try_fold(table, |table, name| table.get(*name)?.as_table())?.get(*last)
}

/// A text, several, or mise's table with a version.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(all)) => all.iter().flat_map(|one| texts(Some(one))).collect(),
        Some(Value::Table(table)) => texts(table.get("version")),
        _ => Vec::new(),
    }
}
