//! What a `.dockerignore` leaves out of a context, for an engine whose client has to know.
//!
//! Source: "Build context", `.dockerignore` files, of docker's documentation: Go's `filepath.Match`, `**`, and `!`.

use std::path::Path;

use bento_core::{Error, Result};
use regex::Regex;

/// The rules of one file; the last that matches wins.
#[derive(Debug, Default)]
pub(crate) struct Ignore(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    keeps: bool,
    pattern: Regex,
}

impl Ignore {
    /// # Errors
    /// A pattern cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rules = lines.map(|line| {
            let (keeps, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
            let pattern = Regex::new(&translated(pattern)).map_err(|error| {
                Error::input(format!(".dockerignore: the pattern {line:?} cannot be read: {error}"))
            })?;
            Ok(Rule { keeps, pattern })
        });
        Ok(Self(rules.collect::<Result<_>>()?))
    }

    /// Is it left out? A rule for a folder is one for all below.
    pub(crate) fn leaves_out(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        self.0.iter().rev().find(|rule| rule.pattern.is_match(&path)).is_some_and(|rule| !rule.keeps)
    }

    /// May something below a folder that is left out be kept?
    pub(crate) fn has_exceptions(&self) -> bool {
        self.0.iter().any(|rule| rule.keeps)
    }
}

fn translated(pattern: &str) -> String {
    let clean = pattern.trim_matches('/').trim_start_matches("./");
    let mut text = String::from("^");
    let mut rest = clean;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            text.push_str("(?:.*/)?");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("**") {
            text.push_str(".*");
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => text.push_str("[^/]*"),
            '?' => text.push_str("[^/]"),
            '[' => {
                let end = rest.find(']').map_or(rest.len(), |end| end + 1);
                text.push('[');
                text.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            '\\' => {
                let next = rest.chars().next().unwrap_or('\\');
                text.push_str(&regex::escape(&next.to_string()));
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
            }
            c => text.push_str(&regex::escape(&c.to_string())),
        }
    }
    text.push_str("(?:/.*)?$");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_docker_does() {
        let ignore = Ignore::parse("# why\n*.log\n/tmp/\n**/cache\ndata/**\n!data/keep*\n[ab].txt\n").unwrap();
        for (path, expected) in [
            ("a.log", true),
            ("src/a.log", false),
            ("tmp", true),
            ("tmp/x/y", true),
            ("src/tmp", false),
            ("cache", true),
            ("a/b/cache/c", true),
            ("data/x/y", true),
            ("data/keep.csv", false),
            ("a.txt", true),
            ("c.txt", false),
            ("service.py", false),
        ] {
            assert_eq!(ignore.leaves_out(Path::new(path)), expected, "{path}");
        }
        assert!(Ignore::parse("[").is_err());
        assert!(!Ignore::default().leaves_out(Path::new("x")));
    }
}
