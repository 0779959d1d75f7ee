//! Every example that a reader may copy: workflows, and YAML blocks of Markdown pages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_yaml::Value;

use super::workflow;

const EXTENSIONS: [&str; 3] = ["md", "yml", "yaml"];

/// What is wrong in the examples of the checkout, one line each, with the file and line.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut files = vec![root.join("README.md")];
    for folder in ["actions", "docs", "examples", ".github"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut problems = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("could not read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        if file.extension().is_some_and(|extension| extension == "md") {
            for block in blocks(&text) {
                problems.extend(within(&format!("{name}:{}", block.line), &block.text));
            }
        } else {
            problems.extend(within(&name, &text));
        }
    }
    Ok(problems)
}

/// Markdown and YAML files below a folder, other than those of tools (`.venv` and the like, but `.github`).
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let context = || format!("could not list {}", folder.display());
    if !folder.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name == ".github" || !name.starts_with('.') {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|ending| EXTENSIONS.iter().any(|known| ending == *known)) {
            files.push(path);
        }
    }
    Ok(())
}

fn within(place: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match Value::deserialize(document) {
            Ok(document) => problems.extend(workflow::problems(&document)),
            Err(error) => {
                problems.push(format!("not YAML: {error}"));
                break; // the parser would report the same place again
            }
        }
    }
    problems.into_iter().map(|problem| format!("{place}: {problem}")).collect()
}

/// A fenced block of YAML in a Markdown page.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// The line after the fence, from 1.
    line: usize,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
        let text = inside.map(|line| line.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join("\n");
        if ["yaml", "yml"].contains(&language.split_whitespace().next().unwrap_or_default()) {
            blocks.push(Block { line: number + 2, text });
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_blocks_are_found_also_in_lists_and_others_are_not() {
        let page =
            "```console\n$ a: b\n```\ntext\n```yaml\na: 1\n```\n- item\n\n  ```yml title\n  b:\n    c: 2\n  ```\n";
        let block = |line, text: &str| Block { line, text: text.into() };
        assert_eq!(blocks(page), [block(6, "a: 1"), block(11, "b:\n  c: 2")]);
    }

    #[test]
    fn a_problem_names_its_place() {
        let found = within("docs/x.md:7", "- uses: ./actions/nothing\n");
        assert_eq!(found, ["docs/x.md:7: `uses: ./actions/nothing`: there is no action nothing"]);
        assert!(within("x", "a: [").first().is_some_and(|problem| problem.starts_with("x: not YAML")));
    }
}
