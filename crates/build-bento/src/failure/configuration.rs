//! A build configuration that does not have the form that BentoML takes.

use actions_core::Error;
use actions_core::action::inputs::nearest;
use bento_format::project::{spoken, step};
use serde_json::Value;

use super::{Build, Failure, place, values};

/// What stands below a key, in BentoML's form. `*` is any item.
const SHAPES: [(&str, Shape, &str); 22] = [
    ("", Shape::Mapping, "a mapping"),
    ("/labels", Shape::Mapping, "a mapping of texts"),
    ("/include", Shape::List, "a list of patterns"),
    ("/exclude", Shape::List, "a list of patterns"),
    ("/docker", Shape::Mapping, "a mapping"),
    ("/docker/system_packages", Shape::List, "a list of texts"),
    ("/python", Shape::Mapping, "a mapping"),
    ("/python/packages", Shape::List, "a list of texts"),
    ("/python/wheels", Shape::List, "a list of texts"),
    ("/python/requirements_txt", Shape::Text, "a text"),
    ("/python/index_url", Shape::Text, "a text"),
    ("/python/pip_args", Shape::Text, "a text"),
    ("/python/no_index", Shape::Boolean, "true or false"),
    ("/conda", Shape::Mapping, "a mapping"),
    ("/conda/channels", Shape::List, "a list of texts"),
    ("/conda/dependencies", Shape::List, "a list of texts, and at most one mapping with the key pip"),
    ("/conda/pip", Shape::List, "a list of texts"),
    ("/models", Shape::List, "a list of tags, or of mappings with tag, filter and alias"),
    ("/models/*", Shape::Model, "a tag, or a mapping with tag, filter and alias"),
    ("/envs", Shape::List, "a list of mappings with name, value and stage"),
    ("/envs/*", Shape::Mapping, "a mapping with name, value and stage"),
    ("/args", Shape::Mapping, "a mapping"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Boolean,
    List,
    Mapping,
    Model,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Mapping => value.is_object(),
            Self::Model => value.is_string() || value.is_object(),
        }
    }
}

/// BentoML could not make a configuration of the file.
pub(super) fn refused(failure: &Failure, build: &Build<'_>) -> Error {
    if !failure.keys.is_empty() {
        return unknown_key(failure, build);
    }
    if let Some(error) = misshapen(&failure.pointer, build) {
        return error;
    }
    if failure.class == "KeyError" {
        let (entry, key) = failure.pointer.rsplit_once('/').unwrap_or_default();
        let error = Error::input(format!("{}: {} has no {key}", build.config_name(), spoken(entry)))
            .hint(format!("Add `{key}` to it."));
        return place(error, build.at(entry));
    }
    values::named(failure, build).unwrap_or_else(|| {
        let what = match failure.pointer.as_str() {
            "" => String::new(),
            pointer => format!(" {} is not valid:", spoken(pointer)),
        };
        let error = Error::input(format!("{}:{what} {}", build.config_name(), failure.message))
            .hint("Correct the value; what BentoML takes stands in its documentation, under Bento build options.");
        place(error, build.at(&failure.pointer))
    })
}

/// The outermost value on the way to this one that is of another kind than BentoML takes.
pub(super) fn misshapen(pointer: &str, build: &Build<'_>) -> Option<Error> {
    let config = build.config()?;
    let ends = pointer.match_indices('/').map(|(end, _)| end).chain([pointer.len()]);
    ends.into_iter().find_map(|end| {
        let above = &pointer[..end];
        let value = config.get(above)?;
        let (_, _, takes) = SHAPES.iter().find(|(of, shape, _)| is_at(of, above) && !shape.fits(value))?;
        let what = match above {
            "" => build.config_name(),
            above => format!("{}: {}", build.config_name(), spoken(above)),
        };
        let error = Error::input(format!("{what} holds {}; {} takes {takes}", kind_of(value), build.installed()));
        let hint = if value.is_null() { "Remove the key, or write what belongs to it." } else { "Correct the value." };
        Some(error.hint(hint).at(config.at(above)))
    })
}

fn is_at(of: &str, pointer: &str) -> bool {
    match of.strip_suffix("/*") {
        Some(list) => pointer.rsplit_once('/').is_some_and(|(above, _)| above == list),
        None => of == pointer,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

fn unknown_key(failure: &Failure, build: &Build<'_>) -> Error {
    let keys = failure.keys.join(", ");
    let meant = failure.keys.iter().find_map(|key| nearest(key, failure.known.iter().map(String::as_str)));
    let hint = match meant {
        Some(key) => format!("Remove or correct it. Did you mean {key}?"),
        None if failure.known.is_empty() => "Remove or correct it.".to_owned(),
        None => format!("Remove or correct it. Known there: {}.", failure.known.join(", ")),
    };
    let (name, installed) = (build.config_name(), build.installed());
    let error = Error::input(format!("{name} holds a key that {installed} does not know: {keys}")).hint(hint);
    let key = failure.keys.first().map(|key| step(key)).unwrap_or_default();
    place(error, build.at(&format!("{}{key}", failure.pointer)))
}
