//! Keys that nobody reads: the Python client drops them silently, and a misspelt one does nothing.

use bento_core::action::inputs::nearest;
use serde_json::Value;

/// A key that v2 Deployments do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// The key that it most likely was meant to be.
    pub nearest: Option<&'static str>,
}

/// What may stand under a key.
enum Shape {
    /// Anything.
    Any,
    /// A mapping with these keys.
    Keys(&'static [(&'static str, Shape)]),
    /// A mapping with any keys, each holding the same.
    Each(&'static Shape),
    /// A list.
    Items(&'static Shape),
}

use Shape::{Any, Each, Items, Keys};

const ENV: Shape = Keys(&[("name", Any), ("value", Any)]);
const LABEL: Shape = Keys(&[("key", Any), ("value", Any)]);
const POLICY: Shape = Keys(&[
    ("metrics", Items(&Keys(&[("type", Any), ("value", Any)]))),
    ("scale_down_behavior", Any),
    ("scale_up_behavior", Any),
    ("scale_down_stabilization_window", Any),
    ("scale_up_stabilization_window", Any),
]);
const SERVICE: Shape = Keys(&[
    ("instance_type", Any),
    ("scaling", Keys(&[("min_replicas", Any), ("max_replicas", Any), ("policy", POLICY)])),
    ("envs", Items(&ENV)),
    ("deployment_strategy", Any),
    ("extras", Keys(&[("bento_function_overrides", Any), ("bento_request_overrides", Any)])),
    ("cold_start_timeout", Any),
    ("config_overrides", Any),
]);
const VERSION: Shape =
    Keys(&[("bento", Any), ("weight", Any), ("envs", Items(&ENV)), ("secrets", Any), ("services", Each(&SERVICE))]);
const FILE: Shape = Keys(&[
    ("name", Any),
    ("bento", Any),
    ("cluster", Any),
    ("access_authorization", Any),
    ("envs", Items(&ENV)),
    ("labels", Items(&LABEL)),
    ("secrets", Any),
    ("services", Each(&SERVICE)),
    ("canary", Keys(&[("route_type", Any), ("route_by", Any), ("versions", Each(&VERSION))])),
    ("dev", Any),
    // Written by older clients, ignored by all since.
    ("distributed", Any),
]);

/// The keys of a deployment file that have no effect.
pub fn unknown_keys(file: &Value) -> Vec<UnknownKey> {
    let mut found = Vec::new();
    look(file, &FILE, "", &mut found);
    found
}

fn look(value: &Value, shape: &'static Shape, pointer: &str, found: &mut Vec<UnknownKey>) {
    match (shape, value) {
        (Keys(known), Value::Object(map)) => {
            for (key, value) in map {
                let below = format!("{pointer}/{key}");
                match known.iter().find(|(name, _)| name == key) {
                    Some((_, shape)) => look(value, shape, &below, found),
                    None => {
                        let nearest = nearest(key, known.iter().map(|(name, _)| *name));
                        found.push(UnknownKey { pointer: below, nearest });
                    }
                }
            }
        }
        (Each(shape), Value::Object(map)) => {
            map.iter().for_each(|(key, value)| look(value, shape, &format!("{pointer}/{key}"), found));
        }
        (Items(shape), Value::Array(items)) => {
            items.iter().enumerate().for_each(|(at, item)| look(item, shape, &format!("{pointer}/{at}"), found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misspelt_key_is_found_at_any_depth_with_the_one_that_was_meant() {
        let file = json!({
            "name": "x",
            "acces_authorization": true,
            "services": {"Any": {"scaling": {"min_replica": 1}, "config_overrides": {"free": 1}}},
            "envs": [{"name": "A", "valeu": 1}],
        });
        let found = unknown_keys(&file);
        let pairs: Vec<_> = found.iter().map(|key| (key.pointer.as_str(), key.nearest)).collect();
        assert_eq!(
            pairs,
            [
                ("/acces_authorization", Some("access_authorization")),
                ("/services/Any/scaling/min_replica", Some("min_replicas")),
                ("/envs/0/valeu", Some("value")),
            ]
        );
    }
}
