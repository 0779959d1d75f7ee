//! The configuration of a v2 Deployment, as the Python client reads it from a file and sends it.
//!
//! Every field is sent, unset ones as `null`. Scalars are read as the Python client does: a number where text is
//! expected becomes its text.

use std::collections::BTreeMap;

use bento_core::bento::python_text;
use bento_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A whole configuration. Unknown keys are ignored here; [`unknown_keys`](super::unknown_keys) finds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Must callers have a token?
    #[serde(default, deserialize_with = "null_is_empty")]
    pub access_authorization: bool,
    /// Environment variables of all services.
    pub envs: Option<Vec<EnvItem>>,
    /// Labels of the Deployment.
    pub labels: Option<Vec<LabelItem>>,
    /// Names of the organisation's secrets.
    pub secrets: Option<Vec<String>>,
    /// By service.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub services: BTreeMap<String, ServiceConfig>,
    /// Other versions that take a share of the traffic.
    pub canary: Option<Canary>,
    /// `name:version`.
    pub bento: String,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvItem {
    /// Its name.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// Its value.
    #[serde(default, deserialize_with = "text")]
    pub value: String,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelItem {
    /// At most 128 characters.
    #[serde(deserialize_with = "text")]
    pub key: String,
    /// At most 1024 characters.
    #[serde(deserialize_with = "text")]
    pub value: String,
}

/// How one service runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceConfig {
    /// A name out of the cloud's list, such as `cpu.1`.
    pub instance_type: Option<String>,
    /// How many replicas.
    pub scaling: Option<Scaling>,
    /// Environment variables of this service.
    pub envs: Option<Vec<EnvItem>>,
    /// How a new revision replaces the old one.
    pub deployment_strategy: Option<DeploymentStrategy>,
    /// Overrides for the cluster's operators.
    pub extras: Option<Extras>,
    /// Seconds a request waits for a replica that starts from zero.
    pub cold_start_timeout: Option<i64>,
    /// Anything of the service's own configuration, such as `traffic.timeout`.
    #[serde(deserialize_with = "null_is_empty")]
    pub config_overrides: serde_json::Map<String, Value>,
}

/// How many replicas a service has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scaling {
    /// 0 scales to zero.
    pub min_replicas: Option<i64>,
    /// At least 1.
    pub max_replicas: Option<i64>,
    /// When to scale.
    pub policy: Option<Policy>,
}

/// When a service scales.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// What is measured.
    pub metrics: Option<Vec<Metric>>,
    /// `disabled`, `stable` or `fast`.
    pub scale_down_behavior: Option<String>,
    /// `disabled`, `stable` or `fast`.
    pub scale_up_behavior: Option<String>,
    /// Seconds.
    pub scale_down_stabilization_window: Option<i64>,
    /// Seconds.
    pub scale_up_stabilization_window: Option<i64>,
}

/// One measure of a scaling policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// `cpu`, `memory`, `qps`…
    #[serde(rename = "type")]
    pub kind: String,
    /// A number or a quantity.
    pub value: Value,
}

/// How a new revision replaces the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentStrategy {
    /// Replicas are replaced one after the other.
    RollingUpdate,
    /// Old replicas end before new ones start.
    Recreate,
    /// Slower than rolling.
    RampedSlowRollout,
    /// As many at a time as there is room for.
    BestEffortControlledRollout,
}

/// Overrides for the cluster's operators.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// Free.
    pub bento_function_overrides: Option<Value>,
    /// Free.
    pub bento_request_overrides: Option<Value>,
}

/// Other versions that take a share of the traffic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Canary {
    /// `random`, `header` or `query`.
    pub route_type: Option<String>,
    /// The header or parameter that decides.
    pub route_by: Option<String>,
    /// By name.
    pub versions: Option<BTreeMap<String, Version>>,
}

/// One of the other versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// Environment variables.
    pub envs: Option<Vec<EnvItem>>,
    /// Names of secrets.
    pub secrets: Option<Vec<String>>,
    /// By service.
    #[serde(deserialize_with = "null_is_empty")]
    pub services: BTreeMap<String, ServiceConfig>,
    /// `name:version`.
    pub bento: Option<String>,
    /// Its share, percent.
    pub weight: Option<i64>,
}

