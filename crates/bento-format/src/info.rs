//! bento.yaml: what a Bento says of itself, and the manifest that BentoCloud stores.

use std::path::Path;

use actions_core::{Error, Result, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Tag, time};
use crate::yaml;

/// The README is the Bento's description up to this size, 3 MiB; a larger one counts as none.
const README_LIMIT: u64 = 3 * 1024 * 1024;

/// What bento.yaml says.
#[derive(Debug, Clone)]
pub struct BentoInfo {
    /// `name:version`.
    pub tag: Tag,
    /// When it was built.
    pub creation_time: Timestamp,
    /// Every model it needs, of all services, each once.
    pub models: Vec<BentoModel>,
    raw: Map<String, Value>,
}

/// A model that a Bento needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BentoModel {
    /// `name:version`.
    pub tag: Tag,
    /// `bentoml`: its files are in a model store; `huggingface`: they stay on the hub.
    pub registry: String,
    /// For the hub: `model_id`, `revision`, `endpoint`, `include`, `exclude`.
    pub metadata: Value,
}

impl BentoInfo {
    /// Reads `bento.yaml` in the Bento's folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join("bento.yaml");
        let text = text::read_if_there_up_to(&file, yaml::LONGEST)?.ok_or_else(|| {
            Error::input(format!("{} is not a Bento: it has no bento.yaml", folder.display()))
                .hint("Build it again; a Bento that was copied by hand needs all its files.")
        })?;
        Self::parse(&text, &file)
    }

    fn parse(text: &str, file: &Path) -> Result<Self> {
        let wrong = |why: &str| Error::input(format!("{} {why}", file.display())).hint("Build the Bento again.");
        let document = yaml::parse(text).map_err(|error| error.in_file("the manifest", file))?;
        let Value::Object(raw) = document.value else { return Err(wrong("holds no mapping")) };
        let field = |name: &str| raw.get(name).and_then(Value::as_str);
        let (Some(name), Some(version)) = (field("name"), field("version")) else {
            return Err(wrong("lacks name or version"));
        };
        let creation_time = field("creation_time").and_then(time::parse);
        Ok(Self {
            tag: Tag::new(name, version)?,
            creation_time: creation_time.ok_or_else(|| wrong("has no valid creation_time"))?,
            models: models(&raw)?,
            raw,
        })
    }

    /// The service that answers from outside; empty for Bentos of BentoML before 1.2.
    pub fn entry_service(&self) -> &str {
        self.raw.get("entry_service").and_then(Value::as_str).unwrap_or_default()
    }

    /// The version of BentoML that built it.
    pub fn bentoml_version(&self) -> &str {
        self.raw.get("bentoml_version").and_then(Value::as_str).unwrap_or_default()
    }

    /// The version of Python that it was built for.
    pub fn python_version(&self) -> Option<&str> {
        let of = |section: &str| self.raw.get(section)?.get("python_version")?.as_str();
        of("image").or_else(|| of("docker"))
    }

    /// Everything that bento.yaml holds, in its order: what `bentoml get TAG -o json` prints.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.raw
    }

    /// The Bento's labels as the API's list of keys and values.
    pub fn labels(&self) -> Vec<Value> {
        labels(self.raw.get("labels"))
    }

    /// The manifest of the API, field by field as bentoml 1.4 sends it. `size_bytes` is the Bento's files plus its models'.
    pub fn manifest(&self, size_bytes: u64) -> Value {
        let or = |name: &str, default: Value| match self.raw.get(name) {
            Some(value) if !value.is_null() => value.clone(),
            _ => default,
        };
        let spec = or("spec", json!(1));
        let is_v2 = spec == json!(2);
        let models: Vec<_> = self.models.iter().map(|model| model.tag.to_string()).collect();
        json!({
            "service": or("service", json!("")),
            "bentoml_version": self.bentoml_version(),
            "size_bytes": size_bytes,
            "entry_service": self.entry_service(),
            "name": self.tag.name(),
            "apis": {},
            "models": models,
            "runners": if is_v2 { json!([]) } else { runners(self.raw.get("runners")) },
            "services": services(self.raw.get("services")),
            "envs": envs(self.raw.get("envs")),
            "schema": or("schema", json!({})),
            "version": self.tag.version(),
            "dev": false,
            "image": if is_v2 { or("image", Value::Null) } else { Value::Null },
            "spec": spec,
        })
    }

    /// Environment variables that the Bento declares: name, value (may be empty), stage.
    pub fn envs(&self) -> Vec<Value> {
        envs(self.raw.get("envs"))
    }
}

