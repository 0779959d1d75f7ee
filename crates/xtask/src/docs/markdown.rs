//! The documents that a reader sees, and the fenced blocks in them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The first word after the fence.
    pub language: String,
    /// The line after the fence, from 1.
    pub line: usize,
    pub text: String,
}

/// The files with one of these endings that are for readers, sorted.
///
/// # Errors
///
/// When a folder cannot be listed.
pub(crate) fn files(root: &Path, endings: &[&str]) -> Result<Vec<PathBuf>> {
    let has_ending = |path: &Path| path.extension().is_some_and(|own| endings.iter().any(|ending| own == *ending));
    const ROOT: [&str; 4] = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
    let mut files: Vec<PathBuf> = ROOT.iter().map(|name| root.join(name)).collect();
    files.retain(|path| has_ending(path));
    for folder in ["actions", "docs", "examples", ".github"] {
        collect(&root.join(folder), &has_ending, &mut files)?;
    }
    files.sort();
    Ok(files)
}

/// Files below a folder, other than those of tools (`.venv` and the like, but `.github`).
///
/// # Errors
///
/// When a folder cannot be listed.
pub(crate) fn collect(folder: &Path, wanted: &dyn Fn(&Path) -> bool, files: &mut Vec<PathBuf>) -> Result<()> {
    let context = || format!("could not list {}", folder.display());
    if !folder.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name == ".github" || !name.starts_with('.') {
                collect(&path, wanted, files)?;
            }
        } else if wanted(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// The fenced blocks of a page, also those in lists.
pub(super) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
        let text = inside.map(|line| line.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let language = info.split_whitespace().next().unwrap_or_default().to_owned();
        blocks.push(Block { language, line: number + 2, text });
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_also_in_lists_with_their_language() {
        let page = "```console\n$ a: b\n```\ntext\n- item\n\n  ```yml title\n  b:\n    c: 2\n  ```\n";
        let block = |language: &str, line, text: &str| Block { language: language.into(), line, text: text.into() };
        assert_eq!(blocks(page), [block("console", 2, "$ a: b"), block("yml", 8, "b:\n  c: 2")]);
    }
}
