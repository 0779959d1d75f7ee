//! `action.yml`: what the runner takes from it.
//!
//! Rules: actions/runner, `ActionManifestManager.cs`; only actions on Node 24 are run.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::Value;

use crate::Error;

/// An action's metadata.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    /// The folder of the action, absolute.
    pub(crate) folder: PathBuf,
    /// In the order of the file.
    pub(crate) inputs: Vec<Input>,
    pub(crate) has_pre: bool,
    pub(crate) main: String,
    pub(crate) post: Option<String>,
    /// `always()` unless given.
    pub(crate) post_if: String,
}

/// A declared input. `required` is of no concern to the runner.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) name: String,
    /// May hold expressions; empty when there is none.
    pub(crate) default: String,
    pub(crate) deprecation: Option<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    inputs: serde_yaml::Mapping,
    runs: Runs,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Runs {
    using: String,
    pre: Option<String>,
    main: Option<String>,
    post: Option<String>,
    post_if: Option<String>,
}

impl Manifest {
    /// Reads `action.yml`, else `action.yaml`, of an action folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let folder = std::path::absolute(folder).map_err(Error::io(format!("resolve {}", folder.display())))?;
        let path = ["action.yml", "action.yaml"].map(|name| folder.join(name)).into_iter().find(|path| path.is_file());
        let path = path.ok_or_else(|| Error::NoManifest(folder.clone()))?;
        let text = std::fs::read_to_string(&path).map_err(Error::io(format!("read {}", path.display())))?;
        Self::parse(folder, &text).map_err(|reason| Error::Manifest { path, reason })
    }

    fn parse(folder: PathBuf, text: &str) -> Result<Self, String> {
        let File { inputs, runs } = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        if runs.using != "node24" {
            return Err(format!("runs.using is `{}`: only `node24` actions can be run here", runs.using));
        }
        let inputs = inputs.iter().map(|(name, value)| Input::parse(name, value)).collect::<Result<_, _>>()?;
        Ok(Self {
            folder,
            inputs,
            has_pre: runs.pre.is_some(),
            main: runs.main.filter(|main| !main.is_empty()).ok_or("runs.main is missing")?,
            post: runs.post.filter(|post| !post.is_empty()),
            post_if: runs.post_if.unwrap_or_else(|| "always()".into()),
        })
    }
}

impl Input {
    fn parse(name: &Value, value: &Value) -> Result<Self, String> {
        let name = scalar(name).ok_or("the name of an input is not text")?;
        let field = |key: &str| match value.get(key) {
            None => Ok(None),
            Some(value) => scalar(value).map(Some).ok_or_else(|| format!("inputs.{name}.{key} is not a scalar")),
        };
        let (default, deprecation) = (field("default")?.unwrap_or_default(), field("deprecationMessage")?);
        Ok(Self { name, default, deprecation })
    }
}

/// A scalar as text, the way the runner turns typed YAML into inputs: `1.10` is the number 1.1, null is nothing.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse("/a".into(), text)
    }

    #[test]
    fn typed_defaults_become_text() {
        let manifest = parse(
            "name: x\ninputs:\n  a: {default: true}\n  b: {default: 1.10}\n  c: {default: 3600, required: true}\n  \
             d: {default: '1.10', deprecationMessage: use a}\n  e:\n    description: none\n  f: {default: }\n\
             runs: {using: node24, main: main.js}",
        )
        .expect("valid");
        let defaults: Vec<_> =
            manifest.inputs.iter().map(|input| (input.name.as_str(), input.default.as_str())).collect();
        assert_eq!(defaults, [("a", "true"), ("b", "1.1"), ("c", "3600"), ("d", "1.10"), ("e", ""), ("f", "")]);
        assert_eq!(manifest.inputs[3].deprecation.as_deref(), Some("use a"));
        assert_eq!((manifest.post, manifest.post_if.as_str()), (None, "always()"));
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for (text, reason) in [
            ("runs: {using: node20, main: m.js}", "`node20`"),
            ("runs: {using: composite, steps: []}", "`composite`"),
            ("runs: {using: node24}", "runs.main"),
            ("name: x", "runs"),
            ("inputs: {a: {default: [1]}}\nruns: {using: node24, main: m.js}", "inputs.a.default"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
