//! What a Deployment says of itself.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::merge::bento_of;

/// A Deployment as the server answers it.
#[derive(Debug, Clone, Deserialize)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// `deploying`, `running`, `failed`…
    pub status: String,
    /// Where it answers; empty until it does.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub urls: Vec<String>,
    /// The Kubernetes namespace.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub kube_namespace: String,
    #[serde(default)]
    pub(super) manifest: Value,
    #[serde(default, deserialize_with = "null_is_empty")]
    cluster: Cluster,
    #[serde(default)]
    latest_revision: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Cluster {
    #[serde(default, deserialize_with = "null_is_empty")]
    name: String,
    #[serde(default)]
    is_first: Option<bool>,
}

/// What a status means to somebody who waits for the Deployment to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It serves, or would on the first request.
    Ready,
    /// It will not become ready by itself.
    Failed,
    /// Not yet known.
    Pending,
}

impl Deployment {
    /// The cluster's name.
    pub fn cluster(&self) -> &str {
        &self.cluster.name
    }

    /// The newest revision's id; changes with every update.
    pub fn revision(&self) -> Option<&str> {
        self.latest_revision.get("uid")?.as_str()
    }

    /// The Bento that the newest revision's main target runs, `name:version`.
    pub fn bento(&self) -> Option<String> {
        let targets = self.targets();
        let main = targets.iter().find(|target| target["name"] == "main").or(targets.first());
        main.and_then(bento_of)
    }

    /// The services of that Bento; empty where the server does not say.
    pub fn services(&self) -> Vec<String> {
        let targets = self.targets();
        let main = targets.iter().find(|target| target["name"] == "main").or(targets.first());
        let services = main.and_then(|target| target.pointer("/bento/manifest/services")?.as_array());
        services.into_iter().flatten().filter_map(|service| Some(service.get("name")?.as_str()?.to_owned())).collect()
    }

    /// Do both run the same Bentos with the same configuration and the same shares of the traffic?
    pub fn runs_like(&self, other: &Self) -> bool {
        let routing = |deployment: &Self| deployment.manifest.get("routing").cloned().unwrap_or_default();
        let runs = |target: &Value| (target["name"].clone(), bento_of(target), target["config"].clone());
        let (ours, theirs) = (self.targets(), other.targets());
        routing(self) == routing(other)
            && ours.len() == theirs.len()
            && ours.iter().zip(theirs).all(|(ours, theirs)| runs(ours) == runs(theirs))
    }

    /// What the status means; the sets are the Python client's.
    pub fn outcome(&self) -> Outcome {
        match self.status.as_str() {
            "running" | "scaled-to-zero" => Outcome::Ready,
            "failed" | "image-build-failed" | "terminated" | "terminating" | "unhealthy" => Outcome::Failed,
            _ => Outcome::Pending,
        }
    }

    /// The Deployment's page in the console.
    pub fn console_url(&self, endpoint: &str) -> String {
        let dev = self.manifest.get("dev").and_then(Value::as_bool) == Some(true);
        let page = format!("{endpoint}/{}/{}", if dev { "codespaces" } else { "deployments" }, self.name);
        match self.cluster.is_first {
            Some(false) => format!("{page}?cluster={}&namespace={}", self.cluster.name, self.kube_namespace),
            _ => page,
        }
    }

    pub(super) fn targets(&self) -> &[Value] {
        self.latest_revision.get("targets").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// `null` is as good as nothing at all.
fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
