//! An update as the Python client makes it: the Deployment's present configuration, the user's merged over it.

use bento_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::Deployment;

/// The present configuration of a Deployment, as the base of an update. Labels are not part of it.
///
/// # Errors
/// The Deployment has no revision, no target or no configuration.
pub fn current_config(deployment: &Deployment) -> Result<Value> {
    let lacks = |what: &str| Error::failure(format!("the Deployment {} has no {what} to update", deployment.name));
    let targets = deployment.targets();
    let main = match targets {
        [] => return Err(lacks("revision")),
        [only] => only,
        several => several.iter().find(|target| target["name"] == "main").ok_or_else(|| lacks("main target"))?,
    };
    let config = main.get("config").filter(|config| config.is_object()).ok_or_else(|| lacks("configuration"))?;
    let mut base = Map::new();
    for key in ["services", "access_authorization", "envs", "secrets"] {
        if let Some(value) = config.get(key).filter(|value| !value.is_null()) {
            base.insert(key.into(), value.clone());
        }
    }
    base.insert("bento".into(), json!(bento_of(main).ok_or_else(|| lacks("Bento"))?));
    if let Some(canary) = canary(deployment, targets) {
        base.insert("canary".into(), canary);
    }
    Ok(Value::Object(base))
}

/// Merges the user's mapping into the base: mappings are merged, lists and scalars replaced.
pub fn deep_merge(base: &mut Value, update: Value) {
    match (base, update) {
        (Value::Object(base), Value::Object(update)) => {
            for (key, value) in update {
                match base.get_mut(&key) {
                    Some(known) => deep_merge(known, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, update) => *base = update,
    }
}

/// `name:version` of a target's Bento.
pub(super) fn bento_of(target: &Value) -> Option<String> {
    let bento = target.get("bento")?;
    let name = bento.pointer("/repository/name").or_else(|| bento.get("name"))?.as_str()?;
    let version = bento.get("version").or_else(|| bento.get("name"))?.as_str()?;
    Some(format!("{name}:{version}"))
}

fn canary(deployment: &Deployment, targets: &[Value]) -> Option<Value> {
    let routing = deployment.manifest.pointer("/routing").filter(|routing| routing.is_object());
    let others: Vec<_> =
        if targets.len() > 1 { targets.iter().filter(|target| target["name"] != "main").collect() } else { Vec::new() };
    if routing.is_none() && others.is_empty() {
        return None;
    }
    let mut canary = Map::new();
    for key in ["route_type", "route_by"] {
        if let Some(value) = routing.and_then(|routing| routing.get(key)).filter(|value| !value.is_null()) {
            canary.insert(key.into(), value.clone());
        }
    }
    if !others.is_empty() {
        let version = |target: &Value| {
            let name = target["name"].as_str().unwrap_or_default().to_owned();
            let config = &target["config"];
            let weight = routing.and_then(|routing| routing.get("weights")?.get(&name));
            let version = json!({
                "services": config.get("services").cloned().unwrap_or_else(|| json!({})),
                "envs": config.get("envs"),
                "secrets": config.get("secrets"),
                "bento": bento_of(target),
                "weight": weight,
            });
            (name, version)
        };
        canary.insert("versions".into(), Value::Object(others.into_iter().map(version).collect()));
    }
    Some(Value::Object(canary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_merge_and_lists_replace() {
        let mut base = json!({"services": {"S": {"scaling": {"min": 1, "max": 2}}}, "envs": [1, 2], "bento": "a:1"});
        deep_merge(&mut base, json!({"services": {"S": {"scaling": {"max": 5}}, "T": {}}, "envs": [3]}));
        assert_eq!(
            base,
            json!({"services": {"S": {"scaling": {"min": 1, "max": 5}}, "T": {}}, "envs": [3], "bento": "a:1"})
        );
    }
}
