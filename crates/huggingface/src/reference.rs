//! What bento.yaml says of a model on the hub.

use actions_core::{Context, Env, Error, Result};
use bento_format::BentoModel;
use globset::GlobSet;
use serde_json::Value;

use super::patterns;
use crate::variables;

/// Where the hub is when nothing else is said.
pub(super) const HUB: &str = "https://huggingface.co";

/// A model on the hub, and which of its files are meant.
#[derive(Debug, Clone)]
pub struct Reference {
    /// `owner/name`, as bento.yaml spells it: bentoml writes it in lower case, and the hub redirects.
    pub id: String,
    /// A commit, else a branch or tag.
    pub revision: String,
    /// The hub's address, without a slash at its end.
    pub endpoint: String,
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
}

impl Reference {
    /// Reads what a Bento says of its model.
    ///
    /// # Errors
    /// It names not a model of a hub, or a pattern is none.
    pub fn of(model: &BentoModel, env: &Env) -> Result<Self> {
        let field = |name: &str| model.metadata.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        // What bentoml makes of a reference without details.
        let id = field("model_id").map_or_else(|| model.tag.name().replace("--", "/"), str::to_owned);
        let revision = field("revision").unwrap_or("main").to_owned();
        if !is_plain(&id) || id.split('/').count() > 2 || !is_plain(&revision) {
            return Err(Error::input(format!("{}: {id:?} at {revision:?} is not a model of a hub", model.tag))
                .hint("Build the Bento again; a model's name is of the form owner/name."));
        }
        let endpoint = field("endpoint").or_else(|| env.get(variables::HF_ENDPOINT)).unwrap_or(HUB);
        let patterns = |name: &str| -> Result<Option<GlobSet>> {
            let given: Option<Vec<String>> =
                model.metadata.get(name).and_then(|value| serde_json::from_value(value.clone()).ok()).flatten();
            let set = given.map(|given| patterns::any_of(given.iter().map(String::as_str)));
            set.transpose().context(|| format!("{}: {name}", model.tag))
        };
        Ok(Self {
            include: patterns("include")?,
            exclude: patterns("exclude")?,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            id,
            revision,
        })
    }

    /// Is this file of the model meant?
    pub fn takes(&self, file: &str) -> bool {
        self.include.as_ref().is_none_or(|patterns| patterns.is_match(file))
            && !self.exclude.as_ref().is_some_and(|patterns| patterns.is_match(file))
    }
}

/// Does a relative path stay below where it starts, on every system?
pub(super) fn is_plain(path: &str) -> bool {
    let forbidden = |c: char| c.is_control() || matches!(c, '\\' | ':');
    !path.contains(forbidden) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Is this a full git commit?
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(metadata: Value, env: &[(&str, &str)]) -> Result<Reference> {
        let model = BentoModel { tag: "org--tiny:1".parse().unwrap(), registry: "huggingface".into(), metadata };
        Reference::of(&model, &env.iter().copied().collect())
    }

    #[test]
    fn what_is_not_said_is_what_bentoml_takes() {
        let bare = of(Value::Null, &[("HF_ENDPOINT", "http://mirror/")]).unwrap();
        assert_eq!((bare.id.as_str(), bare.revision.as_str()), ("org/tiny", "main"));
        assert_eq!(bare.endpoint, "http://mirror");
        let said = of(json!({"endpoint": "http://x", "exclude": ["*.bin"]}), &[("HF_ENDPOINT", "http://y")]).unwrap();
        assert_eq!(said.endpoint, "http://x");
        assert!(said.takes("a/b.txt") && !said.takes("a/b.bin"));
        assert!(!of(json!({"include": ["*.txt"], "exclude": ["b*"]}), &[]).unwrap().takes("b.txt"));
    }

    #[test]
    fn names_that_leave_the_cache_are_refused() {
        for (id, revision) in [("../x", "main"), ("a/b/c", "main"), ("a", "../../x"), ("/etc", "main"), ("a\\b", "m")] {
            let error = of(json!({"model_id": id, "revision": revision}), &[]).unwrap_err();
            assert!(error.to_string().contains("not a model of a hub"), "{error}");
        }
    }
}
