//! YAML as BentoML's Python reads it.
//!
//! Users write their files for PyYAML, which speaks YAML 1.1: plain `yes`, `on` and `NO` are booleans, `017` is 15,
//! `1:30` is 90, `<<` merges. The events come from a YAML 1.2 parser; the meaning of plain scalars is resolved here, by
//! the rules of PyYAML's `SafeLoader` (`resolver.py`, `constructor.py`). Timestamps stay text.

mod scalar;

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

use self::scalar::{expect_tag, scalar};
use crate::{Error, Location};

/// Aliases may make a value this many nodes large, no more: a guard against documents made to exhaust memory.
const NODE_LIMIT: usize = 1_000_000;

/// What the parser says of a line inside brackets that is not indented, such as a lone `]`. YAML 1.2 wants it so, PyYAML
/// does not: spaces there mean nothing, so they are added.
const LOOSE: [&str; 2] = ["invalid indentation", "invalid indentation in flow construct"];
/// Deeper than any key stands; a line that needs more is indented again.
const INDENT: usize = 80;
/// Each repair reads the text again.
const REPAIRS: usize = 1000;

/// A document: its value, and the line of every key.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The value; keys that are no text are written as Python would print them in JSON.
    pub value: Value,
    /// Lines, from 1, of the mapping keys and of the items of sequences, by JSON pointer.
    lines: HashMap<String, u32>,
}

impl Document {
    /// The line of the key or the item that this JSON pointer names, from 1.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        self.lines.get(pointer).copied()
    }

    /// The value, and the lines by JSON pointer.
    pub fn into_parts(self) -> (Value, HashMap<String, u32>) {
        (self.value, self.lines)
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
        Error::input(format!("{what} {} is no valid YAML: {self}", file.display())).at(at)
    }
}

/// Reads a text of one document; an empty text is `null`.
pub fn parse(text: &str) -> Result<Document, YamlError> {
    refuse_unprintable(text)?;
    let mut repaired = Cow::Borrowed(text);
    let mut lines = Vec::new();
    loop {
        let mut error = match load(&repaired) {
            Err(error) if LOOSE.contains(&error.message.as_str()) && lines.len() < REPAIRS => error,
            Err(mut error) => {
                let added = lines.iter().filter(|&&line| line == error.line).count();
                error.column = error.column.saturating_sub(u32::try_from(added * INDENT).unwrap_or(0)).max(1);
                return Err(error);
            }
            ended => return ended,
        };
        let nth = usize::try_from(error.line).unwrap_or(usize::MAX) - 1;
        let start = match nth {
            0 => Some(0),
            _ => repaired.match_indices('\n').nth(nth - 1).map(|(end, _)| end + 1),
        };
        let Some(start) = start else {
            error.message.push_str(", after a line end that is not one everywhere");
            return Err(error);
        };
        repaired.to_mut().insert_str(start, &" ".repeat(INDENT));
        lines.push(error.line);
    }
}

fn load(text: &str) -> Result<Document, YamlError> {
    let mut loader = Loader {
        parser: Parser::new_from_str(text),
        open_end: (!text.ends_with(['\n', '\r'])).then(|| text.chars().count()),
        anchors: HashMap::new(),
        lines: HashMap::new(),
        nodes: 0,
    };
    let mut document: Option<Value> = None;
    loop {
        let (event, span) = loader.next()?;
        match event {
            Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
            Event::DocumentStart(_) if document.is_some() => {
                return Err(at(span.start, "there is more than one document".into()));
            }
            Event::DocumentStart(_) => {}
            Event::StreamEnd => return Ok(Document { value: document.unwrap_or_default(), lines: loader.lines }),
            event => document = Some(loader.node(event, span, "")?),
        }
    }
}

