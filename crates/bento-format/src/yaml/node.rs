//! What a document holds, as Python sees it, each part with its place.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::{YamlError, time};

/// A part of a document. Aliases share the node that they name.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub content: Content,
    /// Where it begins, from 1.
    pub line: u32,
    /// Where it begins, from 1.
    pub column: u32,
}

type Naming<'f> = dyn Fn(&Node) -> Result<Option<String>, YamlError> + 'f;
type Reading<'f> = dyn Fn(&Node) -> Result<Value, YamlError> + 'f;

/// A Python object of PyYAML's `SafeLoader`.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `None`.
    Null,
    /// A truth.
    Bool(bool),
    /// A whole number of any size, in decimal digits.
    Int(String),
    /// A finite number.
    Float(f64),
    /// `.inf` or `.nan`, and how it was written.
    NotFinite(f64, String),
    /// A date or a point in time, as it was written.
    Time(String),
    /// `!!binary`.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Arc<Node>>),
    /// A mapping, each key once, in the order of the text. No key is a list or a mapping.
    Map(Vec<(Arc<Node>, Arc<Node>)>),
}

impl Node {
    /// The text that Python's `str()` makes of a scalar; `None` for lists and mappings.
    ///
    /// # Errors
    /// A date that is none, such as 2026-13-45: PyYAML refuses it.
    pub fn python_str(&self) -> Result<Option<String>, YamlError> {
        Ok(Some(match &self.content {
            Content::Null => "None".into(),
            Content::Bool(true) => "True".into(),
            Content::Bool(false) => "False".into(),
            Content::Int(digits) => digits.clone(),
            Content::Float(value) => python_float(*value),
            Content::NotFinite(value, _) if value.is_nan() => "nan".into(),
            Content::NotFinite(value, _) => if *value > 0.0 { "inf" } else { "-inf" }.into(),
            Content::Time(written) => time::parse(written).ok_or_else(|| self.no_date(written))?.to_string(),
            Content::Bytes(bytes) => python_bytes(bytes),
            Content::Text(text) => text.clone(),
            Content::List(_) | Content::Map(_) => return Ok(None),
        }))
    }

    /// The value as the API's client sends it where anything may stand: points in time as it writes them.
    ///
    /// # Errors
    /// What JSON lacks: dates without a time, `.inf`, `.nan`, bytes, whole numbers beyond 64 bits.
    pub fn to_wire(&self) -> Result<Value, YamlError> {
        let key = |key: &Self| match &key.content {
            Content::Time(_) => key.to_wire().map(|time| time.as_str().map(str::to_owned)),
            Content::NotFinite(..) => key.python_str(),
            _ => Ok(key.json_key()),
        };
        self.json(&key, &|node| match &node.content {
            Content::Time(written) => match time::parse(written) {
                None => Err(node.no_date(written)),
                Some(time) => time.wire().map(Value::from).ok_or_else(|| {
                    node.error(format!("{written} is a date, which JSON lacks; quote it if it is meant as text"))
                }),
            },
            Content::NotFinite(_, written) => Err(node.error(format!("{written} is a number that JSON lacks"))),
            Content::Int(digits) if number(digits).is_none() => {
                Err(node.error(format!("{digits} is too large a number; quote it if it is meant as text")))
            }
            _ => node.scalar_json(),
        })
    }

    /// The value as JSON, in which dates and numbers that JSON lacks stay as they were written.
    pub(super) fn to_json(&self) -> Result<Value, YamlError> {
        self.json(&|key| Ok(key.json_key()), &|node| match &node.content {
            Content::Time(written) | Content::NotFinite(_, written) => Ok(Value::from(written.as_str())),
            _ => node.scalar_json(),
        })
    }

    fn json(&self, name: &Naming<'_>, scalar: &Reading<'_>) -> Result<Value, YamlError> {
        match &self.content {
            Content::List(items) => {
                items.iter().map(|item| item.json(name, scalar)).collect::<Result<_, _>>().map(Value::Array)
            }
            Content::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let name_of_key = name(key)?;
                    let key = name_of_key.ok_or_else(|| key.error("a key must be a text, a number or a boolean"))?;
                    map.insert(key, value.json(name, scalar)?);
                }
                Ok(Value::Object(map))
            }
            _ => scalar(self),
        }
    }

    fn scalar_json(&self) -> Result<Value, YamlError> {
        Ok(match &self.content {
            Content::Bool(value) => Value::from(*value),
            #[expect(clippy::unwrap_used, reason = "digits are a number")]
            Content::Int(digits) => number(digits).unwrap_or_else(|| Value::from(digits.parse::<f64>().unwrap())),
            Content::Float(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
            Content::Text(text) => Value::from(text.as_str()),
            Content::Bytes(_) => return Err(self.error("bytes have no meaning here")),
            _ => Value::Null,
        })
    }

    /// The key that Python's JSON has for this one; `None` where it has none.
    pub(super) fn json_key(&self) -> Option<String> {
        match &self.content {
            Content::Text(text) | Content::Time(text) | Content::NotFinite(_, text) => Some(text.clone()),
            Content::Int(digits) => Some(digits.clone()),
            Content::Float(value) => Some(python_float(*value)),
            Content::List(_) | Content::Map(_) | Content::Bytes(_) => None,
            _ => self.scalar_json().ok().map(|value| value.to_string()),
        }
    }

    /// An error about this node.
    pub fn error(&self, message: impl Into<String>) -> YamlError {
        YamlError { line: self.line, column: self.column, message: message.into() }
    }

    fn no_date(&self, written: &str) -> YamlError {
        self.error(format!("{written} looks like a date and is not one; quote it if it is meant as text"))
    }
}

fn number(digits: &str) -> Option<Value> {
    digits.parse::<i64>().map(Value::from).or_else(|_| digits.parse::<u64>().map(Value::from)).ok()
}

/// A finite float as Python's `repr` writes it: the fewest digits, with an exponent below 1e-4 and from 1e16 on.
pub fn python_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or(0) {
        -4..16 => {
            let plain = value.to_string();
            if plain.contains('.') { plain } else { plain + ".0" }
        }
        exponent => format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs()),
    }
}

/// `repr` of bytes.
fn python_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = format!("b{quote}");
    for &byte in bytes {
        match byte {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' if char::from(byte) != quote => text.push(char::from(byte)),
            b' '..=b'~' => text.extend(['\\', quote]),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e300, "1.25e+300"),
        ] {
            assert_eq!(python_float(value), text);
        }
    }

    #[test]
    fn scalars_become_the_text_of_python() {
        for (yaml, text) in [
            ("1.50", "1.5"),
            ("on", "True"),
            ("~", "None"),
            ("0x1F", "31"),
            ("18446744073709551616", "18446744073709551616"),
            ("-0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "-87112285931760246646623899502532662132735"),
            ("-.inf", "-inf"),
            (".NaN", "nan"),
            ("2024-01-02", "2024-01-02"),
            ("2024-01-02T03:04:05Z", "2024-01-02 03:04:05+00:00"),
            ("!!binary aGknAA==", "b\"hi'\\x00\""),
        ] {
            let node = super::super::load(yaml).unwrap().unwrap();
            assert_eq!(node.python_str().unwrap().unwrap(), text, "{yaml}");
        }
    }
}
