//! Every example that a reader may copy: workflows, and YAML blocks of Markdown pages.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_yaml::Value;

use super::interface::Interface;
use super::markdown::{self, Block};
use super::workflow;

const EXTENSIONS: [&str; 3] = ["md", "yml", "yaml"];

/// What is wrong in the examples of the checkout, one line each, with the file and line.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn problems(root: &Path, suite: &[Interface]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in markdown::files(root, &EXTENSIONS)? {
        let text = std::fs::read_to_string(&file).with_context(|| format!("could not read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        if file.extension().is_some_and(|extension| extension == "md") {
            for block in markdown::blocks(&text).iter().filter(|block| is_yaml(block)) {
                problems.extend(within(&format!("{name}:{}", block.line), &block.text, suite));
            }
        } else {
            problems.extend(within(&name, &text, suite));
        }
    }
    Ok(problems)
}

fn is_yaml(block: &Block) -> bool {
    ["yaml", "yml"].contains(&block.language.as_str())
}

fn within(place: &str, text: &str, suite: &[Interface]) -> Vec<String> {
    let mut problems = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match Value::deserialize(document) {
            Ok(document) => problems.extend(workflow::problems(&document, suite)),
            Err(error) => {
                problems.push(format!("not YAML: {error}"));
                break; // the parser would report the same place again
            }
        }
    }
    problems.into_iter().map(|problem| format!("{place}: {problem}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_its_place() {
        let found = within("docs/x.md:7", "- uses: ./actions/nothing\n", &[]);
        assert_eq!(found, ["docs/x.md:7: `uses: ./actions/nothing`: there is no action nothing"]);
        assert!(within("x", "a: [", &[]).first().is_some_and(|problem| problem.starts_with("x: not YAML")));
    }
}
