//! A file of YAML or TOML, with the line of every value.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use actions_core::{Error, Location, Result, text};
use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::yaml;

/// A part of a file that a user wrote: a build configuration, or a whole file.
#[derive(Debug, Clone)]
pub struct Document {
    file: PathBuf,
    value: Value,
    lines: Lines,
    /// The JSON pointer of the part inside the file.
    root: String,
}

/// A line and a column, from 1.
type At = (u32, u32);

/// The place of every key and item, by JSON pointer.
#[derive(Debug, Clone)]
enum Lines {
    Yaml(yaml::Places),
    Toml(HashMap<String, At>),
}

impl Lines {
    fn get(&self, pointer: &str) -> Option<At> {
        match self {
            Self::Yaml(places) => places.at(pointer),
            Self::Toml(places) => places.get(pointer).copied(),
        }
    }
}

impl Document {
    /// Reads a file in YAML, as BentoML does.
    ///
    /// # Errors
    /// It cannot be read, is not text, or not YAML: with the place.
    pub fn yaml(file: &Path) -> Result<Self> {
        let document =
            yaml::parse(&text::read(file)?).map_err(|error| error.in_file("the build configuration", file))?;
        let (value, places) = document.into_parts();
        Ok(Self { file: file.to_owned(), value, lines: Lines::Yaml(places), root: String::new() })
    }

    /// Reads a file in TOML.
    ///
    /// # Errors
    /// It cannot be read, is not text, or not TOML: with the place.
    pub fn toml(file: &Path) -> Result<Self> {
        let text = text::read(file)?;
        let line = |offset: usize| {
            let before = text.get(..offset).unwrap_or_default();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
            (number(before.matches('\n').count().saturating_add(1)), number(column.saturating_add(1)))
        };
        let table = DeTable::parse(&text).map_err(|error| {
            let at = error.span().map(|span| line(span.start));
            Error::input(format!("{} is not valid TOML: {}", file.display(), error.message())).at(Location {
                file: file.to_owned(),
                line: at.map(|(line, _)| line),
                column: at.map(|(_, column)| column),
            })
        })?;
        let mut lines = HashMap::new();
        let value = of_table(table.get_ref(), "", &line, &mut lines);
        Ok(Self { file: file.to_owned(), value, lines: Lines::Toml(lines), root: String::new() })
    }

    /// The part below this pointer; `None` where there is none.
    pub fn part(mut self, pointer: &str) -> Option<Self> {
        self.value = self.value.pointer_mut(pointer)?.take();
        self.root = pointer.to_owned();
        Some(self)
    }

    /// An empty part below a pointer, for a file that does not have it.
    pub(super) fn empty_part(mut self, pointer: &str) -> Self {
        self.value = Value::Object(Map::new());
        self.root = pointer.to_owned();
        self
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The value of the part.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value at a JSON pointer that counts from the part.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// The place of what a pointer names, else of the innermost thing around it that has a line.
    pub fn at(&self, pointer: &str) -> Location {
        let full = format!("{}{pointer}", self.root);
        let mut inner = full.as_str();
        let at = loop {
            match (self.lines.get(inner), inner.rfind('/')) {
                (Some(at), _) => break Some(at),
                (None, Some(slash)) => inner = &inner[..slash],
                (None, None) => break None,
            }
        };
        Location { file: self.file.clone(), line: at.map(|(line, _)| line), column: at.map(|(_, column)| column) }
    }

    /// What a pointer names, as YAML has it; `None` in a file of TOML.
    pub fn node(&self, pointer: &str) -> Option<&yaml::Node> {
        match &self.lines {
            Lines::Yaml(places) => places.node(&format!("{}{pointer}", self.root)),
            Lines::Toml(_) => None,
        }
    }
}

/// A step of a JSON pointer.
pub fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A JSON pointer as it is said in a sentence: keys with dots between them.
pub fn spoken(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}

fn of_table(table: &DeTable<'_>, pointer: &str, line: &impl Fn(usize) -> At, lines: &mut HashMap<String, At>) -> Value {
    let mut map = Map::new();
    for (key, value) in table {
        let below = format!("{pointer}{}", step(key.get_ref()));
        lines.insert(below.clone(), line(key.span().start));
        map.insert(key.get_ref().to_string(), of_value(value, &below, line, lines));
    }
    Value::Object(map)
}

fn of_value(
    value: &Spanned<DeValue<'_>>,
    pointer: &str,
    line: &impl Fn(usize) -> At,
    lines: &mut HashMap<String, At>,
) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::String(integer.to_string()), Value::from),
        DeValue::Float(float) => {
            float.as_str().parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Table(table) => of_table(table, pointer, line, lines),
        DeValue::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                let below = format!("{pointer}/{index}");
                lines.insert(below.clone(), line(item.span().start));
                of_value(item, &below, line, lines)
            });
            Value::Array(items.collect())
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_knows_its_line_in_either_format() {
        let folder = tempfile::tempdir().unwrap();
        let (yaml, toml) = (folder.path().join("b.yaml"), folder.path().join("pyproject.toml"));
        std::fs::write(&yaml, "service: x\npython:\n  packages:\n  - a\n  - b\n").unwrap();
        std::fs::write(
            &toml,
            "[project]\nname = 'x'\n[tool.bentoml.build]\nservice = 'x'\npython.packages = [\n'a',\n'b',\n]\n\
             [[tool.bentoml.build.envs]]\nname = 'A'\n",
        )
        .unwrap();
        let yaml = Document::yaml(&yaml).unwrap();
        let toml = Document::toml(&toml).unwrap().part("/tool/bentoml/build").unwrap();
        assert_eq!((yaml.at("/python/packages/1").line, toml.at("/python/packages/1").line), (Some(5), Some(7)));
        assert_eq!((yaml.at("/service").line, toml.at("/service").line), (Some(1), Some(4)));
        assert_eq!(toml.at("/envs/0/name").line, Some(10));
        assert_eq!((yaml.at("/python/packages/1").column, toml.at("/python/packages").column), (Some(5), Some(8)));
        assert_eq!(toml.get("/envs").unwrap(), &json!([{"name": "A"}]));
        // What is not there is shown where it would stand.
        assert_eq!((yaml.at("/python/wheels").line, yaml.at("/docker").line), (Some(2), None));
    }

    #[test]
    fn a_broken_file_is_an_error_at_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pyproject.toml");
        std::fs::write(&file, "[project]\nname = \n").unwrap();
        let error = Document::toml(&file).unwrap_err();
        assert_eq!(error.location().unwrap().line, Some(2), "{error}");
    }
}
