//! What an image is made of.

use serde_json::Value;

use crate::lab::{docker, registry_get};

/// Everything that the image keeps of the Bento, with owner and size. Two things differ on purpose: the mode of a model's
/// folder, which with BentoML is an accident, and the Dockerfile, which with BentoML is the one used.
pub(crate) fn files(image: &str) -> Vec<String> {
    let find = "find /home/bentoml -printf '%p %m %U:%G %s %y\\n' | sort";
    let list = docker(&["run", "--rm", "--entrypoint", "sh", image, "-c", find]);
    let same = |line: &str| match line.split(' ').next().unwrap_or_default() {
        path if path.ends_with("/env/docker/Dockerfile") => path.to_owned(),
        path if path.ends_with("/models/greetings/v1") => line.replace(" 700 ", " 755 "),
        _ => line.to_owned(),
    };
    list.lines().map(same).collect()
}

pub(crate) fn config(image: &str) -> Value {
    let mut config: Value = serde_json::from_str(&docker(&["inspect", "--format", "{{json .Config}}", image])).unwrap();
    if let Some(labels) = config["Labels"].as_object_mut() {
        labels.retain(|name, _| !name.starts_with("org.opencontainers.image.") && !name.starts_with("com.bentoml."));
    }
    if config["Labels"].as_object().is_none_or(serde_json::Map::is_empty) {
        config["Labels"] = Value::Null;
    }
    config
}

/// The digests of the layers that a pushed index names, platform by platform.
pub(crate) fn layers(repository: &str, digest: &str) -> Vec<String> {
    let index = registry_get(&format!("{repository}/manifests/{digest}"));
    let image = index["manifests"][0]["digest"].as_str().unwrap();
    let manifest = registry_get(&format!("{repository}/manifests/{image}"));
    manifest["layers"].as_array().unwrap().iter().map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}
