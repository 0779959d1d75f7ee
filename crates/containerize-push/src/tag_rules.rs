//! Tags from rules, in the manner of docker/metadata-action: what people need of it.
//!
//! ```text
//! type=bento                                      the Bento's version
//! type=semver,pattern={{version}}                 of a release's tag; {{major}}, {{minor}}, {{patch}}, {{raw}} too
//! type=ref,event=branch|tag|pr                    the name of the branch or tag, pr-NUMBER
//! type=sha                                        sha- and seven digits of the commit; format=long: all
//! type=match,pattern=v(.*),group=1                what a regular expression takes of the git tag
//! type=edge                                       `edge` on the default branch, or on that of branch=
//! type=schedule                                   `nightly`, or pattern=, on a schedule
//! type=raw,value=latest,enable={{is_default_branch}}
//! ```
//!
//! Every rule takes `prefix=`, `suffix=`, `priority=` and `enable=`; every value may hold `{{branch}}`, `{{tag}}`, `{{sha}}`,
//! `{{bento_name}}`, `{{bento_version}}`, `{{is_default_branch}}` and `{{is_not_default_branch}}`.

use actions_core::runner::Event;
use actions_core::{Error, Result};
use bento_format::Tag;
use regex::Regex;
use serde_json::Value;

use crate::output::fields;

/// The longest tag that a registry takes.
const LONGEST: usize = 128;

/// The tags that the rules give for this event, each once, those of the highest priority first; rules of another event give
/// none.
///
/// # Errors
/// A rule cannot be read.
pub(crate) fn tags(rules: &[String], bento: &Tag, event: &Event) -> Result<Vec<String>> {
    let mut rules = rules.iter().map(|rule| Rule::parse(rule)).collect::<Result<Vec<_>>>()?;
    // Stable: of two with one priority the first stays first.
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
    let mut tags = Vec::new();
    for rule in rules {
        let tag = rule.tag(bento, event)?;
        if let Some(tag) = tag.filter(|tag| !tag.is_empty() && !tags.contains(tag)) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// The names of images with these tags. A repository's name is in lower case, however its owner's is written.
pub(crate) fn names(images: &[String], tags: &[String]) -> Vec<String> {
    let named =
        |image: &String| tags.iter().map(move |tag| format!("{}:{tag}", image.to_lowercase())).collect::<Vec<_>>();
    images.iter().flat_map(named).collect()
}

/// The kinds of rules: their priority, and the fields that each has besides those of all.
const TYPES: [(&str, i64, &[&str]); 8] = [
    ("schedule", 1000, &["pattern"]),
    ("bento", 900, &[]),
    ("semver", 900, &["pattern", "value"]),
    ("match", 800, &["pattern", "group", "value"]),
    ("edge", 700, &["branch"]),
    ("ref", 600, &["event"]),
    ("raw", 200, &["value"]),
    ("sha", 100, &["format"]),
];

struct Rule<'a> {
    text: &'a str,
    kind: &'static str,
    priority: i64,
    fields: Vec<(String, String)>,
}

impl<'a> Rule<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let fields = fields(text).into_iter().map(|field| match field.split_once('=') {
            Some((key, value)) => (key.trim().to_lowercase(), value.trim().to_owned()),
            None => ("value".to_owned(), field),
        });
        let mut rule = Self { text, kind: "raw", priority: 0, fields: fields.collect() };
        let named = rule.field("type").unwrap_or("raw");
        let Some((kind, priority, own)) = TYPES.iter().find(|(kind, ..)| *kind == named) else {
            return Err(rule.wrong(&format!("type {named:?} is not known")));
        };
        rule.kind = kind;
        let known = |key: &str| ["type", "enable", "priority", "prefix", "suffix"].contains(&key) || own.contains(&key);
        if let Some((key, _)) = rule.fields.iter().find(|(key, _)| !known(key)) {
            return Err(rule.wrong(&format!("{key} means nothing for type={kind}")));
        }
        rule.priority = match rule.field("priority") {
            None => *priority,
            Some(given) => {
                given.parse().map_err(|_| rule.wrong(&format!("priority is a whole number, not {given:?}")))?
            }
        };
        Ok(rule)
    }

    fn wrong(&self, why: &str) -> Error {
        Error::input(format!("tag-rules: {:?}: {why}", self.text)).hint(
            "Rules are type=bento, type=semver,pattern={{version}}, type=match,pattern=…, type=ref,event=branch|tag|pr, \
            type=edge, type=schedule, type=sha and type=raw,value=…, with enable=, priority=, prefix= and suffix=.",
        )
    }

    /// The last one of this name.
    fn field(&self, key: &str) -> Option<&str> {
        self.fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn tag(&self, bento: &Tag, event: &Event) -> Result<Option<String>> {
        let filled = |key: &str| self.field(key).map(|value| self.known(fill(value, bento, event))).transpose();
        match filled("enable")?.as_deref() {
            None | Some("true") => {}
            Some("false") => return Ok(None),
            Some(other) => return Err(self.wrong(&format!("enable is true or false, not {other:?}"))),
        }
        let default_prefix = match (self.kind, self.field("event")) {
            ("sha", _) => "sha-",
            ("ref", Some("pr")) => "pr-",
            _ => "",
        };
        // A rule of a git tag may be given another text in its place.
        let version = || Ok::<_, Error>(filled("value")?.or_else(|| git_tag(event).map(str::to_owned)));
        let value = match self.kind {
            "bento" => bento.version().map(str::to_owned),
            "raw" => Some(filled("value")?.ok_or_else(|| self.wrong("value is missing"))?),
            "sha" => match self.field("format") {
                None | Some("short") => {
                    Some(event.sha.chars().take(7).collect()).filter(|sha: &String| !sha.is_empty())
                }
                Some("long") => Some(event.sha.clone()).filter(|sha| !sha.is_empty()),
                Some(other) => return Err(self.wrong(&format!("format is short or long, not {other:?}"))),
            },
            "ref" => match self.field("event") {
                Some("branch") => branch(event).map(str::to_owned),
                Some("tag") => git_tag(event).map(str::to_owned),
                Some("pr") => pull_request(event).map(str::to_owned),
                _ => return Err(self.wrong("event is branch, tag or pr")),
            },
            "edge" => {
                let own = self.field("branch").filter(|own| !own.is_empty()).or_else(|| default_branch(event));
                (own.is_some() && branch(event) == own).then(|| "edge".to_owned())
            }
            "schedule" => {
                let pattern = filled("pattern")?.unwrap_or_else(|| "nightly".into());
                (event.name == "schedule").then_some(pattern)
            }
            "match" => self.matching(version()?.as_deref())?,
            _ => {
                let pattern = self.field("pattern").unwrap_or("{{version}}");
                // Of any version: a wrong pattern is to be seen before a release.
                self.known(semver("0.0.0", pattern).unwrap_or_default())?;
                version()?.and_then(|version| semver(&version, pattern))
            }
        };
        let prefix = filled("prefix")?.unwrap_or_else(|| default_prefix.to_owned());
        let suffix = filled("suffix")?.unwrap_or_default();
        Ok(value.map(|value| clean(&format!("{prefix}{value}{suffix}"))))
    }

    /// What a group of the pattern takes of the text, in which `/` is `-`.
    fn matching(&self, text: Option<&str>) -> Result<Option<String>> {
        let pattern = self.field("pattern").ok_or_else(|| self.wrong("pattern is missing"))?;
        let pattern = Regex::new(pattern).map_err(|error| self.wrong(&format!("pattern cannot be read: {error}")))?;
        let group = self.field("group").unwrap_or("0");
        let group: usize = group.parse().map_err(|_| self.wrong("group is a number"))?;
        if group >= pattern.captures_len() {
            return Err(self.wrong(&format!("pattern has no group {group}")));
        }
        let text = text.map(|text| text.replace('/', "-"));
        Ok(text.and_then(|text| Some(pattern.captures(&text)?.get(group)?.as_str().to_owned())))
    }

    /// A text in which nothing is left to be filled in.
    fn known(&self, text: String) -> Result<String> {
        match text.split_once("{{") {
            None => Ok(text),
            Some((_, rest)) => {
                let name = rest.split("}}").next().unwrap_or_default();
                Err(self.wrong(&format!("{{{{{name}}}}} is not known here")))
            }
        }
    }
}

