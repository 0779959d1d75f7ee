//! The deployment configuration in the user's repository.

use std::io;
use std::path::{Path, PathBuf};

use bento_core::runner::{Annotation, Level};
use bento_core::yaml::{self, Document};
use bento_core::{Error, Location, Result};
use bentocloud::deployment::{Config, unknown_keys};
use serde_json::{Map, Value};

use crate::inputs::{DEFAULT_CONFIG, Verb};

/// Keys that say which Deployment is meant, not how it runs.
const ADDRESS: [&str; 4] = ["name", "cluster", "dev", "distributed"];

/// A v2 configuration, read and looked through.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    pub path: PathBuf,
    document: Document,
}

impl ConfigFile {
    /// Reads the configuration that the input names.
    ///
    /// `None` where the input is empty; where the default file is absent and the verb does without; and for a v1 file
    /// (it has `targets`), which an update leaves alone.
    pub(crate) fn read(input: &str, verb: Verb, workspace: &Path) -> Result<Option<Self>> {
        if input.is_empty() || verb == Verb::Skip {
            return Ok(None);
        }
        let path = workspace.join(input);
        let needs_file = matches!(verb, Verb::Create | Verb::Apply);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if input == DEFAULT_CONFIG && !needs_file {
                    return Ok(None);
                }
                return Err(missing(input, &path, workspace));
            }
            Err(error) => {
                return Err(Error::input(format!("failed to read deployment_config {input}"))
                    .hint("It must be a readable text file.")
                    .caused_by(error));
            }
        };
        let document = yaml::parse(&text).map_err(|error| error.in_file("deployment_config", &path))?;
        let file = Self { path, document };
        match &file.document.value {
            Value::Null => Ok(None),
            Value::Object(map) if map.contains_key("targets") => file.refuse_v1(needs_file),
            Value::Object(_) => {
                file.warn_of_unknown_keys(workspace);
                file.check()?;
                Ok(Some(file))
            }
            _ => Err(Error::input(format!("deployment_config {} holds no mapping", file.path.display()))
                .hint("It starts with keys such as `name:` and `services:`.")
                .at(file.at("/"))),
        }
    }

    /// A text at the top of the configuration.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.document.value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Where a value stands: the line of its key, or of the nearest key above, else the first.
    pub(crate) fn at(&self, pointer: &str) -> Location {
        let mut pointer = pointer;
        let line = loop {
            match (self.document.line(pointer), pointer.rsplit_once('/')) {
                (Some(line), _) => break line,
                (None, Some((above, _))) => pointer = above,
                (None, None) => break 1,
            }
        };
        Location { file: self.path.clone(), line: Some(line), column: None }
    }

    /// The part of the configuration that is sent: how the Deployment runs, not which one is meant.
    pub(crate) fn sent(&self) -> Map<String, Value> {
        let map = self.document.value.as_object().into_iter().flatten();
        let kept = map.filter(|(key, _)| !ADDRESS.contains(&key.as_str()));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// An error about the value at this place.
    pub(crate) fn error(&self, pointer: &str, error: &Error) -> Error {
        Error::input(format!("deployment_config {}: {error}", self.path.display()))
            .hint("See the v2 deployment configuration in BentoML's documentation.")
            .at(self.at(pointer))
    }

    /// Found before anything is built or sent. An update's file, which says less, is held to the same rules.
    fn check(&self) -> Result<()> {
        let mut value = self.sent();
        value.insert("bento".into(), "any:bento".into());
        Config::from_value(value.into()).map(drop).map_err(|(pointer, error)| self.error(&pointer, &error))
    }

    fn refuse_v1(self, needs_file: bool) -> Result<Option<Self>> {
        let what = format!("{} is the configuration of a v1 Deployment (it has `targets`)", self.path.display());
        if needs_file {
            return Err(Error::input(format!("{what}, and none can be created from it here yet"))
                .hint("Write the v2 form (`name`, `services`), or set `deployment_config: ''` for the defaults.")
                .at(self.at("/targets")));
        }
        Annotation::new(Level::Notice, format!("{what}: it is left alone")).at(Some(self.at("/targets"))).emit(None);
        Ok(None)
    }

    fn warn_of_unknown_keys(&self, workspace: &Path) {
        for unknown in unknown_keys(&self.document.value) {
            let key = unknown.pointer.trim_start_matches('/').replace('/', ".");
            let meant = unknown.nearest.map(|nearest| format!(" Did you mean `{nearest}`?")).unwrap_or_default();
            Annotation::new(Level::Warning, format!("`{key}` is no key of a v2 Deployment and has no effect.{meant}"))
                .title("Unknown key in deployment_config")
                .at(Some(self.at(&unknown.pointer)))
                .emit(Some(workspace));
        }
    }
}

fn missing(input: &str, path: &Path, workspace: &Path) -> Error {
    let error = Error::input(format!("deployment_config {input} does not exist ({})", path.display()));
    let other = ["deployment.yaml", "deployment.yml", "deployment.json"]
        .into_iter()
        .find(|name| workspace.join(name).is_file());
    error.hint(match other {
        Some(other) => format!("There is a {other}: set `deployment_config: {other}`."),
        None => {
            "Check the path and that the repository is checked out, or set `deployment_config: ''` for none.".into()
        }
    })
}
