//! The repository as its users' workflows name it: a release tree, and stand-ins for the actions of others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository and tag that users write; the account is a stand-in in the documents, too.
pub(super) const REPOSITORY: &str = "OWNER/bento-actions";
/// The tag that users write there.
pub(crate) const TAG: &str = "v1";
/// "This repository at this commit", which act does not know.
const SELF: &str = "uses: $/";
/// act copies the work tree at this action by itself.
const CHECKOUT: &str = "actions/checkout@";

/// Names the parts of this repository in its own files as users name them.
///
/// # Errors
///
/// A file cannot be read or written.
pub(super) fn name_released(tree: &Path) -> Result<()> {
    for file in yaml_files(tree)? {
        let text = read(&file)?;
        if !text.contains(SELF) {
            continue;
        }
        let lines: Vec<String> = text.lines().map(released).collect();
        fs::write(&file, lines.join("\n") + "\n").with_context(|| format!("could not write {}", file.display()))?;
    }
    Ok(())
}

fn released(line: &str) -> String {
    match line.split_once(SELF) {
        Some((before, path)) => format!("{before}uses: {REPOSITORY}/{}@{TAG}", path.trim_end()),
        None => line.to_owned(),
    }
}

/// The actions of others that the files of the tree use, as `owner/name@ref`.
///
/// # Errors
///
/// A file cannot be read.
pub(super) fn foreign_actions(tree: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for file in yaml_files(tree)? {
        for line in read(&file)?.lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            let used = used.split_whitespace().next().unwrap_or_default();
            if used.contains('@') && !used.starts_with(REPOSITORY) && !used.starts_with(CHECKOUT) {
                found.insert(used.to_owned());
            }
        }
    }
    Ok(found)
}

/// Writes an action that tells its inputs, gives a token where it is asked for one, and fails where its input `path`
/// names no file.
///
/// # Errors
///
/// It cannot be written.
pub(super) fn stand_in(folder: &Path, action: &str) -> Result<()> {
    const METADATA: &str = "name: stand-in\ndescription: tells its inputs\nruns: { using: node24, main: main.js }\n";
    let script = format!(
        "const inputs = Object.entries(process.env).filter(([name]) => name.startsWith('INPUT_'))\n\
         console.log('told: {action}=' + JSON.stringify(Object.fromEntries(inputs)))\n\
         const fs = require('node:fs')\n\
         if (process.env.INPUT_TOKEN_FORMAT) fs.appendFileSync(process.env.GITHUB_OUTPUT, 'access_token=stand-in\\n')\n\
         const file = process.env.INPUT_PATH\n\
         if (file && !fs.existsSync(file)) throw new Error('there is no ' + file)\n",
        action = action.split('@').next().unwrap_or_default(),
    );
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    for (name, text) in [("action.yml", METADATA), ("main.js", &script)] {
        fs::write(folder.join(name), text).with_context(|| format!("could not write a stand-in for {action}"))?;
    }
    Ok(())
}

/// The reusable workflows and composite actions of the tree, by their paths in it.
///
/// # Errors
///
/// A file cannot be read.
pub(super) fn to_be_run(tree: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for file in yaml_files(tree)? {
        let text = read(&file)?;
        if text.contains("\n  workflow_call:") || text.contains("\n  using: composite") {
            let path = file.strip_prefix(tree).context("it stands in the tree")?;
            found.insert(path.to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

/// The workflows of the repository and the metadata of its actions.
fn yaml_files(tree: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in [tree.join(".github/workflows"), tree.join("actions")] {
        for entry in entries(&folder)? {
            if entry.is_dir() {
                files.extend(entries(&entry)?);
            } else {
                files.push(entry);
            }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yml") && file.is_file());
    Ok(files)
}

/// What stands in the folder, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listed.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_this_repository_get_the_names_that_users_write() {
        let line = "      - uses: $/actions/setup";
        assert_eq!(released(line), "      - uses: OWNER/bento-actions/actions/setup@v1");
        assert_eq!(released("uses: actions/checkout@v7"), "uses: actions/checkout@v7");
    }
}
