//! Patterns of `include` and `exclude` that match nothing.

use actions_core::Error;
use actions_core::runner::Annotation;
use bento_format::project::{Document, spoken};
use serde_json::Value;

use super::error;
use crate::packing::pattern::Pattern;
use crate::packing::{Listing, Written};
use crate::warnings::{name_in, warning};

/// What comes and goes, or is never taken: nobody need be told that an `exclude` for it matches nothing now.
const PASSING: [&str; 32] = [
    ".git/x",
    ".github/x",
    ".gitignore",
    ".gitattributes",
    ".dockerignore",
    ".bentoignore",
    ".venv/x",
    "venv/x",
    "env/x",
    ".env",
    ".env.local",
    "__pycache__/x.pyc",
    "x.pyc",
    "x.pyo",
    ".DS_Store",
    ".mypy_cache/x",
    ".pytest_cache/x",
    ".ruff_cache/x",
    ".tox/x",
    ".nox/x",
    ".ipynb_checkpoints/x",
    "node_modules/x",
    "dist/x",
    "build/x",
    "x.egg-info/x",
    ".idea/x",
    ".vscode/x",
    ".coverage",
    "htmlcov/x",
    "x.log",
    "logs/x",
    "tmp/x",
];

/// A warning for each pattern that matches no file of the project; an error for one that BentoML does not go along with.
pub(super) fn of(config: &Document, listing: &Listing) -> Vec<Annotation> {
    let mut found = Vec::new();
    for key in ["include", "exclude"] {
        // The letters of a text are said to be letters elsewhere.
        if !config.get(&format!("/{key}")).is_some_and(Value::is_array) {
            continue;
        }
        for (pointer, line) in Written::of(config, key).into_iter().flat_map(|written| written.lines) {
            found.extend(one(key, &pointer, &line, config, listing));
        }
    }
    found
}

fn one(key: &str, pointer: &str, line: &str, config: &Document, listing: &Listing) -> Option<Annotation> {
    let (name, place) = (name_in(config), spoken(pointer));
    if key == "include" && line.starts_with("../") {
        let outside = Error::input(format!("{name}: {place} leads out of the build context: {line:?}"));
        let hint = "Make the folder above the context (the input context), or link or copy the files into the project.";
        return Some(error(&outside.hint(hint).at(config.at(pointer))));
    }
    let pattern = match Pattern::parse(line) {
        Ok(Some(pattern)) => pattern,
        Ok(None) if line.trim().is_empty() || line.starts_with('#') => return None,
        Ok(None) => {
            let message =
                format!("{name}: {place} says nothing: {line:?} is passed over, as its bracket is never closed.");
            return Some(warning("Pattern that says nothing", message, Some(config.at(pointer))));
        }
        // Whoever reads the rules says so.
        Err(_) => return None,
    };
    let passes = (key == "exclude" || !pattern.takes) && PASSING.iter().any(|path| pattern.matches(path));
    if passes || listing.files.iter().any(|file| pattern.matches(&file.name)) {
        return None;
    }
    let message = format!(
        "{name}: {place} matches no file: {line:?}. Patterns have the form of .gitignore, and count from the build context."
    );
    Some(warning("Pattern that matches nothing", message, Some(config.at(pointer))))
}