/// The Bento's README, which is its description; empty where there is none or it is larger than 3 MiB.
///
/// # Errors
/// It cannot be read, or is not text.
pub fn description(folder: &Path) -> Result<String> {
    let file = folder.join("README.md");
    match std::fs::metadata(&file) {
        Ok(meta) if meta.len() <= README_LIMIT => text::read(&file),
        _ => Ok(String::new()),
    }
}

/// Labels of a YAML mapping as the API's list.
pub(super) fn labels(value: Option<&Value>) -> Vec<Value> {
    let map = value.and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| json!({"key": key, "value": python_text(value)})).collect()
}

/// The text that Python's `str()` makes of a scalar.
pub fn python_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Null => "None".into(),
        Value::Number(number) if number.is_f64() => number.as_f64().map(yaml::python_float).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn models(raw: &Map<String, Value>) -> Result<Vec<BentoModel>> {
    let of_services = items(raw.get("services")).flat_map(|service| items(service.get("models")));
    let mut models: Vec<BentoModel> = Vec::new();
    for entry in items(raw.get("models")).chain(of_services) {
        let tag = entry.as_str().or_else(|| entry.get("tag").and_then(Value::as_str));
        let tag: Tag = tag.ok_or_else(|| Error::input("bento.yaml lists a model without a tag"))?.parse()?;
        let registry = entry.get("registry").and_then(Value::as_str).unwrap_or("bentoml").to_owned();
        let model = BentoModel { tag, registry, metadata: entry.get("metadata").cloned().unwrap_or_default() };
        if !models.iter().any(|known| known.tag == model.tag) {
            models.push(model);
        }
    }
    Ok(models)
}

fn runners(value: Option<&Value>) -> Value {
    let runner = |runner: &Value| {
        let config = runner.get("resource_config").filter(|config| config.as_object().is_some_and(|c| !c.is_empty()));
        let config = config.map(|config| {
            json!({
                "cpu": config.get("cpu"),
                "nvidia_gpu": config.get("nvidia.com/gpu"),
                "custom_resources": config.get("custom_resources"),
            })
        });
        json!({
            "name": runner.get("name"),
            "runnable_type": runner.get("runnable_type").or_else(|| runner.get("runner_type")),
            "models": runner.get("models").cloned().unwrap_or_else(|| json!([])),
            "resource_config": config,
        })
    };
    Value::Array(items(value).map(runner).collect())
}

fn services(value: Option<&Value>) -> Vec<Value> {
    items(value)
        .map(|service| {
            json!({
                "name": service.get("name"),
                "service": service.get("service").cloned().unwrap_or_else(|| json!("")),
                "models": items(service.get("models")).map(service_model).collect::<Vec<_>>(),
                "dependencies": items(service.get("dependencies")).map(dependency).collect::<Vec<_>>(),
                "config": service.get("config").cloned().unwrap_or_else(|| json!({})),
            })
        })
        .collect()
}

fn service_model(model: &Value) -> Value {
    let time = model.get("creation_time").and_then(Value::as_str).and_then(time::parse).map(time::wire_time);
    json!({
        "tag": model.get("tag"),
        "module": model.get("module"),
        "creation_time": time,
        "alias": model.get("alias"),
        "registry": model.get("registry").cloned().unwrap_or_else(|| json!("bentoml")),
        "metadata": model.get("metadata"),
    })
}

fn dependency(dependency: &Value) -> Value {
    match dependency {
        Value::String(name) => json!({"service": name, "deployment": null, "cluster": null, "url": null}),
        other => json!({
            "service": other.get("service"),
            "deployment": other.get("deployment"),
            "cluster": other.get("cluster"),
            "url": other.get("url"),
        }),
    }
}

fn envs(value: Option<&Value>) -> Vec<Value> {
    items(value)
        .map(|env| {
            json!({
                "name": env.get("name"),
                "value": env.get("value").filter(|value| !value.is_null()).map(python_text).unwrap_or_default(),
                "stage": env.get("stage").cloned().unwrap_or_else(|| json!("all")),
            })
        })
        .collect()
}
