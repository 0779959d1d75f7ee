//! Tests that a page names for what it promises: (`crates/core/tests/mask.rs`: `name_of_a_test`, `of_another_one`).

use std::path::Path;

use anyhow::{Context, Result};

use super::markdown;

/// What is wrong, one text each: a test that a page names and that is not there.
///
/// # Errors
///
/// When a page cannot be read.
pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in markdown::files(root, &["md"])? {
        let page = std::fs::read_to_string(&file).with_context(|| format!("could not read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display();
        for (line, path, test) in named(&page) {
            match std::fs::read_to_string(root.join(path)) {
                Err(_) => problems.push(format!("{name}:{line}: there is no {path}")),
                Ok(source) if !source.contains(&format!("fn {test}(")) => {
                    problems.push(format!("{name}:{line}: {path} has no test {test}"));
                }
                Ok(_) => {}
            }
        }
    }
    Ok(problems)
}

/// The line on the page, the file and the name of each test.
fn named(page: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    for (number, line) in page.lines().enumerate() {
        // Every second piece is code.
        let pieces: Vec<_> = line.split('`').collect();
        let mut path = None;
        for (at, code) in pieces.iter().enumerate().skip(1).step_by(2) {
            let before = pieces[at - 1].trim();
            if code.starts_with("crates/") && code.ends_with(".rs") {
                path = Some(*code);
            } else if let Some(path) = path.filter(|_| before == ":" || before == ",") {
                found.push((number + 1, path, *code));
            } else {
                path = None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_behind_their_file() {
        let page = "Masked.\nKept (`crates/a/tests/b.rs`: `one`, `two`; `crates/a/src/c.rs`: `three`). See `crates/d/src/e.rs`, or `x`.\n";
        let found = named(page);
        let (b, c) = ("crates/a/tests/b.rs", "crates/a/src/c.rs");
        let expected = [(2, b, "one"), (2, b, "two"), (2, c, "three")];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_test_that_is_not_there_is_a_problem() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let tests = folder.path().join("crates/a/tests");
        std::fs::create_dir_all(&tests).expect("a folder");
        std::fs::write(tests.join("b.rs"), "#[test]\nfn one() {}\n").expect("write");
        let page = "(`crates/a/tests/b.rs`: `one`, `two`)\n(`crates/a/tests/c.rs`: `one`)\n";
        for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
            std::fs::write(folder.path().join(name), "").expect("write");
        }
        std::fs::write(folder.path().join("SECURITY.md"), page).expect("write");
        for name in ["actions", "docs", "examples", ".github"] {
            std::fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        let problems = problems(folder.path()).expect("it can be read");
        assert_eq!(
            problems,
            ["SECURITY.md:1: crates/a/tests/b.rs has no test two", "SECURITY.md:2: there is no crates/a/tests/c.rs"]
        );
    }
}
