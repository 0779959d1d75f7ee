//! Files in TOML.

use std::path::Path;

use actions_core::Result;
use bento_format::project::Document;
use serde_json::Value;

use super::Named;

/// Where the version stands, as JSON pointers: the first that is there.
pub(super) const OF_PYPROJECT: [&str; 2] = ["/project/requires-python", "/tool/poetry/dependencies/python"];
pub(super) const OF_PIPFILE: [&str; 2] = ["/requires/python_full_version", "/requires/python_version"];
pub(super) const OF_MISE: [&str; 1] = ["/tools/python"];

/// The versions in a file, with their lines.
///
/// # Errors
/// When it is not TOML.
pub(super) fn read(file: &Path, pointers: &[&str]) -> Result<Vec<Named>> {
    let document = Document::toml(file)?;
    let mut found = Vec::new();
    if let Some(pointer) = pointers.iter().find(|pointer| document.get(pointer).is_some()) {
        add(&document, pointer, &mut found);
    }
    Ok(found)
}

/// A text, several, or mise's table with a version.
fn add(document: &Document, pointer: &str, found: &mut Vec<Named>) {
    match document.get(pointer) {
        Some(Value::String(text)) => found.push((document.at(pointer).line, text.clone())),
        Some(Value::Array(all)) => (0..all.len()).for_each(|at| add(document, &format!("{pointer}/{at}"), found)),
        Some(Value::Object(_)) => add(document, &format!("{pointer}/version"), found),
        _ => {}
    }
}