/// Control characters and the like are no YAML, whether quoted or not.
fn refuse_unprintable(text: &str) -> Result<(), YamlError> {
    let printable =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let Some(place) = text.find(|c| !printable(c)) else { return Ok(()) };
    let before = &text[..place];
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let c = text[place..].chars().next().map_or(0, u32::from);
    Err(YamlError {
        line: number(before.matches('\n').count() + 1),
        column: number(before[line_start..].chars().count() + 1),
        message: format!("the character U+{c:04X} may not stand in YAML"),
    })
}

struct Loader<'text> {
    parser: Parser<'text, saphyr_parser::StrInput<'text>>,
    /// How many characters the text has, where it does not end with a line end.
    open_end: Option<usize>,
    anchors: HashMap<usize, Value>,
    lines: HashMap<String, u32>,
    nodes: usize,
}

impl<'text> Loader<'text> {
    fn next(&mut self) -> Result<(Event<'text>, Span), YamlError> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, Span::empty(Marker::default()))),
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(at(*error.marker(), error.info().to_owned())),
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span, pointer: &str) -> Result<Value, YamlError> {
        self.count(1, span)?;
        let wrong = |message| at(span.start, message);
        let (value, anchor) = match event {
            Event::Scalar(mut text, style, anchor, tag) => {
                // A block that ends with the text ends without a line end, where the text has none.
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if is_block && self.open_end.is_some_and(|end| span.end.index() >= end) && text.ends_with('\n') {
                    text.to_mut().pop();
                }
                (scalar(&text, style, tag.as_deref()).map_err(wrong)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "seq").map_err(wrong)?;
                (self.sequence(pointer)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "map").map_err(wrong)?;
                (self.mapping(pointer)?, anchor)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                let value =
                    value.ok_or_else(|| at(span.start, "an alias names an anchor that is not complete".into()))?;
                self.count(size(&value), span)?;
                (value, 0)
            }
            other => return Err(at(span.start, format!("unexpected {other:?}"))),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self, pointer: &str) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::Array(items));
            }
            let below = format!("{pointer}/{}", items.len());
            self.lines.insert(below.clone(), u32::try_from(span.start.line()).unwrap_or(u32::MAX));
            items.push(self.node(event, span, &below)?);
        }
    }

    fn mapping(&mut self, pointer: &str) -> Result<Value, YamlError> {
        let mut own = Map::new();
        let mut merged = Map::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                for (key, value) in merged {
                    own.entry(key).or_insert(value);
                }
                return Ok(Value::Object(own));
            }
            let is_plain = |word| matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == word);
            let merges = is_plain("<<");
            // As keys these two have no meaning of their own but the merge.
            let read = if merges || is_plain("=") {
                Value::from(if merges { "<<" } else { "=" })
            } else {
                self.node(event, span, pointer)?
            };
            let key = match read {
                Value::String(key) => key,
                key @ (Value::Null | Value::Bool(_) | Value::Number(_)) => key.to_string(),
                _ => return Err(at(span.start, "a key must be a text, a number or a boolean".into())),
            };
            let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, &below)?;
            if merges {
                let mut more = Map::new();
                merge(&mut more, value).map_err(|message| at(value_span.start, message))?;
                merged.extend(more);
            } else {
                self.lines.insert(below, u32::try_from(span.start.line()).unwrap_or(u32::MAX));
                own.insert(key, value);
            }
        }
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > NODE_LIMIT { Err(at(span.start, "the document is too large".into())) } else { Ok(()) }
    }
}

/// In a list of mappings to merge the earlier one wins, as YAML says; of several `<<` in one mapping the later one, as in
/// PyYAML up to 6.0.3. In 6.0.4 it depends on the length of the keys, in lists too.
fn merge(into: &mut Map<String, Value>, value: Value) -> Result<(), String> {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                into.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(items) => items.into_iter().try_for_each(|item| merge(into, item)),
        _ => Err("`<<` takes a mapping or a list of mappings".into()),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn at(mark: Marker, message: String) -> YamlError {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    YamlError { line: number(mark.line()), column: number(mark.col()) + 1, message }
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
}
