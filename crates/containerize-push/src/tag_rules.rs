//! Tags from rules, in the manner of docker/metadata-action: what people need of it.
//!
//! ```text
//! type=bento                                      the Bento's version
//! type=semver,pattern={{version}}                 of a release's tag; {{major}}, {{minor}}, {{patch}}, {{raw}} too
//! type=ref,event=branch|tag|pr                    the name of the branch or tag, pr-NUMBER
//! type=sha                                        sha- and seven digits of the commit; format=long: all
//! type=raw,value=latest,enable={{is_default_branch}}
//! ```
//!
//! Every rule takes `prefix=`, `suffix=` and `enable=`; every value may hold `{{branch}}`, `{{tag}}`, `{{sha}}`,
//! `{{bento_name}}`, `{{bento_version}}` and `{{is_default_branch}}`.

use bento_core::bento::Tag;
use bento_core::runner::Event;
use bento_core::{Error, Result};
use serde_json::Value;

/// The longest tag that a registry takes.
const LONGEST: usize = 128;

/// The tags that the rules give for this event, each once; those whose event it is not give none.
///
/// # Errors
/// A rule cannot be read.
pub(crate) fn tags(rules: &[String], bento: &Tag, event: &Event) -> Result<Vec<String>> {
    let mut tags = Vec::new();
    for rule in rules {
        let tag = Rule::parse(rule)?.tag(bento, event)?;
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

struct Rule<'a> {
    text: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Rule<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let fields = text.split(',').map(|field| field.trim().split_once('=').unwrap_or(("type", field.trim())));
        let rule = Self { text, fields: fields.collect() };
        let known = ["type", "pattern", "event", "value", "format", "enable", "prefix", "suffix", "priority"];
        match rule.fields.iter().find(|(key, _)| !known.contains(key)) {
            Some((key, _)) => Err(rule.wrong(&format!("{key} is not known"))),
            None => Ok(rule),
        }
    }

    fn wrong(&self, why: &str) -> Error {
        Error::input(format!("tag-rules: {:?}: {why}", self.text)).hint(
            "Rules are type=bento, type=semver,pattern={{version}}, type=ref,event=branch|tag|pr, type=sha and \
            type=raw,value=…, with enable=, prefix= and suffix=.",
        )
    }

    fn field(&self, key: &str) -> Option<&'a str> {
        self.fields.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    fn tag(&self, bento: &Tag, event: &Event) -> Result<Option<String>> {
        let filled = |key: &str| self.field(key).map(|value| self.known(fill(value, bento, event))).transpose();
        match filled("enable")?.as_deref() {
            None | Some("true") => {}
            Some("false") => return Ok(None),
            Some(other) => return Err(self.wrong(&format!("enable is true or false, not {other:?}"))),
        }
        let default_prefix = match (self.field("type"), self.field("event")) {
            (Some("sha"), _) => "sha-",
            (Some("ref"), Some("pr")) => "pr-",
            _ => "",
        };
        let value = match self.field("type").unwrap_or_default() {
            "bento" => bento.version().map(str::to_owned),
            "raw" => Some(filled("value")?.ok_or_else(|| self.wrong("value is missing"))?),
            "sha" if event.sha.is_empty() => None,
            "sha" if self.field("format") == Some("long") => Some(event.sha.clone()),
            "sha" => Some(event.sha.chars().take(7).collect()),
            "ref" => match self.field("event") {
                Some("branch") => branch(event).map(str::to_owned),
                Some("tag") => git_tag(event).map(str::to_owned),
                Some("pr") => pull_request(event).map(str::to_owned),
                _ => return Err(self.wrong("event is branch, tag or pr")),
            },
            "semver" => {
                let pattern = self.field("pattern").unwrap_or("{{version}}");
                // Of any version: a wrong pattern is to be seen before a release.
                self.known(semver("0.0.0", pattern).unwrap_or_default())?;
                let version = filled("value")?.or_else(|| git_tag(event).map(str::to_owned));
                version.as_deref().and_then(|version| semver(version, pattern))
            }
            other => return Err(self.wrong(&format!("type {other:?} is not known"))),
        };
        let prefix = filled("prefix")?.unwrap_or_else(|| default_prefix.to_owned());
        let suffix = filled("suffix")?.unwrap_or_default();
        Ok(value.map(|value| clean(&format!("{prefix}{value}{suffix}"))))
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
    let default = event.payload.pointer("/repository/default_branch").and_then(Value::as_str);
    let is_default = default.is_some() && branch(event) == default;
    text.replace("{{branch}}", branch(event).unwrap_or_default())
        .replace("{{tag}}", git_tag(event).unwrap_or_default())
        .replace("{{sha}}", event.sha.get(..7).unwrap_or_default())
        .replace("{{bento_name}}", bento.name())
        .replace("{{bento_version}}", bento.version().unwrap_or_default())
        .replace("{{is_default_branch}}", if is_default { "true" } else { "false" })
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

/// A version by a pattern. Of a pre-release only the whole version has a tag: `1.2` is the newest release of 1.2.
fn semver(text: &str, pattern: &str) -> Option<String> {
    let version = text.strip_prefix('v').unwrap_or(text);
    let (core, pre) = version.split_once(['-', '+']).map_or((version, false), |(core, _)| (core, true));
    let numbers: Vec<_> = core.split('.').collect();
    let &[major, minor, patch] = numbers.as_slice() else { return None };
    let plain = |number: &&&str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if numbers.iter().filter(plain).count() != 3 {
        return None;
    }
    if pre && !(pattern.contains("{{version}}") || pattern.contains("{{raw}}")) {
        return None;
    }
    let filled = pattern.replace("{{version}}", version).replace("{{raw}}", text);
    Some(filled.replace("{{major}}", major).replace("{{minor}}", minor).replace("{{patch}}", patch))
}

/// What a tag cannot hold becomes a dash.
fn clean(text: &str) -> String {
    let mut tag = String::new();
    for c in text.chars() {
        let fits = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        match (fits, tag.ends_with('-')) {
            (true, _) => tag.push(c),
            (false, false) => tag.push('-'),
            (false, true) => {}
        }
    }
    tag.trim_start_matches(['.', '-']).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(reference: &str, rules: &[&str]) -> Vec<String> {
        let mut event = Event { reference: reference.into(), sha: "0123456789abcdef".into(), ..Event::default() };
        event.payload = json!({"repository": {"default_branch": "main"}});
        let rules: Vec<_> = rules.iter().map(|&rule| rule.to_owned()).collect();
        tags(&rules, &"shop:abc".parse().unwrap(), &event).unwrap()
    }

    #[test]
    fn each_event_has_its_tags() {
        let rules = [
            "type=bento",
            "type=semver,pattern={{version}}",
            "type=semver,pattern={{major}}.{{minor}}",
            "type=ref,event=branch",
            "type=ref,event=tag",
            "type=ref,event=pr",
            "type=sha",
            "type=raw,value=latest,enable={{is_default_branch}}",
        ];
        assert_eq!(of("refs/heads/main", &rules), ["abc", "main", "sha-0123456", "latest"]);
        assert_eq!(of("refs/heads/feat/Ünï x", &rules), ["abc", "feat-n-x", "sha-0123456"]);
        assert_eq!(of("refs/tags/v1.2.3", &rules), ["abc", "1.2.3", "1.2", "v1.2.3", "sha-0123456"]);
        assert_eq!(of("refs/tags/v1.2.3-rc.1", &rules), ["abc", "1.2.3-rc.1", "v1.2.3-rc.1", "sha-0123456"]);
        assert_eq!(of("refs/pull/7/merge", &rules), ["abc", "pr-7", "sha-0123456"]);
        assert_eq!(of("refs/tags/nightly", &rules[1..3]), [""; 0]);
    }

    #[test]
    fn values_prefixes_and_names() {
        assert_eq!(
            of("refs/heads/a", &["type=raw,value={{bento_name}}-{{branch}},prefix=x-,suffix=-y"]),
            ["x-shop-a-y"]
        );
        assert_eq!(of("refs/heads/a", &["type=sha,format=long,prefix="]), ["0123456789abcdef"]);
        assert_eq!(
            of("refs/pull/7/merge", &["type=ref,event=pr,prefix=x-", "type=ref,event=pr,prefix="]),
            ["x-7", "7"]
        );
        assert_eq!(
            names(&["ghcr.io/Own/Name".into()], &["1".into(), "2".into()]),
            ["ghcr.io/own/name:1", "ghcr.io/own/name:2"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (rule, text) in [
            ("type=schedule", "schedule"),
            ("type=raw", "value is missing"),
            ("type=sha,flavour=x", "flavour"),
            ("type=bento,enable=maybe", "maybe"),
            ("type=raw,value={{date 'YYYYMMDD'}}", "{{date 'YYYYMMDD'}} is not known"),
            ("type=sha,prefix={{base_ref}}-", "{{base_ref}}"),
            ("type=semver,pattern={{major}}.{{minr}}", "{{minr}}"),
        ] {
            let error = tags(&[rule.into()], &"a:b".parse().unwrap(), &Event::default()).unwrap_err().full_text();
            assert!(error.contains(text) && error.contains("Rules are"), "{error}");
        }
    }
}
