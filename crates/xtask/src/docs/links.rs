//! Links within the documents: to files and to headings, by the names that GitHub gives those.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::markdown;

/// Every link of a page to a file that does not exist, or to a heading that no such page has.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for file in markdown::files(root, &["md"])? {
        let text = std::fs::read_to_string(&file).with_context(|| format!("could not read {}", file.display()))?;
        pages.insert(file, text);
    }
    let anchors: BTreeMap<&Path, Vec<String>> =
        pages.iter().map(|(file, text)| (file.as_path(), anchors(text))).collect();
    let mut problems = Vec::new();
    for (file, text) in &pages {
        let name = file.strip_prefix(root).unwrap_or(file).display();
        for link in prose(text).flat_map(links).filter(|link| !link.contains(':')) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { file.clone() } else { normal(&file.with_file_name("").join(path)) };
            if !target.exists() {
                problems.push(format!("{name}: the link {link} leads to no file"));
            } else if !anchor.is_empty()
                && !anchors.get(target.as_path()).is_some_and(|known| known.iter().any(|known| known == anchor))
            {
                problems.push(format!("{name}: the link {link} leads to no heading"));
            }
        }
    }
    Ok(problems)
}

/// The path without `..`: a page is known by it.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// The lines outside fenced blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        !inside && !is_fence
    })
}

/// The targets of `[text](target)`, but not within `code`, where they mean nothing.
fn links(line: &str) -> Vec<&str> {
    let starts = line.match_indices("](").map(|(at, _)| at);
    let links = starts.filter(|at| line[..*at].matches('`').count().is_multiple_of(2));
    links.filter_map(|at| Some(line[at + 2..].split_once(')')?.0)).collect()
}

/// The anchors of the headings; of two with one text, the second ends with `-1`.
fn anchors(page: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for heading in prose(page).filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let anchor: String = text.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect();
        let times = seen.entry(anchor.clone()).or_default();
        anchors.push(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_names_that_github_gives_them() {
        let page = "# Five lines\n## `registry.yml`, or: it's\n```sh\n# no heading\n```\n## Five lines\n";
        assert_eq!(anchors(page), ["five-lines", "registryyml-or-its", "five-lines-1"]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let docs = folder.path().join("docs");
        std::fs::create_dir(&docs).expect("folder");
        std::fs::write(folder.path().join("README.md"), "# Top\n").expect("write");
        let page = "# Here\n[a](../README.md#top) [b](#here) [c](https://x.example/y) `[d](nothing.md)`\n\
                    [e](nothing.md) and [f](../README.md#bottom), [g](#there)\n```text\n[h](nothing.md)\n```\n";
        std::fs::write(docs.join("a.md"), page).expect("write");
        let problem = |link: &str, what: &str| format!("docs/a.md: the link {link} leads to no {what}");
        let expected =
            [problem("nothing.md", "file"), problem("../README.md#bottom", "heading"), problem("#there", "heading")];
        // The other pages of a checkout are listed whether they exist or not.
        for name in ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
            std::fs::write(folder.path().join(name), "").expect("write");
        }
        assert_eq!(problems(folder.path()).expect("readable"), expected);
    }
}
