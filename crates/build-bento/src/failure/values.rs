//! Values that have the right form and yet are not taken: what BentoML says of them, and which key it speaks of.

use actions_core::{Cause, Error};
use bento_format::project::{resolve, spoken, step};
use serde_json::Value;

use super::configuration::misshapen;
use super::{Build, Failure, place};

/// Words of a message of BentoML 1.4, the key that they speak of, and what to do.
const RULES: [(&str, &str, &str); 16] = [
    ("Unsupported cuda version", "/docker/cuda_version", "Write one of those versions, in quotes."),
    (
        "docker.python_version=",
        "/docker/python_version",
        "Write it in quotes, such as \"3.11\": YAML reads 3.10 without quotes as the number 3.1.",
    ),
    (
        "Supported python versions are",
        "/docker/python_version",
        "Write one of those versions in quotes: YAML reads 3.10 without quotes as the number 3.1.",
    ),
    ("Supported cuda versions are", "/docker/cuda_version", "Write one of those versions, in quotes."),
    ("does not support CUDA", "/docker/cuda_version", "Choose another docker.distro, or leave cuda_version out."),
    ("does not supports conda", "/conda", "Choose another docker.distro, or leave conda out."),
    ("is not a valid '.env' file path", "/docker/env", "Write the path of a file that is in the repository."),
    ("`env` list must follow format", "/docker/env", "Write NAME=value, or a mapping of names and values."),
    ("`env` must be either a list", "/docker/env", "Write a list, a mapping, or the path of a file."),
    (
        "Paths outside of the build context",
        "/include",
        "Include only what is below the context, or choose a context that holds it.",
    ),
    ("Invalid setup_script file", "/docker/setup_script", "Write the path of a file below the context."),
    (
        "is not executable",
        "/docker/setup_script",
        "Give it a first line such as #!/bin/sh and run `git add --chmod=+x` on it.",
    ),
    ("`conda.dependencies`", "/conda/dependencies", "Write packages, and at most one mapping, with the key pip."),
    ("'conda.dependencies", "/conda/dependencies", "Write the packages of pip in one of the two places."),
    ("'conda.pip'", "/conda/dependencies", "Put values that look like numbers in quotes."),
    (
        "Failed to clone git repository",
        "/python/packages",
        "Check the address and the reference; a private one needs credentials that git can use without asking.",
    ),
];

/// The error of a message that speaks of a value in the build configuration.
pub(super) fn named(failure: &Failure, build: &Build<'_>) -> Option<Error> {
    let said = failure.message.trim_end_matches('.');
    let failed = || Error::new(Cause::Build, format!("failed to build the Bento: {said}"));
    if said.contains("Failed to install uv") {
        return Some(
            failed().hint("Use the setup action (`uses: …/setup`), which brings uv, or install uv in a step before."),
        );
    }
    if said.contains("Dependency conflict") {
        let error = failed().hint("Give one of the services another name: `@bentoml.service(name=\"…\")`.");
        return Some(place(error, build.at("/service")));
    }
    if failure.message.contains("is not a valid BentoML tag") || failure.message.starts_with("Invalid Tag") {
        let error = Error::input(format!("{}: name is not valid: {said}", build.config_name()))
            .hint("Use lower-case letters, digits, '-', '_' and '.', a letter or digit at both ends.");
        return Some(place(error, build.project().name.as_ref().map(|name| name.at.clone())));
    }
    if let Some((_, pointer, hint)) = RULES.iter().find(|(words, _, _)| failure.message.contains(words)) {
        let error = Error::input(format!("{}: {}: {said}", build.config_name(), spoken(pointer))).hint(*hint);
        return Some(place(error, build.at(pointer)));
    }
    // A `TypeError` of an empty file or a lone list comes without a pointer.
    if failure.class == "TypeError" { misshapen("", build) } else { None }
}

/// A path that leads nowhere, or where BentoML does not go.
pub(super) fn path(failure: &Failure, build: &Build<'_>) -> Error {
    let written = failure.path.as_deref().unwrap_or_default();
    let pointer = build.config().and_then(|config| pointer_of(config.value(), written, ""));
    let key = pointer.as_deref().map(|pointer| format!(": {}", spoken(pointer))).unwrap_or_default();
    let leads_to = resolve(written, &build.located.context, build.env);
    let name = build.config_name();
    let error = if failure.class == "FileNotFoundError" || failure.message.ends_with("not found") {
        let to = if leads_to.ends_with(written) { String::new() } else { format!(" ({})", leads_to.display()) };
        Error::input(format!("{name}{key} names the file {written}, which does not exist{to}"))
            .hint("Write its path relative to the context; variables come from the step's environment.")
    } else {
        let said = failure.message.split(": /").next().unwrap_or_default();
        Error::input(format!("{name}{key} names {written}, which {} refuses: {said}", build.installed()))
            .hint("Name a file below the context, by a relative path and without hidden folders.")
    };
    place(error, pointer.and_then(|pointer| build.at(&pointer)))
}

/// Where a text stands in the configuration, as a path or as `file:PATH`.
fn pointer_of(value: &Value, written: &str, above: &str) -> Option<String> {
    match value {
        Value::String(text) => {
            let is_it = text == written || text.strip_prefix("file:").is_some_and(|path| path.trim() == written);
            is_it.then(|| above.to_owned())
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| pointer_of(item, written, &format!("{above}/{index}")))
        }
        Value::Object(map) => {
            map.iter().find_map(|(key, item)| pointer_of(item, written, &format!("{above}{}", step(key))))
        }
        _ => None,
    }
}
