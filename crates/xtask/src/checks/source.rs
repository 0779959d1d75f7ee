//! Rules over this project's own text that no compiler knows.
//!
//! | rule | why |
//! |---|---|
//! | [`variables`] | a variable's name is written once, in `actions_core::env`, so that all readers of it are found |
//! | [`layers`] | who may use whom is the table of docs/architecture.md |
//! | [`phrases`] | messages, comments and pages are plain English: see STYLE.md |

mod layers;
mod phrases;
mod variables;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::docs::markdown;

/// The crates that an action is made of.
const SHIPPED: [&str; 13] = [
    "actions-cache",
    "archive",
    "bento-actions",
    "bento-format",
    "bentocloud",
    "build-bento",
    "containerize-push",
    "core",
    "deploy-bento",
    "huggingface",
    "python-env",
    "registry",
    "setup",
];

/// Files below `src` that only tests are made of.
const TESTS: [&str; 4] = ["tests.rs", "testing.rs", "judge.rs", "table.rs"];

/// What breaks a rule: a line each, with file and line number.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut sources = Vec::new();
    for name in SHIPPED {
        let folder = root.join("crates").join(name).join("src");
        let is_code = |path: &Path| {
            let is_test = TESTS.iter().any(|name| path.file_name().is_some_and(|own| own == *name));
            path.extension().is_some_and(|ending| ending == "rs") && !is_test
        };
        markdown::collect(&folder, &is_code, &mut sources)?;
    }
    let mut found = Vec::new();
    for path in sources {
        let text = read(&path)?;
        found.extend(variables::literals(&text).into_iter().map(|(line, name)| {
            format!(
                "{}:{line}: declare the variable {name} in actions_core::env, or in this crate's variables.rs",
                shown(root, &path)
            )
        }));
    }
    found.extend(layers::problems(root, &SHIPPED)?);
    for path in pages_and_sources(root)? {
        for (line, phrase) in phrases::found(&read(&path)?) {
            found.push(format!("{}:{line}: {}", shown(root, &path), phrase.remedy()));
        }
    }
    Ok(found)
}

/// Everything that somebody reads: the pages, the actions, the workflows and all sources.
fn pages_and_sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = markdown::files(root, &["md", "yml"])?;
    let is_source = |path: &Path| path.extension().is_some_and(|ending| ending == "rs" || ending == "py");
    // The list of phrases holds them all.
    let is_wanted = |path: &Path| is_source(path) && !path.ends_with("checks/source/phrases.rs");
    markdown::collect(&root.join("crates"), &is_wanted, &mut files)?;
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout;

    #[test]
    fn this_project_keeps_its_own_rules() {
        assert_eq!(problems(&layout::root()).expect("files can be read"), [""; 0]);
    }
}
