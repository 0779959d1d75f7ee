//! A build configuration that BentoML takes for something else than it says, or passes over.

use std::fs;

use actions_core::Location;
use actions_core::action::inputs::nearest;
use actions_core::runner::{Annotation, Level};
use bento_format::project::BUILD_FILES;
use bento_format::project::{Document, spoken, step};
use serde_json::Value;

use super::{name_of, warning};
use crate::locate::Located;
use crate::schema::LISTS;

/// Booleans whose value BentoML 1.4 takes as it stands: any text is as good as true.
const BOOLEANS: [&str; 3] = ["/python/lock_packages", "/python/pack_git_packages", "/python/is_src_layout"];
/// Texts that mean false to YAML 1.1 where they have no quotes.
const FALSE: [&str; 4] = ["no", "off", "false", "n"];
/// What BentoML reads of an entry of `envs`.
const ENV_KEYS: [&str; 3] = ["name", "value", "stage"];

/// All warnings about the build configuration.
pub(super) fn of(located: &Located) -> Vec<Annotation> {
    let mut found: Vec<_> = misnamed(located).into_iter().collect();
    if let Some(config) = &located.project.config {
        let name = name_of(&located.project);
        found.extend(LISTS.iter().filter_map(|list| spelled(list, config, &name)));
        found.extend(BOOLEANS.iter().filter_map(|boolean| quoted(boolean, config, &name)));
        found.extend(unknown_keys(config, &name));
        found.extend(shortened(config, &name));
    }
    found
}

/// BentoML looks for one name alone; another case or ending is passed over.
fn misnamed(located: &Located) -> Option<Annotation> {
    let expected = BUILD_FILES[0];
    let has_it = located.found.as_ref().is_some_and(|file| file.ends_with(expected));
    if located.named.is_some() || has_it {
        return None;
    }
    let names = fs::read_dir(&located.context).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names
        .filter(|name| matches!(&*name.to_lowercase(), "bentofile.yml" | "bentofile.yaml") && name != expected)
        .collect();
    names.sort();
    let name = names.first()?;
    let message = format!(
        "{name} is not read: BentoML looks for {expected} alone. Rename it, or name it by the input bentofile."
    );
    let at = Location { file: located.context.join(name), line: None, column: None };
    Some(warning("Build configuration passed over", message, Some(at)))
}

/// A text in the place of a list.
fn spelled(pointer: &str, config: &Document, name: &str) -> Option<Annotation> {
    let text = config.get(pointer)?.as_str().filter(|text| !text.is_empty())?;
    let letters: Vec<_> = text.chars().take(3).map(|letter| format!("`{letter}`")).collect();
    let more = if text.chars().nth(3).is_some() { ", …" } else { "" };
    let key = spoken(pointer);
    let message = format!(
        "{name}: {key} is a text, and BentoML makes a list of its letters: {}{more}. Write a list, such as `{}: [{text:?}]`.",
        letters.join(", "),
        key.rsplit('.').next().unwrap_or_default(),
    );
    Some(warning("Text in place of a list", message, Some(config.at(pointer))))
}

/// A boolean in quotes.
fn quoted(pointer: &str, config: &Document, name: &str) -> Option<Annotation> {
    let text = config.get(pointer)?.as_str().filter(|text| FALSE.contains(&&*text.to_lowercase()))?;
    let message = format!(
        "{name}: {} is the text {text:?}, which BentoML takes for true. Write false, without quotes.",
        spoken(pointer)
    );
    Some(warning("Text in place of a boolean", message, Some(config.at(pointer))))
}

/// BentoML passes over keys that it does not know here, and here alone.
fn unknown_keys(config: &Document, name: &str) -> Vec<Annotation> {
    let entries = config.get("/envs").and_then(Value::as_array).into_iter().flatten().enumerate();
    let keys = entries.flat_map(|(index, entry)| {
        entry.as_object().into_iter().flat_map(|entry| entry.keys()).map(move |key| (format!("/envs/{index}"), key))
    });
    keys.filter(|(_, key)| !ENV_KEYS.contains(&key.as_str()))
        .map(|(entry, key)| {
            let meant =
                nearest(key, ENV_KEYS.into_iter()).map(|known| format!(" Did you mean {known}?")).unwrap_or_default();
            let known = ENV_KEYS.join(", ");
            let message = format!(
                "{name}: {} holds the key {key}, which BentoML passes over.{meant} Known there: {known}.",
                spoken(&entry)
            );
            warning("Unknown key in envs", message, Some(config.at(&format!("{entry}{}", step(key)))))
        })
        .collect()
}

/// `3.10` without quotes. BentoML refuses it where it knows the distribution.
fn shortened(config: &Document, name: &str) -> Option<Annotation> {
    let pointer = "/docker/python_version";
    let is_given = |key| config.get(key).is_some_and(|value| !value.is_null());
    let is_refused = is_given("/docker/distro") || !is_given("/docker/base_image");
    let value = config.get(pointer)?.as_number()?;
    if value.to_string() != "3.1" {
        return None;
    }
    let message = format!(
        "{name}: docker.python_version is the number 3.1: YAML reads 3.10 without quotes so, and the Bento asks for Python \
         3.1. Write \"3.10\", in quotes."
    );
    let found = warning("Python 3.1", message, Some(config.at(pointer)));
    Some(if is_refused { Annotation { level: Level::Error, ..found } } else { found })
}
