//! An update as the Python client makes it: the Deployment's present configuration, the user's merged over it.

use actions_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::{Deployment, Written};

/// The configuration of an update: the Deployment's present one with the user's merged over it. What the server holds is
/// carried along as it is.
///
/// # Errors
/// The Deployment has nothing to update, or a canary version whose share of the traffic nobody says.
pub fn update(deployment: &Deployment, written: Option<&Written>) -> Result<Map<String, Value>> {
    let mut config = current_config(deployment)?;
    if let Some(written) = written {
        deep_merge(&mut config, written.fields().clone().into());
    }
    let versions = config.pointer("/canary/versions").and_then(Value::as_object);
    let unweighed = versions.into_iter().flatten().find(|(_, version)| version.get(UNWEIGHED).is_some());
    if let Some((name, _)) = unweighed.filter(|(_, version)| version.get("weight").is_none()) {
        let what = format!("the Deployment {} has no weight for its canary version {name}", deployment.name);
        return Err(Error::failure(what).hint(format!("Set `canary.versions.{name}.weight` in the configuration.")));
    }
    let versions = config.pointer_mut("/canary/versions").and_then(Value::as_object_mut);
    for version in versions.into_iter().flatten().filter_map(|(_, version)| version.as_object_mut()) {
        version.remove(UNWEIGHED);
    }
    match config {
        Value::Object(config) => Ok(config),
        _ => Ok(Map::new()),
    }
}

/// Marks a version of the present configuration whose weight the server does not say though it says others'.
const UNWEIGHED: &str = "\0unweighed";

/// The present configuration of a Deployment, as the base of an update. Labels are not part of it.
fn current_config(deployment: &Deployment) -> Result<Value> {
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
fn deep_merge(base: &mut Value, update: Value) {
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
            let config = target.get("config").filter(|config| config.is_object());
            // As the Python client has it: nothing at all makes lists that are empty.
            let held = |key: &str, without: Value| match config {
                Some(config) => config.get(key).cloned().unwrap_or_default(),
                None => without,
            };
            // Where the server says others' weights and not this one, the file has to.
            let (key, weight) = match routing.and_then(|routing| routing.get("weights")).and_then(Value::as_object) {
                None => ("weight", Value::Null),
                Some(weights) => {
                    weights.get(&name).map_or((UNWEIGHED, true.into()), |weight| ("weight", weight.clone()))
                }
            };
            let version = json!({
                "services": held("services", json!({})),
                "envs": held("envs", json!([])),
                "secrets": held("secrets", json!([])),
                "bento": bento_of(target),
                key: weight,
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

    /// Everything below the keys that an update is made of is the server's, whether this version knows it or not.
    #[test]
    fn what_the_server_holds_is_carried_through_untouched() {
        let service = json!({
            "instance_type": 7, "scaling": {"min_replicas": 3, "max_replicas": 2, "schedule": [{"cron": "0 8 * * *"}]},
            "deployment_strategy": "Surge", "envs": [null, {"name": "A", "value": "b", "stage": "later"}],
            "extras": {"bento_function_overrides": ["new"], "more": {"a": null}}, "probe": {"path": "/livez"},
        });
        let config = json!({"services": {"S": service, "T": null}, "access_authorization": "maybe", "envs": "odd", "secrets": [1]});
        let target = |name: &str| json!({"name": name, "bento": {"repository": {"name": "b"}, "version": "v1"}, "config": config});
        let deployment: Deployment = serde_json::from_value(json!({
            "name": "d", "status": "running",
            "manifest": {"routing": {"route_type": "cookie", "route_by": ["x"], "weights": {"next": "20%"}}},
            "latest_revision": {"uid": "r1", "targets": [target("main"), target("next")]},
        }))
        .unwrap();
        let root = bento_format::yaml::load("services: {S: {cold_start_timeout: 5}}").unwrap().unwrap();
        let written = Written::read(&root).unwrap();
        let fields = update(&deployment, Some(&written)).unwrap();
        let sent = super::super::Config::complete(fields, "b:v2", Some(&written)).unwrap().to_update();
        let next = json!({"services": config["services"], "envs": "odd", "secrets": [1], "weight": "20%"});
        let canary = json!({"route_type": "cookie", "route_by": ["x"], "versions": {"next": next}});
        assert_holds(&sent, &config, "");
        assert_holds(&sent["canary"], &canary, "canary");
        assert_eq!(sent["services"]["S"]["cold_start_timeout"], 5);
    }

    /// Is everything of the one in the other?
    fn assert_holds(sent: &Value, held: &Value, place: &str) {
        match (sent, held) {
            (Value::Object(sent), Value::Object(held)) => {
                for (key, held) in held {
                    assert_holds(sent.get(key).unwrap_or(&Value::Null), held, &format!("{place}.{key}"));
                }
            }
            _ => assert_eq!(sent, held, "{place}"),
        }
    }
}
