//! model.yaml: what a model in the store says of itself.

use std::path::Path;

use actions_core::{Error, Result, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Tag, info, time};
use crate::yaml;

/// What model.yaml says.
#[derive(Debug, Clone)]
pub struct ModelInfo {
    /// `name:version`.
    pub tag: Tag,
    /// When it was saved.
    pub creation_time: Timestamp,
    raw: Map<String, Value>,
}

impl ModelInfo {
    /// Reads `model.yaml` in the model's folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join("model.yaml");
        let text = text::read_if_there_up_to(&file, yaml::LONGEST)?.ok_or_else(|| {
            Error::input(format!("{} is not a model: it has no model.yaml", folder.display()))
                .hint("Save or pull the model again.")
        })?;
        let wrong = |why: &str| Error::input(format!("{} {why}", file.display())).hint("Save or pull the model again.");
        let document = yaml::parse(&text).map_err(|error| error.in_file("the manifest", &file))?;
        let Value::Object(raw) = document.value else { return Err(wrong("holds no mapping")) };
        let field = |name: &str| raw.get(name).and_then(Value::as_str);
        let (Some(name), Some(version)) = (field("name"), field("version")) else {
            return Err(wrong("lacks name or version"));
        };
        let creation_time = field("creation_time").and_then(time::parse);
        let creation_time = creation_time.ok_or_else(|| wrong("has no valid creation_time"))?;
        Ok(Self { tag: Tag::new(name, version)?, creation_time, raw })
    }

    /// The model's labels as the API's list of keys and values.
    pub fn labels(&self) -> Vec<Value> {
        info::labels(self.raw.get("labels"))
    }

    /// The manifest of the API, field by field as bentoml 1.4 sends it; `options` go as they stand, without importing the
    /// framework. `size_bytes` is the sum of the model's files.
    pub fn manifest(&self, size_bytes: u64) -> Value {
        let object = |name: &str| match self.raw.get(name) {
            Some(value @ Value::Object(_)) => value.clone(),
            _ => json!({}),
        };
        let context = object("context");
        let text = |of: Option<&Value>, default: &str| of.and_then(Value::as_str).unwrap_or(default).to_owned();
        // Models of old versions keep it at the top.
        let bentoml_version = text(context.get("bentoml_version").or_else(|| self.raw.get("bentoml_version")), "");
        json!({
            "module": text(self.raw.get("module"), ""),
            "api_version": text(self.raw.get("api_version"), "v1"),
            "bentoml_version": bentoml_version,
            "size_bytes": size_bytes,
            "metadata": object("metadata"),
            "context": {
                "framework_name": text(context.get("framework_name"), ""),
                "framework_versions": context.get("framework_versions").cloned().unwrap_or_else(|| json!({})),
                "bentoml_version": bentoml_version,
                "python_version": text(context.get("python_version"), ""),
            },
            "options": object("options"),
        })
    }
}
