//! What is said at its place before it costs an evening: a version that YAML has changed, a Python that the project does not take.

use std::path::Path;

use actions_core::action::Context;
use actions_core::runner::{Annotation, Level};
use actions_core::{Error, Location};
use bento_format::project::Document;
use python_env::{Version, VersionSpecifiers};
use serde_json::Value;

const REQUIRES_PYTHON: &str = "/project/requires-python";

/// To YAML 3.10 is a number, and the same as 3.1. No BentoML runs on Python 3.1.
pub(crate) fn unquoted(python_version: &[String]) -> Option<Annotation> {
    let text = "input python-version: 3.1 is Python 3.1, which BentoML does not run on. YAML takes 3.10 without quotes for the number 3.1: \
                write \"3.10\".";
    python_version.iter().any(|form| form.trim() == "3.1").then(|| Annotation::new(Level::Warning, text))
}

/// A file that nobody has named cannot be read: the job goes on as if it was not there.
pub(crate) fn passed_over(file: &str, error: &Error) -> Annotation {
    let text = format!("{file} is passed over, and another Python may be chosen than it names: {}", error.full_text());
    Annotation::new(Level::Warning, text).at(error.location().cloned())
}

/// The versions of Python that a project takes, as its pyproject.toml says.
#[derive(Debug, Clone)]
pub(crate) struct Requires {
    text: String,
    specifiers: VersionSpecifiers,
    at: Location,
}

impl Requires {
    /// Of the project in this folder; `None` where it does not say, or not in a form that can be compared.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        let document = Document::toml(&folder.join("pyproject.toml")).ok()?;
        let text = document.get(REQUIRES_PYTHON).and_then(Value::as_str)?.to_owned();
        Some(Self { specifiers: text.parse().ok()?, text, at: document.at(REQUIRES_PYTHON) })
    }

    /// The warning where this Python is not among them.
    pub(crate) fn refuse(&self, python: &Version) -> Option<Annotation> {
        let text = format!(
            "requires-python is {:?}, and the chosen Python is {python}: pip and uv will refuse to install the project. Ask for one that fits \
             with python-version, or leave it empty and name this file in python-version-file.",
            self.text
        );
        let fits = self.specifiers.contains(python);
        (!fits).then(|| Annotation::new(Level::Warning, text).at(Some(self.at.clone())))
    }
}

/// Shows a warning, if there is one.
pub(crate) fn emit(warning: Option<Annotation>, ctx: &Context) {
    if let Some(warning) = warning {
        warning.emit(Some(ctx.workspace()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_yaml_has_changed_is_noticed() {
        for (forms, noticed) in
            [(&["3.1"][..], true), (&["3.12", " 3.1 "], true), (&["3.10"], false), (&["3.1.4", "3.11", ">=3.1"], false)]
        {
            let forms: Vec<_> = forms.iter().map(|form| (*form).to_owned()).collect();
            let warning = unquoted(&forms);
            assert_eq!(warning.is_some(), noticed, "{forms:?}");
            assert!(warning.is_none_or(|warning| warning.message.ends_with("write \"3.10\".")));
        }
    }

    #[test]
    fn a_python_that_the_project_does_not_take_is_shown_at_its_line() {
        let root = tempfile::tempdir().unwrap();
        for (file, python, line) in [
            ("[project]\nname = 'x'\nrequires-python = '>=3.12'\n", "3.11.7", Some(3)),
            ("[project]\nrequires-python = '>=3.10,<3.13'\n", "3.13.0", Some(2)),
            ("[project]\nrequires-python = '~=3.11'\n", "3.11.7", None),
            ("[project]\nrequires-python = 3.11\n", "3.9.1", None),
            ("[project]\nrequires-python = 'new'\n", "3.9.1", None),
            ("[project\n", "3.9.1", None),
        ] {
            std::fs::write(root.path().join("pyproject.toml"), file).unwrap();
            let warning = Requires::read(root.path()).and_then(|requires| requires.refuse(&python.parse().unwrap()));
            assert_eq!(warning.and_then(|warning| warning.at?.line), line, "{file} {python}");
        }
        assert!(Requires::read(&root.path().join("none")).is_none());
    }
}
