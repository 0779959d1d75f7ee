//! What a `.dockerignore` leaves out of a context, for an engine whose client has to know.
//!
//! Source: "`.dockerignore` files" of docker's documentation. Its own matcher, `github.com/moby/patternmatcher`, judges the
//! tests.

use std::path::Path;

use actions_core::{Error, Result};
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
    /// A pattern cannot be read; its line is named.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
        let rules = lines.map(|(number, line)| {
            let wrong = |why: &str| {
                let text =
                    format!(".dockerignore, line {}: the pattern {:?} {why}", number.saturating_add(1), line.trim());
                Err(Error::input(text).hint("Write a pattern as Go's filepath.Match reads it."))
            };
            let (keeps, pattern) = line.trim().strip_prefix('!').map_or((false, line), |rest| (true, rest));
            if keeps && pattern.trim().chars().all(|c| c == '/') {
                return wrong("keeps nothing");
            }
            let pattern = cleaned(pattern.trim());
            match translated(&pattern).and_then(|pattern| Regex::new(&pattern).ok()) {
                Some(pattern) => Ok(Rule { keeps, pattern }),
                None => wrong("has a bracket that is never closed, or ends in the middle"),
            }
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

/// The shortest path that says the same, from the context on.
fn cleaned(pattern: &str) -> String {
    let rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match parts.last() {
            Some(&last) if part == ".." && last != ".." => drop(parts.pop()),
            None if part == ".." && rooted => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// How the pattern is looked for: docker takes shortcuts, which match more than the pattern says.
enum Kind {
    Exact,
    /// `a**`: whatever begins so.
    Prefix,
    /// `**a`: whatever ends so.
    Suffix,
    Pattern,
}

/// As a regular expression; none where the pattern ends in the middle.
fn translated(pattern: &str) -> Option<String> {
    const BELOW: &str = "(?:/.*)?$";
    // It is neither a path of the context nor above one.
    if pattern.is_empty() {
        return Some("^$.".into());
    }
    let (mut text, mut kind) = (String::new(), Kind::Exact);
    let mut rest = pattern.chars().peekable();
    let mut first = true;
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                kind = match (rest.peek(), kind) {
                    (None, Kind::Exact) => Kind::Prefix,
                    (None, _) => {
                        text.push_str(".*");
                        Kind::Pattern
                    }
                    (Some(_), _) => {
                        text.push_str("(?:.*/)?");
                        Kind::Pattern
                    }
                };
                if first {
                    kind = Kind::Suffix;
                }
            }
            '*' => (kind, _) = (Kind::Pattern, text.push_str("[^/]*")),
            '?' => (kind, _) = (Kind::Pattern, text.push_str("[^/]")),
            '\\' => {
                text.push_str(&regex::escape(&rest.next()?.to_string()));
                kind = Kind::Pattern;
            }
            '[' => {
                text.push_str(&class(&mut rest)?);
                kind = Kind::Pattern;
            }
            c => text.push_str(&regex::escape(&c.to_string())),
        }
        first = false;
    }
    Some(match kind {
        Kind::Exact | Kind::Pattern => format!("^{text}{BELOW}"),
        Kind::Prefix => format!("^{text}"),
        Kind::Suffix => {
            let end = pattern.get(2..).unwrap_or_default();
            let alone = end.strip_prefix('/').map(|end| format!("^{}{BELOW}|", regex::escape(end))).unwrap_or_default();
            format!("{alone}{}{BELOW}", regex::escape(end))
        }
    })
}

/// A class of characters, up to its `]`; none where there is no end, or nothing in it.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::from(if rest.next_if_eq(&'^').is_some() { "[^" } else { "[" });
    let start = text.len();
    loop {
        match rest.next()? {
            ']' if text.len() == start => return None,
            ']' => break,
            '-' => text.push('-'),
            '\\' => text.push_str(&regex::escape(&rest.next()?.to_string())),
            c => text.push_str(&regex::escape(&c.to_string())),
        }
    }
    text.push(']');
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What docker's matcher says of 359 files of rules and 25 paths, the first of them written by hand and the others
    /// random.
    const JUDGED: &str = include_str!("ignore/judged.json");

    #[test]
    fn rules_are_read_as_docker_s_own_matcher_reads_them() {
        let judged: Value = serde_json::from_str(JUDGED).unwrap();
        let paths: Vec<_> =
            judged.get("paths").unwrap().as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        let cases = judged.get("cases").unwrap().as_array().unwrap();
        assert_eq!((paths.len(), cases.len()), (25, 359));
        for case in cases {
            let ours = Ignore::parse(case[0].as_str().unwrap()).map_or(Value::Null, |ignore| {
                paths.iter().filter(|path| ignore.leaves_out(Path::new(path))).copied().collect::<Vec<_>>().into()
            });
            assert_eq!(ours, case[1], "{}", case[0]);
        }
        assert!(!Ignore::default().leaves_out(Path::new("x")));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_named_by_its_line() {
        let error = Ignore::parse("a\n\n[b\n").unwrap_err().full_text();
        assert!(error.contains("line 3") && error.contains("[b"), "{error}");
    }
}
