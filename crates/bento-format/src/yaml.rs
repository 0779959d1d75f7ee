//! YAML as BentoML's Python reads it.
//!
//! Users write their files for PyYAML, which speaks YAML 1.1: plain `yes`, `on` and `NO` are booleans, `017` is 15,
//! `1:30` is 90, `<<` merges. The events come from a YAML 1.2 parser; the meaning of plain scalars is resolved here, by
//! the rules of PyYAML's `SafeLoader` (`resolver.py`, `constructor.py`).
//!
//! [`load`] gives the tree of [`Node`]s, each with its place; [`parse`] its JSON beside it, in which dates stay text.

mod integer;
mod load;
mod node;
mod repair;
mod scalar;
mod time;

use std::sync::Arc;

use saphyr_parser::Marker;
use serde_json::Value;

pub use self::node::{Content, Node, python_float};
use actions_core::{Error, Location};

/// The longest text that is read, bytes.
pub const LONGEST: u64 = 8 * 1024 * 1024;

/// A document: its value, and where its parts stand.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The value; keys that are not text are written as Python would print them in JSON.
    pub value: Value,
    places: Places,
}

impl Document {
    /// The line of the key or the item that this JSON pointer names, from 1.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        self.places.line(pointer)
    }

    /// The value, and where its parts stand.
    pub fn into_parts(self) -> (Value, Places) {
        (self.value, self.places)
    }
}

/// Where the parts of a document stand.
#[derive(Debug, Clone, Default)]
pub struct Places(Option<Arc<Node>>);

impl Places {
    /// The line of the key or the item that this JSON pointer names, from 1.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        self.at(pointer).map(|(line, _)| line)
    }

    /// Line and column of the key or the item that this JSON pointer names, from 1.
    pub fn at(&self, pointer: &str) -> Option<(u32, u32)> {
        self.find(pointer).map(|(named, _)| (named.line, named.column))
    }

    /// What stands below the key or in the place of the item that this JSON pointer names.
    pub fn node(&self, pointer: &str) -> Option<&Node> {
        self.find(pointer).map(|(_, value)| value)
    }

    /// The key or the item, and its value.
    fn find(&self, pointer: &str) -> Option<(&Node, &Node)> {
        let mut node: &Node = self.0.as_ref()?;
        let mut found = None;
        for segment in pointer.strip_prefix('/')?.split('/') {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let (named, value) = match &node.content {
                Content::List(items) => {
                    let item: &Node = items.get(segment.parse::<usize>().ok()?)?;
                    (item, item)
                }
                Content::Map(entries) => {
                    let (key, value) =
                        entries.iter().rev().find(|(key, _)| key.json_key().as_ref() == Some(&segment))?;
                    (&**key, &**value)
                }
                _ => return None,
            };
            (node, found) = (value, Some((named, value)));
        }
        found
    }
}

/// What is wrong with a document, and where (from 1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

impl YamlError {
    /// An error of the suite that points into `file`.
    pub fn in_file(self, what: &str, file: &std::path::Path) -> Error {
        let at = Location { file: file.to_owned(), line: Some(self.line), column: Some(self.column) };
        Error::input(format!("{what} {} is not valid YAML: {self}", file.display())).at(at)
    }

    fn at(mark: Marker, message: impl Into<String>) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { line: number(mark.line()), column: number(mark.col()).saturating_add(1), message: message.into() }
    }
}

/// Reads a text of one document; an empty text is `null`.
///
/// # Errors
/// The text is not valid YAML, or holds what has no JSON; or it is larger than 8 MiB, deeper than 128 levels, or its aliases
/// make more than 64 MiB of it.
pub fn parse(text: &str) -> Result<Document, YamlError> {
    let root = load(text)?;
    let value = root.as_ref().map(|root| root.to_json()).transpose()?.unwrap_or_default();
    Ok(Document { value, places: Places(root) })
}

/// Reads a text of one document as PyYAML understands it; `None` is an empty text.
///
/// # Errors
/// The text is not valid YAML, or larger than the limits of [`parse`].
pub fn load(text: &str) -> Result<Option<Arc<Node>>, YamlError> {
    if text.len() as u64 > LONGEST {
        let message = format!("the document is larger than {} MiB", LONGEST / 1024 / 1024);
        return Err(YamlError { line: 1, column: 1, message });
    }
    refuse_unprintable(text)?;
    repair::load(text)
}

