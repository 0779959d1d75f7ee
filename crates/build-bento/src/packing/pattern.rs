//! One line of a list of patterns, as Python's pathspec reads it under the name `gitwildmatch`.
//!
//! Source: pathspec 1.1, `patterns/gitignore/spec.py` and `base.py`. It is near to what git does and not the same: a bracket
//! expression may stand for `/`, and each pattern is tried on the whole path alone, so that a file of a folder that is left
//! out can be taken in again. That is why this is a translation into an expression for [`Regex`], as pathspec makes one.

use std::fmt::Write as _;

use regex::Regex;

/// What Python takes for space at the end of a line, and Unicode does not.
const SEPARATORS: [char; 4] = ['\u{1c}', '\u{1d}', '\u{1e}', '\u{1f}'];

/// A pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// Does it take in what it matches? One that begins with `!` leaves it out.
    pub(crate) takes: bool,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// Every path.
    All,
    /// Every path that is not at the top.
    Below,
    Expression(Regex),
}

/// A line that pathspec refuses: BentoML does not build with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Invalid(&'static str);

/// Why a line makes no pattern.
enum Fault {
    /// pathspec passes over a line with a bracket that nothing closes.
    PassedOver,
    Refused(Invalid),
}

impl Pattern {
    /// Reads a line; `None` for one that says nothing: an empty one, a comment, one whose bracket nothing closes.
    ///
    /// # Errors
    /// The line is one that pathspec refuses.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>, Invalid> {
        // A space behind a backslash is meant.
        let line = if line.ends_with("\\ ") { line } else { line.trim_end_matches(is_space) };
        if line.is_empty() || line.starts_with('#') || line == "/" {
            return Ok(None);
        }
        let (takes, pattern) = line.strip_prefix('!').map_or((true, line), |rest| (false, rest));
        match form(pattern) {
            Ok(form) => Ok(Some(Self { takes, form })),
            Err(Fault::PassedOver) => Ok(None),
            Err(Fault::Refused(invalid)) => Err(invalid),
        }
    }

    /// Does it match this path, whose parts are separated by `/`?
    pub(crate) fn matches(&self, path: &str) -> bool {
        match &self.form {
            Form::All => path.chars().any(|c| c != '\n'),
            Form::Below => path.contains('/'),
            Form::Expression(expression) => expression.is_match(path),
        }
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || SEPARATORS.contains(&c)
}

fn form(pattern: &str) -> Result<Form, Fault> {
    let is_folder = pattern.is_empty() || pattern.ends_with('/');
    let mut segments: Vec<&str> = pattern.split('/').collect();
    let is_one_name = matches!(segments.as_slice(), [_] | [_, ""]);
    if pattern.starts_with('/') || pattern.is_empty() {
        segments.remove(0);
    } else if is_one_name && !pattern.starts_with("**/") && pattern != "**" {
        // One name is looked for at any depth.
        segments.insert(0, "**");
    }
    match segments.last_mut() {
        None => return Err(Fault::Refused(Invalid("it names nothing"))),
        Some(last) if last.is_empty() => *last = "**",
        Some(_) => {}
    }
    segments.dedup_by(|one, before| *one == "**" && *before == "**");
    match segments.as_slice() {
        ["**"] if !is_folder => Ok(Form::All),
        ["**", "*"] => Ok(Form::All),
        ["**"] | ["**", "*", "**"] => Ok(Form::Below),
        segments => expression(segments).map(Form::Expression),
    }
}

fn expression(segments: &[&str]) -> Result<Regex, Fault> {
    let mut out = String::new();
    let (mut needs_slash, mut is_valid) = (false, true);
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index.saturating_add(1) == segments.len();
        match (*segment, index) {
            ("**", 0) => out.push_str("^(?:.+/)?"),
            ("**", _) if is_last => out.push('/'),
            ("**", _) => {
                out.push_str("(?:/.+)?");
                needs_slash = true;
            }
            (segment, _) => {
                if index == 0 {
                    out.push('^');
                }
                if needs_slash {
                    out.push('/');
                }
                match segment {
                    "*" => out.push_str("[^/]+"),
                    segment => is_valid &= glob(segment, &mut out)?,
                }
                if is_last {
                    // The end of Python's expressions is also before a last line end.
                    out.push_str(r"(?:/|\n?\z)");
                }
                needs_slash = true;
            }
        }
    }
    let refused = |_| Fault::Refused(Invalid("it is too long"));
    match is_valid {
        true => Regex::new(&out).map_err(refused),
        false => Err(Fault::Refused(Invalid("a range in brackets goes backwards"))),
    }
}

/// Translates the wildcards of one part of a path; `false` where an expression in brackets is none for Python.
fn glob(segment: &str, out: &mut String) -> Result<bool, Fault> {
    let mut rest = segment;
    let mut is_valid = true;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' => {
                let escaped = rest.chars().next().ok_or(Fault::Refused(Invalid("it ends with a backslash")))?;
                literal(escaped, out);
                rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => {
                let (inside, behind) = bracket(rest).ok_or(Fault::PassedOver)?;
                is_valid &= class(inside, out);
                rest = behind;
            }
            c => literal(c, out),
        }
    }
    Ok(is_valid)
}

fn literal(c: char, out: &mut String) {
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

/// What stands before the closing bracket, and behind it. One at the beginning stands for itself.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let start = text.strip_prefix(['!', '^']).unwrap_or(text);
    let start = start.strip_prefix(']').unwrap_or(start);
    let skipped = text.len().checked_sub(start.len())?;
    let end = start.find(']')?.checked_add(skipped)?;
    Some((text.get(..end)?, text.get(end.checked_add(1)?..)?))
}

/// A class of characters; a backslash in it stands for itself. `false` where a range goes backwards.
fn class(inside: &str, out: &mut String) -> bool {
    let members = inside.strip_prefix(['!', '^']);
    out.push_str(if members.is_some() { "[^" } else { "[" });
    let mut members = members.unwrap_or(inside).chars().peekable();
    while let Some(first) = members.next() {
        let range = members.peek() == Some(&'-') && members.clone().nth(1).is_some();
        let last = if range { members.nth(1).unwrap_or(first) } else { first };
        if last < first {
            return false;
        }
        for c in [first, last] {
            // A text always takes it.
            let _ = write!(out, "\\x{{{:x}}}-", u32::from(c));
        }
        out.pop();
    }
    out.push(']');
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_pathspec_has_them() {
        for (pattern, path, matches) in [
            ("*", "a/b.py", true),
            ("*.py", "a/b.py", true),
            ("*.py", "a/b.pyc", false),
            ("/*.py", "a/b.py", false),
            ("a", "a/b/c", true),
            ("a/", "a", false),
            ("a/", "x/a/b", true),
            ("a/b", "x/a/b", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b/c", true),
            ("**/", "b", false),
            ("a[!b]c", "a/c", true),
            ("[]-]", "-", true),
            ("[z-a", "z", false),
            ("\\#a", "#a", true),
            ("a\\ ", "a ", true),
        ] {
            let found = Pattern::parse(pattern).unwrap().is_some_and(|pattern| pattern.matches(path));
            assert_eq!(found, matches, "{pattern:?} on {path:?}");
        }
        for line in ["", "  ", "# a", "/", "[a", "[!]"] {
            assert!(Pattern::parse(line).unwrap().is_none(), "{line:?}");
        }
        for line in ["!", "a\\", "[z-a]"] {
            assert!(Pattern::parse(line).is_err(), "{line:?}");
        }
    }
}
