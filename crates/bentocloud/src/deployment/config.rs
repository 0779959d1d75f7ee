//! The configuration of a v2 Deployment as it is sent: every field of the API, unset ones as `null`.

use serde_json::{Map, Value, json};

use super::convert::Remark;
use super::schema::{Absent, FILE_KEYS, Key, Slot};
use super::written::Written;

/// A whole configuration. What the server holds and this version does not know is carried along.
#[derive(Debug, Clone, PartialEq)]
pub struct Config(Map<String, Value>);

impl Config {
    /// Completes a configuration: fields that are absent get what the Python client sends for them, and replica counts are
    /// made whole where the user wrote of them.
    ///
    /// # Errors
    /// Replica counts that cannot be, at the user's line.
    pub fn complete(mut fields: Map<String, Value>, bento: &str, written: Option<&Written>) -> Result<Self, Remark> {
        fields.insert("bento".into(), bento.into());
        fill_keys(&mut fields, FILE_KEYS);
        if let Some(written) = written {
            check_scaling(&fields, written)?;
        }
        each_service(&mut fields, |service| {
            let scaling = service.get("scaling").cloned().unwrap_or_default();
            service.insert("scaling".into(), whole_scaling(scaling));
        });
        Ok(Self(fields))
    }

    /// `name:version`.
    pub fn bento(&self) -> &str {
        self.0.get("bento").and_then(Value::as_str).unwrap_or_default()
    }

    /// Names of the organisation's secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        items(self.0.get("secrets")).filter_map(Value::as_str)
    }

    /// Names of the environment variables of all services, and of single ones.
    pub fn env_names(&self) -> impl Iterator<Item = &str> {
        let services = self.0.get("services").and_then(Value::as_object);
        let of_services = services.into_iter().flatten().flat_map(|(_, service)| items(service.get("envs")));
        items(self.0.get("envs")).chain(of_services).filter_map(|env| env.get("name")?.as_str())
    }

    /// The body of a request that creates a Deployment.
    pub fn to_create(&self, name: Option<&str>, dev: bool) -> Value {
        let mut body = self.0.clone();
        body.insert("name".into(), name.into());
        body.insert("dev".into(), dev.into());
        body.into()
    }

    /// The body of a request that changes one.
    pub fn to_update(&self) -> Value {
        self.0.clone().into()
    }
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn fill_keys(map: &mut Map<String, Value>, keys: &[Key]) {
    for key in keys {
        match map.get_mut(key.name) {
            Some(value) => fill(value, &key.slot),
            None => {
                let absent = match key.absent {
                    Absent::Refused | Absent::NotSent => continue,
                    Absent::Null => Value::Null,
                    Absent::False => json!(false),
                    Absent::EmptyMapping => json!({}),
                };
                map.insert(key.name.into(), absent);
            }
        }
    }
    // The server may hold a null where the API's clients may not send one.
    for (name, default) in [("services", json!({})), ("access_authorization", json!(false))] {
        if map.get(name).is_some_and(Value::is_null) {
            map.insert(name.into(), default);
        }
    }
}

fn fill(value: &mut Value, slot: &Slot) {
    match (slot, value) {
        (Slot::Opt(slot), value) => fill(value, slot),
        (Slot::Keys(keys), Value::Object(map)) => fill_keys(map, keys),
        (Slot::Each(slot), Value::Object(map)) => map.values_mut().for_each(|value| fill(value, slot)),
        (Slot::List(slot), Value::Array(items)) => items.iter_mut().for_each(|item| fill(item, slot)),
        _ => {}
    }
}

fn each_service(fields: &mut Map<String, Value>, mut change: impl FnMut(&mut Map<String, Value>)) {
    let mut of = |services: Option<&mut Value>| {
        let services = services.and_then(Value::as_object_mut).into_iter().flatten();
        services.filter_map(|(_, service)| service.as_object_mut()).for_each(&mut change);
    };
    of(fields.get_mut("services"));
    let versions =
        fields.get_mut("canary").and_then(|canary| canary.get_mut("versions")).and_then(Value::as_object_mut);
    versions.into_iter().flatten().for_each(|(_, version)| of(version.get_mut("services")));
}

/// Nothing at all means exactly one replica; a maximum that is absent is the minimum, and at least one.
fn whole_scaling(scaling: Value) -> Value {
    match scaling {
        Value::Null => json!({"min_replicas": 1, "max_replicas": 1, "policy": null}),
        Value::Object(mut scaling) if scaling.get("max_replicas").is_none_or(Value::is_null) => {
            let min = scaling.get("min_replicas").and_then(Value::as_i64);
            scaling.insert("max_replicas".into(), min.unwrap_or(1).max(1).into());
            Value::Object(scaling)
        }
        held => held,
    }
}

/// Refuses replica counts that cannot be, where the file says something of them.
pub(super) fn check_scaling(fields: &Map<String, Value>, written: &Written) -> Result<(), Remark> {
    let mut places: Vec<(Vec<&str>, &Value)> = vec![(vec!["services"], fields.get("services").unwrap_or(&Value::Null))];
    let versions = fields.get("canary").and_then(|canary| canary.get("versions")?.as_object());
    for (name, version) in versions.into_iter().flatten() {
        let services = version.get("services").unwrap_or(&Value::Null);
        places.push((vec!["canary", "versions", name, "services"], services));
    }
    for (above, services) in places {
        for (name, service) in services.as_object().into_iter().flatten() {
            let path: Vec<&str> = above.iter().copied().chain([name.as_str(), "scaling"]).collect();
            let count = |key: &str| service.get("scaling")?.get(key)?.as_i64();
            let (min, max) = (count("min_replicas"), count("max_replicas"));
            let why = match (min, max) {
                (Some(min), Some(max)) if min > max => "has a min_replicas that is larger than max_replicas",
                (Some(..0), _) => "has a negative min_replicas",
                (_, Some(..=0)) => "needs a max_replicas of at least 1",
                _ => continue,
            };
            if written.has(&path) {
                let (line, key) = (written.line(&path), path.join("."));
                let message = format!("{key} {why}");
                return Err(Remark { line, key, title: "Wrong value in deployment-config", message });
            }
        }
    }
    Ok(())
}