/// Control characters and the like are not YAML, whether quoted or not. Line ends of YAML 1.1 that other programs take for
/// text are refused too: what stands behind them would be read in two ways.
fn refuse_unprintable(text: &str) -> Result<(), YamlError> {
    let printable = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let is_line_end = |c: char| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    let Some((place, c)) = text.char_indices().find(|&(_, c)| !printable(c) || is_line_end(c)) else { return Ok(()) };
    let before = text.get(..place).unwrap_or_default();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let in_line = before.rsplit('\n').next().unwrap_or_default();
    let code = u32::from(c);
    Err(YamlError {
        line: number(before.matches('\n').count()).saturating_add(1),
        column: number(in_line.chars().count()).saturating_add(1),
        message: if is_line_end(c) {
            format!(
                "the character U+{code:04X} ends a line for BentoML, and not for an editor; \
                 remove it, or write \"\\u{code:04x}\" in double quotes"
            )
        } else {
            format!("the character U+{code:04X} may not stand in YAML")
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_know_their_lines() {
        let document = parse("a:\n  b: 1\n  c:\n  - d: 2\n").unwrap();
        assert_eq!(
            (document.line("/a"), document.line("/a/b"), document.line("/a/c/0/d")),
            (Some(1), Some(2), Some(4))
        );
    }

    #[test]
    fn merges_go_by_their_order() {
        let merged = |merges: &str| {
            let text = format!("x: &x {{name: 1}}\ny: &y {{name: 2}}\nz:\n{merges}");
            parse(&text).unwrap().value["z"]["name"].clone()
        };
        assert_eq!(merged("  <<: [*x, *y]\n"), json!(1));
        assert_eq!(merged("  <<: *x\n  <<: *y\n"), json!(2));
    }

    #[test]
    fn errors_point_at_line_and_column() {
        let error = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert_eq!(error.line, 3, "{error}");
        assert!(parse("a: *x").is_err());
        assert_eq!(parse("").unwrap().value, Value::Null);
    }

    #[test]
    fn a_document_that_would_explode_is_refused() {
        let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (before, name) in "abcdefg".chars().zip("bcdefgh".chars()) {
            text.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(", ")));
        }
        assert!(parse(&text).unwrap_err().message.contains("too large"));
    }

    #[test]
    fn what_is_tagged_is_what_the_tag_says() {
        assert_eq!(parse("a: !!str 1\nb: !!int '3'").unwrap().value, json!({"a": "1", "b": 3}));
        assert!(parse("a: !!int x").is_err());
    }

    #[test]
    fn what_aliases_make_of_a_text_is_limited_in_bytes_too() {
        let text = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 3000].join(", "));
        let error = parse(&text).unwrap_err();
        assert_eq!((error.line, error.message.contains("64 MiB")), (2, true), "{error}");
        assert!(load(&text).is_err());
    }

    #[test]
    fn places_cost_no_more_than_the_text() {
        // Each key's path is 200,000 characters long.
        let keys = |count: usize| (0..count).map(|n| format!("k{n}: 1")).collect::<Vec<_>>().join(", ");
        let deep = |levels: usize| {
            let open: String = (0..levels).map(|_| format!("{{{}: ", "k".repeat(1000))).collect();
            format!("{open}{{{}}}{}", keys(12_000), "}".repeat(levels))
        };
        let error = parse(&deep(200)).unwrap_err();
        assert!(error.message.contains("deeper than 128 levels"), "{error}");
        let document = parse(&deep(120)).unwrap();
        let last = format!("{}/k11999", format!("/{}", "k".repeat(1000)).repeat(120));
        assert_eq!(document.line(&last), Some(1));
    }

    #[test]
    fn aliases_make_nothing_deeper_than_brackets_may() {
        let mut text = "- &a0 [x]\n".to_owned();
        for level in 1..100_000 {
            text.push_str(&format!("- &a{level} [*a{}]\n", level - 1));
        }
        let error = parse(&text).unwrap_err();
        assert!(error.message.contains("deeper than 128 levels"), "{error}");
        assert_eq!(error.line, 128);
    }

    #[test]
    fn a_text_that_is_too_long_is_not_read() {
        assert!(
            parse(&"#".repeat(usize::try_from(LONGEST).unwrap() + 1))
                .unwrap_err()
                .message
                .contains("larger than 8 MiB")
        );
    }

    #[test]
    fn line_ends_that_editors_do_not_show_are_refused_at_their_place() {
        for c in ['\u{85}', '\u{2028}', '\u{2029}'] {
            let error = parse(&format!("a: 1\nb: \"x{c}y\"\n")).unwrap_err();
            assert_eq!((error.line, error.column), (2, 6), "{error}");
        }
        assert_eq!(parse(r#"a: "\u0085\u2028""#).unwrap().value, json!({"a": "\u{85}\u{2028}"}));
    }
}
