//! A build configuration that does not have the form that BentoML takes.

use actions_core::Error;
use actions_core::action::inputs::nearest;
use bento_format::project::{kind_of, spoken, step};

use super::{Build, Failure, place, values};
use crate::schema::misfit;

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
        let takes = misfit(above, value)?;
        let what = match above {
            "" => build.config_name(),
            above => format!("{}: {}", build.config_name(), spoken(above)),
        };
        let error = Error::input(format!("{what} holds {}; {} takes {takes}", kind_of(value), build.installed()));
        let hint = if value.is_null() { "Remove the key, or write what belongs to it." } else { "Correct the value." };
        Some(error.hint(hint).at(config.at(above)))
    })
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
