//! Keys and values of a build configuration that BentoML refuses, all of them: BentoML itself ends at the first.

use std::path::Path;

use actions_core::Error;
use actions_core::action::inputs::nearest;
use actions_core::runner::Annotation;
use bento_format::project::{BUILD_TABLE, Document, PYPROJECT, spoken, step};
use python_env::Version;
use serde_json::Value;

use super::error;
use crate::schema::{self, KEYS, KNOWN, WORDS};
use crate::warnings::name_in;

/// Keys that BentoML does not know. A BentoML that is newer than the keys known here, or older than 1.4, judges its own.
pub(super) fn unknown(config: &Document, bentoml: Option<&Version>) -> Vec<Annotation> {
    if bentoml.is_some_and(|version| !is_known(version)) {
        return Vec::new();
    }
    let installed = bentoml.map_or_else(|| format!("BentoML {KNOWN}"), |version| format!("BentoML {version}"));
    let name = name_in(config);
    let mut found = Vec::new();
    for (place, known) in KEYS {
        for mapping in schema::pointers(place, config.value()) {
            let keys = config.get(&mapping).and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
            for key in keys.filter(|key| !known.contains(&key.as_str())) {
                let pointer = format!("{mapping}{}", step(key));
                let hint = match nearest(key, known.iter().copied()) {
                    Some(meant) => format!("Remove or correct it. Did you mean {meant}?"),
                    None => format!("Remove or correct it. Known there: {}.", known.join(", ")),
                };
                let spoken = spoken(&pointer);
                let unknown = Error::input(format!("{name} holds a key that {installed} does not know: {spoken}"));
                found.push(error(&unknown.hint(hint).at(config.at(&pointer))));
            }
        }
    }
    found
}

/// Values of another kind than BentoML takes, and what it does without.
pub(super) fn misshapen(config: &Document) -> Vec<Annotation> {
    let name = name_in(config);
    let value = |pointer: &str| config.get(pointer).unwrap_or(&Value::Null);
    let kinds = schema::refused(config.value()).into_iter().map(|(pointer, takes)| {
        let what = if pointer.is_empty() { name.clone() } else { format!("{name}: {}", spoken(&pointer)) };
        let value = value(&pointer);
        let hint = if value.is_null() { "Remove the key, or write what belongs to it." } else { "Correct the value." };
        let wrong =
            Error::input(format!("{what} holds {}; BentoML takes {takes}", bento_format::project::kind_of(value)));
        error(&wrong.hint(hint).at(config.at(&pointer)))
    });
    let mut found: Vec<_> = kinds.collect();
    for (place, words) in WORDS {
        for pointer in schema::pointers(place, config.value()) {
            let Some(text) = value(&pointer).as_str().filter(|text| !words.contains(text)) else { continue };
            let meant = nearest(text, words.iter().copied()).map(|word| format!(" Did you mean {word}?"));
            let wrong = Error::input(format!("{name}: {} is {text:?}, which BentoML does not know", spoken(&pointer)));
            let hint = format!("Write one of {}.{}", words.join(", "), meant.unwrap_or_default());
            found.push(error(&wrong.hint(hint).at(config.at(&pointer))));
        }
    }
    for pointer in schema::pointers("/envs/*", config.value()) {
        if value(&pointer).as_object().is_some_and(|entry| !entry.contains_key("name")) {
            let wrong = Error::input(format!("{name}: {} has no name", spoken(&pointer))).hint("Add `name` to it.");
            found.push(error(&wrong.at(config.at(&pointer))));
        }
    }
    found
}

/// The build configuration in a file; `None` where it cannot be read, which whoever reads the project says.
pub(super) fn document(file: &Path) -> Option<Document> {
    if file.file_name().is_some_and(|name| name == PYPROJECT) {
        return Document::toml(file).ok()?.part(BUILD_TABLE);
    }
    Document::yaml(file).ok()
}

fn is_known(version: &Version) -> bool {
    let newest: Result<Version, _> = KNOWN.parse();
    version.release().starts_with(&[1, 4]) && newest.is_ok_and(|newest| *version <= newest)
}