impl Config {
    /// Reads a configuration; the error's first part is the JSON pointer of what is wrong.
    ///
    /// # Errors
    /// A value of another type than its key takes, or replica counts that cannot be.
    pub fn from_value(value: Value) -> Result<Self, (String, Error)> {
        let mut config: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let pointer = pointer(error.path());
            let key = pointer.trim_start_matches('/').replace('/', ".");
            (pointer, Error::input(format!("{key}: {}", error.into_inner())))
        })?;
        let versions = config.canary.iter_mut().filter_map(|canary| canary.versions.as_mut()).flatten();
        let canaries = versions.map(|(name, version)| (format!("/canary/versions/{name}"), &mut version.services));
        for (above, services) in std::iter::once((String::new(), &mut config.services)).chain(canaries) {
            for (name, service) in services {
                let scaling = service.scaling.take().unwrap_or_default();
                let normal = scaling.normal().map_err(|why| {
                    (
                        format!("{above}/services/{name}/scaling"),
                        Error::input(format!("services.{name}.scaling: {why}")),
                    )
                })?;
                service.scaling = Some(normal);
            }
        }
        Ok(config)
    }
}

impl Scaling {
    /// Fills in what is absent: nothing at all means exactly one replica.
    fn normal(self) -> std::result::Result<Self, &'static str> {
        let nothing = self == Self::default();
        let min_replicas = if nothing { Some(1) } else { self.min_replicas };
        let max = self.max_replicas.unwrap_or_else(|| min_replicas.unwrap_or(1).max(1));
        match min_replicas {
            Some(min) if min > max => return Err("min_replicas is larger than max_replicas"),
            Some(min) if min < 0 => return Err("min_replicas is negative"),
            _ if max <= 0 => return Err("max_replicas must be at least 1"),
            _ => {}
        }
        Ok(Self { min_replicas, max_replicas: Some(max), policy: self.policy })
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{key}"),
        Segment::Enum { variant } => format!("{pointer}/{variant}"),
        Segment::Unknown => pointer,
    })
}

/// A scalar as Python's `str()` shows it.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        value @ (Value::Array(_) | Value::Object(_)) => {
            Err(serde::de::Error::custom(format!("expected a text, got {value}")))
        }
        scalar => Ok(python_text(&scalar)),
    }
}

/// `null` is as good as nothing at all.
pub(super) fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_is_sent_and_scalars_are_read_as_python_does() {
        let config = Config::from_value(json!({
            "bento": "a:1",
            "envs": [{"name": "N", "value": 1}, {"name": "B", "value": true}],
            "services": {"S": {"scaling": {"min_replicas": 0}}, "T": {}},
            "unknown": 1,
        }));
        let none = Value::Null;
        let service = |scaling: Value| {
            json!({"instance_type": none, "scaling": scaling, "envs": none, "deployment_strategy": none, "extras": none,
                "cold_start_timeout": none, "config_overrides": {}})
        };
        assert_eq!(
            serde_json::to_value(config.unwrap()).unwrap(),
            json!({
                "access_authorization": false, "labels": none, "secrets": none, "canary": none, "bento": "a:1",
                "envs": [{"name": "N", "value": "1"}, {"name": "B", "value": "True"}],
                "services": {
                    "S": service(json!({"min_replicas": 0, "max_replicas": 1, "policy": none})),
                    "T": service(json!({"min_replicas": 1, "max_replicas": 1, "policy": none})),
                },
            })
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let read = |services: Value| Config::from_value(json!({"bento": "a:1", "services": services})).unwrap_err();
        let (pointer, error) = read(json!({"S": {"scaling": {"min_replicas": 3, "max_replicas": 2}}}));
        assert_eq!((pointer.as_str(), error.to_string().contains("larger")), ("/services/S/scaling", true));
        let (pointer, error) = read(json!({"S": {"deployment_strategy": "Rolling"}}));
        assert_eq!(pointer, "/services/S/deployment_strategy");
        assert!(error.to_string().contains("RollingUpdate"), "{error}");
    }
}
