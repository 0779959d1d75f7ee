//! A user's values as they are sent: each is turned into what its key takes, as the Python client turns it, or refused
//! at its place.

use actions_core::action::inputs::nearest;
use bento_format::yaml::{Content, Node, YamlError};
use serde_json::{Map, Value};

use super::placeholder;
use super::schema::{Absent, Key, Slot};

/// Something wrong, or worth knowing, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The line, from 1.
    pub line: u32,
    /// The key with those above it, such as `services.Summarization.scaling`; empty is the whole file.
    pub key: String,
    /// In a few words.
    pub title: &'static str,
    /// A sentence.
    pub message: String,
}

/// Turns nodes into what is sent, and remembers what is worth a warning.
#[derive(Debug, Default)]
pub(super) struct Converter {
    pub remarks: Vec<Remark>,
    path: Vec<String>,
}

/// The line that a value is known by: its key's, or its own in a list.
type Line = u32;

impl Converter {
    pub(super) fn convert(&mut self, node: &Node, slot: &Slot, line: Line) -> Result<Value, Remark> {
        match (slot, &node.content) {
            (Slot::Opt(_), Content::Null) => Ok(Value::Null),
            (Slot::Opt(slot), _) => self.convert(node, slot, line),
            (Slot::Any, _) => self.any(node),
            (Slot::Free, Content::Map(entries)) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let name = self.name(key)?;
                    map.insert(name.clone(), self.below(name, |this| this.any(value))?);
                }
                Ok(Value::Object(map))
            }
            (Slot::Text, _) => self.text(node, line).map(Value::from),
            (Slot::Truth, _) => self.truth(node, line).map(Value::from),
            (Slot::Number, _) => self.number(node, line).map(Value::from),
            (Slot::OneOf(known), _) => self.one_of(node, known, line).map(Value::from),
            (Slot::List(slot), Content::List(items)) => {
                let mut list = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    list.push(self.below(at.to_string(), |this| this.convert(item, slot, item.line))?);
                }
                Ok(Value::Array(list))
            }
            (Slot::Each(slot), Content::Map(entries)) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let name = self.name(key)?;
                    map.insert(name.clone(), self.below(name, |this| this.convert(value, slot, key.line))?);
                }
                Ok(Value::Object(map))
            }
            (Slot::Keys(known), Content::Map(entries)) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let name = self.name(key)?;
                    match known.iter().find(|known| known.name == name) {
                        Some(Key { slot, .. }) => {
                            let value = self.below(name.clone(), |this| this.convert(value, slot, key.line))?;
                            map.insert(name, value);
                        }
                        None => self.unknown(name, known, key.line),
                    }
                }
                let lacking = known.iter().find(|key| key.absent == Absent::Refused && !map.contains_key(key.name));
                match lacking {
                    Some(key) => Err(self.wrong(line, format!("lacks `{}`", key.name))),
                    None => Ok(Value::Object(map)),
                }
            }
            (Slot::List(_), _) => Err(self.takes_kind("a list", node, line)),
            (Slot::Free | Slot::Each(_) | Slot::Keys(_), _) => Err(self.takes_kind("a mapping", node, line)),
        }
    }

    /// Does something with the value of a key.
    pub(super) fn below<T>(&mut self, key: String, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key);
        let read = read(self);
        self.path.pop();
        read
    }

    /// A key as the client names it: `str()`.
    pub(super) fn name(&self, key: &Node) -> Result<String, Remark> {
        key.python_str()
            .map_err(|error| self.refused(error))?
            .ok_or_else(|| self.wrong(key.line, "has a key that is not a text"))
    }

    fn text(&mut self, node: &Node, line: Line) -> Result<String, Remark> {
        let text =
            node.python_str().map_err(|error| self.refused(error))?.ok_or_else(|| self.takes("a text", node, line))?;
        match &node.content {
            Content::Null => {
                let message =
                    format!("`{}` is empty, which is sent as the text None; write \"\" for an empty one.", self.key());
                self.remark(line, "Empty value in deployment-config", message);
            }
            Content::Text(text) => self.look_for_placeholders(text, node.line),
            _ => {}
        }
        Ok(text)
    }

    fn any(&mut self, node: &Node) -> Result<Value, Remark> {
        self.placeholders_below(node);
        node.to_wire().map_err(|error| self.refused(error))
    }

    fn placeholders_below(&mut self, node: &Node) {
        match &node.content {
            Content::Text(text) => self.look_for_placeholders(text, node.line),
            Content::List(items) => items.iter().for_each(|item| self.placeholders_below(item)),
            Content::Map(entries) => entries.iter().for_each(|(_, value)| self.placeholders_below(value)),
            _ => {}
        }
    }

    /// Warns of what somebody meant to be replaced. The text itself is not shown: it may be a password that looks so.
    fn look_for_placeholders(&mut self, text: &str, line: Line) {
        let Some(shape) = placeholder::shape(text) else { return };
        let message =
            format!("`{}` looks like {shape}, and nothing replaces it: it is sent as it stands here.", self.key());
        self.remark(line, "Placeholder in deployment-config", message);
    }

    /// `bool()`, but of texts, which are all true for it, `"false"` too.
    fn truth(&self, node: &Node, line: Line) -> Result<bool, Remark> {
        match &node.content {
            Content::Null => Ok(false),
            Content::Bool(value) => Ok(*value),
            Content::Int(digits) => Ok(digits != "0"),
            Content::Float(value) => Ok(*value != 0.0),
            _ => Err(self.takes("true or false", node, line)),
        }
    }

    /// `int()`, but of fractions, which it cuts off.
    fn number(&self, node: &Node, line: Line) -> Result<i64, Remark> {
        let number = match &node.content {
            Content::Bool(value) => Some(i64::from(*value)),
            Content::Int(digits) => digits.parse().ok(),
            Content::Float(value) if value.fract() == 0.0 => format!("{value:.0}").parse().ok(),
            Content::Text(text) => python_int(text),
            _ => None,
        };
        number.ok_or_else(|| self.takes("a whole number", node, line))
    }

    fn one_of(&self, node: &Node, known: &[&'static str], line: Line) -> Result<&'static str, Remark> {
        let Content::Text(text) = &node.content else {
            return Err(self.takes(&one_of(known), node, line));
        };
        known.iter().find(|known| *known == text).copied().ok_or_else(|| {
            let meant = nearest(text, known.iter().copied());
            let meant = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
            let mut wrong = self.takes(&one_of(known), node, line);
            wrong.message.push_str(&meant);
            wrong
        })
    }

    fn unknown(&mut self, name: String, known: &'static [Key], line: Line) {
        let meant = nearest(&name, known.iter().map(|key| key.name));
        let meant = meant.map(|meant| format!(" Did you mean `{meant}`?")).unwrap_or_default();
        let key = self.below(name, |this| this.key());
        let message = format!("`{key}` is not a key of a v2 Deployment and has no effect.{meant}");
        self.remarks.push(Remark { line, key, title: "Unknown key in deployment-config", message });
    }

    /// Another kind of value is meant. A text is not shown: `envs: KEY=value` may hold a secret.
    fn takes_kind(&self, what: &str, node: &Node, line: Line) -> Remark {
        match &node.content {
            Content::Text(_) => self.wrong(line, format!("takes {what}, not a text")),
            _ => self.takes(what, node, line),
        }
    }

    pub(super) fn takes(&self, what: &str, node: &Node, line: Line) -> Remark {
        let is = match &node.content {
            Content::Null => "nothing".into(),
            Content::Text(text) => format!("{:?}", shortened(text)),
            Content::List(_) => "a list".into(),
            Content::Map(_) => "a mapping".into(),
            Content::Time(written) | Content::NotFinite(_, written) => written.clone(),
            Content::Bool(value) => value.to_string(),
            Content::Bytes(_) => "bytes".into(),
            Content::Int(_) | Content::Float(_) => shortened(&node.python_str().ok().flatten().unwrap_or_default()),
        };
        self.wrong(line, format!("takes {what}, not {is}"))
    }

    /// `what` follows the key.
    pub(super) fn wrong(&self, line: Line, what: impl std::fmt::Display) -> Remark {
        let key = self.key();
        let message = if key.is_empty() { format!("the file {what}") } else { format!("{key} {what}") };
        Remark { line, key, title: "Wrong value in deployment-config", message }
    }

    fn refused(&self, error: YamlError) -> Remark {
        Remark { line: error.line, ..self.wrong(error.line, format!("cannot be sent: {}", error.message)) }
    }

    pub(super) fn remark(&mut self, line: Line, title: &'static str, message: String) {
        self.remarks.push(Remark { line, key: self.key(), title, message });
    }

    fn key(&self) -> String {
        self.path.join(".")
    }
}

fn one_of(known: &[&str]) -> String {
    format!("one of {}", known.join(", "))
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

/// `int()` of a text: blanks around it, single underscores between digits.
fn python_int(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let parts_are_digits = digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if parts_are_digits { text.replace('_', "").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_whole_numbers_where_python_says_so() {
        for (text, number) in [
            ("3", Some(3)),
            (" -1_0 ", Some(-10)),
            ("+4", Some(4)),
            ("3.0", None),
            ("1__0", None),
            ("_1", None),
            ("", None),
        ] {
            assert_eq!(python_int(text), number, "{text:?}");
        }
    }
}