fn fill(text: &str, bento: &Tag, event: &Event) -> String {
    let is_default = default_branch(event).is_some() && branch(event) == default_branch(event);
    text.replace("{{branch}}", branch(event).unwrap_or_default())
        .replace("{{tag}}", git_tag(event).unwrap_or_default())
        .replace("{{sha}}", event.sha.get(..7).unwrap_or_default())
        .replace("{{bento_name}}", bento.name())
        .replace("{{bento_version}}", bento.version().unwrap_or_default())
        .replace("{{is_default_branch}}", if is_default { "true" } else { "false" })
        .replace("{{is_not_default_branch}}", if is_default { "false" } else { "true" })
}

fn default_branch(event: &Event) -> Option<&str> {
    event.payload.pointer("/repository/default_branch").and_then(Value::as_str)
}

fn branch(event: &Event) -> Option<&str> {
    event.reference.strip_prefix("refs/heads/")
}

fn git_tag(event: &Event) -> Option<&str> {
    event.reference.strip_prefix("refs/tags/")
}

fn pull_request(event: &Event) -> Option<&str> {
    event.reference.strip_prefix("refs/pull/")?.split('/').next()
}

/// A version by a pattern; none where it is none. A pre-release has its whole version in place of any other pattern: `1.2`
/// is the newest release of 1.2.
fn semver(text: &str, pattern: &str) -> Option<String> {
    let plain = text.trim().trim_start_matches('=').trim_start();
    let plain = plain.strip_prefix('v').unwrap_or(plain);
    let (version, build) = plain.split_once('+').map_or((plain, None), |(version, build)| (version, Some(build)));
    let (core, pre) = version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)));
    let number = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
    };
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let pre_word = |text: &str| word(text) && (number(text) || !text.bytes().all(|byte| byte.is_ascii_digit()));
    let numbers: Vec<_> = core.split('.').collect();
    let &[major, minor, patch] = numbers.as_slice() else { return None };
    let valid = numbers.iter().all(|text| number(text))
        && pre.is_none_or(|pre| pre.split('.').all(pre_word))
        && build.is_none_or(|build| build.split('.').all(word));
    if !valid {
        return None;
    }
    let pattern = if pre.is_some() && pattern != "{{raw}}" { "{{version}}" } else { pattern };
    let filled = pattern.replace("{{version}}", version).replace("{{raw}}", text);
    Some(filled.replace("{{major}}", major).replace("{{minor}}", minor).replace("{{patch}}", patch))
}

/// What a tag cannot hold becomes a dash, one for several.
fn clean(text: &str) -> String {
    let mut tag = String::new();
    let mut fitted = true;
    for c in text.chars() {
        let fits = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        match (fits, fitted) {
            (true, _) => tag.push(c),
            (false, true) => tag.push('-'),
            (false, false) => {}
        }
        fitted = fits;
    }
    tag.trim_start_matches(['.', '-']).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests;
