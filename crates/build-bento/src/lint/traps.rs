//! Values without quotes that YAML 1.1 reads as something else than they look, where BentoML makes a text of them.

use actions_core::runner::Annotation;
use actions_core::text;
use bento_format::project::{Document, spoken};
use bento_format::yaml::{Content, Node};

use crate::schema;
use crate::warnings::{name_in, warning};

/// Where BentoML makes a text of whatever stands there. `*` is any item or key.
const TEXTS: [&str; 12] = [
    "/service",
    "/name",
    "/description",
    "/labels/*",
    "/include/*",
    "/exclude/*",
    "/docker/env/*",
    "/docker/system_packages/*",
    "/envs/*/name",
    "/envs/*/value",
    "/models/*/alias",
    "/models/*/filter",
];
/// Truths that every reader of YAML has.
const TRUTHS: [&str; 6] = ["true", "True", "TRUE", "false", "False", "FALSE"];

/// A warning for each such value.
pub(super) fn of(config: &Document) -> Vec<Annotation> {
    let Ok(source) = text::read(config.file()) else { return Vec::new() };
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for pointer in TEXTS.iter().flat_map(|place| schema::pointers(place, config.value())) {
        let Some(node) = config.node(&pointer) else { continue };
        let Ok(Some(becomes)) = node.python_str() else { continue };
        let Some(written) = written(node, &lines).filter(|written| *written != becomes) else { continue };
        let reads = match &node.content {
            Content::Bool(_) => "a truth",
            Content::Time(_) => "a time",
            _ => "a number",
        };
        let message = format!(
            "{}: {} is {written}, which YAML reads as {reads}, and BentoML makes the text {becomes:?} of it. Write \
             \"{written}\", in quotes, if the text is meant.",
            name_in(config),
            spoken(&pointer)
        );
        found.push(warning("Text without quotes", message, Some(config.at(&pointer))));
    }
    found
}

/// A value that is not a text, as it is written; `None` where that is as it looks.
fn written<'s>(node: &Node, lines: &[&'s str]) -> Option<&'s str> {
    if matches!(node.content, Content::Text(_) | Content::Null | Content::Bytes(_) | Content::List(_) | Content::Map(_))
    {
        return None;
    }
    let line = lines.get(usize::try_from(node.line).ok()?.checked_sub(1)?)?;
    let (start, _) = line.char_indices().nth(usize::try_from(node.column).ok()?.checked_sub(1)?)?;
    let rest = line.get(start..)?;
    let end = [" #", ",", "]", "}"].iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    let written = rest.get(..end)?.trim();
    // A tag or an anchor stands before it: its writer knows YAML.
    let is_plain = !written.is_empty() && !written.starts_with(['!', '&', '*', '"', '\'', '|', '>']);
    (is_plain && !TRUTHS.contains(&written)).then_some(written)
}
