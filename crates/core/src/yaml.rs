//! YAML as BentoML's Python reads it.
//!
//! Users write their files for PyYAML, which speaks YAML 1.1: plain `yes`, `on` and `NO` are booleans, `017` is 15,
//! `1:30` is 90, `<<` merges. The events come from a YAML 1.2 parser; the meaning of plain scalars is resolved here, by
//! the rules of PyYAML's `SafeLoader` (`resolver.py`, `constructor.py`). Timestamps stay text.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

use crate::{Error, Location};

/// Aliases may make a value this many nodes large, no more: a guard against documents made to exhaust memory.
const NODE_LIMIT: usize = 1_000_000;

/// A document: its value, and the line of every key.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The value; keys that are no text are written as Python would print them in JSON.
    pub value: Value,
    /// Lines, from 1, of the mapping keys, by JSON pointer.
    lines: HashMap<String, u32>,
}

impl Document {
    /// The line of the key that this JSON pointer names, from 1.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        self.lines.get(pointer).copied()
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

/// Reads the first document of the text; an empty text is `null`.
pub fn parse(text: &str) -> Result<Document, YamlError> {
    let mut loader =
        Loader { parser: Parser::new_from_str(text), anchors: HashMap::new(), lines: HashMap::new(), nodes: 0 };
    loop {
        let (event, span) = loader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Document::default()),
            event => {
                let value = loader.node(event, span, "")?;
                return Ok(Document { value, lines: loader.lines });
            }
        }
    }
}

struct Loader<'text> {
    parser: Parser<'text, saphyr_parser::StrInput<'text>>,
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
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(&text, style, tag.as_deref()).map_err(|message| at(span.start, message))?, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.sequence(pointer)?, anchor),
            Event::MappingStart(anchor, _) => (self.mapping(pointer)?, anchor),
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
            items.push(self.node(event, span, &format!("{pointer}/{}", items.len()))?);
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
            let merges = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = match self.node(event, span, pointer)? {
                Value::String(key) => key,
                key @ (Value::Null | Value::Bool(_) | Value::Number(_)) => key.to_string(),
                _ => return Err(at(span.start, "a key must be a text, a number or a boolean".into())),
            };
            let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, &below)?;
            if merges {
                merge(&mut merged, value).map_err(|message| at(value_span.start, message))?;
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

/// In a list of mappings to merge the earlier one wins.
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

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let tag = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    match tag {
        Some("str") => Ok(Value::from(text)),
        None if style != ScalarStyle::Plain => Ok(Value::from(text)),
        None => Ok(plain(text)),
        Some(kind) => match (kind, plain(text)) {
            ("null", value @ Value::Null) | ("bool", value @ Value::Bool(_)) => Ok(value),
            ("int" | "float", value @ Value::Number(_)) => Ok(value),
            _ => Err(format!("{text:?} is no {kind}")),
        },
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    integer(text).map(Value::from).or_else(|| float(text)).unwrap_or_else(|| Value::from(text))
}

/// `[-+]?0b…`, `0…` (octal), decimal, `0x…`, sexagesimal; underscores anywhere after the first digit.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = sign(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain: String = digits.chars().filter(|&c| c != '_').collect();
    let value = if let Some(bits) = plain.strip_prefix("0b") {
        i64::from_str_radix(bits, 2).ok()?
    } else if let Some(hex) = plain.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok()?
    } else if plain.contains(':') {
        sexagesimal(&plain)?
    } else if plain.len() > 1 && plain.starts_with('0') {
        i64::from_str_radix(&plain, 8).ok()?
    } else {
        plain.parse().ok()?
    };
    Some(sign * value)
}

/// `[1-9][0-9]*(:[0-5]?[0-9])+`, base 60.
fn sexagesimal(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|first| !first.starts_with('0'))?;
    parts.try_fold(first.parse::<i64>().ok()?, |sum, part| {
        let digit = part.parse::<i64>().ok().filter(|digit| part.len() <= 2 && *digit < 60)?;
        sum.checked_mul(60)?.checked_add(digit)
    })
}

/// A float needs a point; an exponent needs its sign (`1e5` is text in YAML 1.1). Infinities have no JSON: they stay text.
fn float(text: &str) -> Option<Value> {
    let (_, digits) = sign(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let point = mantissa.find('.')?;
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let whole = &mantissa[..point];
    let fraction = &mantissa[point + 1..];
    let starts = whole.starts_with(|c: char| c.is_ascii_digit())
        || (whole.is_empty() && fraction.starts_with(|c: char| c.is_ascii_digit()));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']);
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    });
    if !(starts && numeric(whole) && numeric(fraction) && exponent_fits) {
        return None;
    }
    let value: f64 = text.replace('_', "").parse().ok()?;
    Number::from_f64(value).map(Value::Number)
}

fn sign(text: &str) -> (i64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
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
