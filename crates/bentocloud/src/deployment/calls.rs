//! The calls of v2 Deployments. An absent cluster is the organisation's default one.

use actions_core::{Cause, Error, Result};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{Config, Deployment};
use crate::Client;
use crate::client::Call;

const DEPLOYMENTS: &str = "/api/v2/deployments";

#[derive(Deserialize)]
struct Secret {
    content: SecretContent,
}

#[derive(Deserialize)]
struct SecretContent {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    items: Vec<SecretItem>,
}

#[derive(Deserialize)]
struct SecretItem {
    key: String,
}

impl Client {
    /// A Deployment; `None` where there is none of that name.
    pub async fn deployment(&self, name: &str, cluster: Option<&str>) -> Result<Option<Deployment>> {
        self.try_send(Call::get(&path(name, "")).query(&cluster_query(cluster))).await
    }

    /// Does the server know v2 Deployments at all? A Yatai does not, and says so in the error.
    pub async fn probe_deployments(&self) -> Result<()> {
        self.try_send::<Value>(Call::get(DEPLOYMENTS).query(&[("count", "1"), ("all", "true")])).await.map(drop)
    }

    /// Creates a Deployment, with `dev` one for development; without a name the server makes one up.
    pub async fn create_deployment(
        &self,
        name: Option<&str>,
        cluster: Option<&str>,
        dev: bool,
        config: &Config,
    ) -> Result<Deployment> {
        let body = config.to_create(name, dev);
        match self.send(Call::post(DEPLOYMENTS, body).query(&cluster_query(cluster))).await {
            // The answer may have got lost after the work was done.
            Err(error) if error.cause() == Cause::Unreachable => match name {
                Some(name) => match self.deployment(name, cluster).await {
                    Ok(Some(deployment)) if deployment.bento().as_deref() == Some(config.bento()) => Ok(deployment),
                    _ => Err(error),
                },
                None => Err(error),
            },
            answered => answered,
        }
    }

    /// Replaces a Deployment's configuration as a whole.
    pub async fn update_deployment(&self, name: &str, cluster: Option<&str>, config: &Config) -> Result<Deployment> {
        let path = path(name, "");
        let query = cluster_query(cluster);
        let body = Some(config.to_update());
        self.send(Call { method: Method::PUT, body, ..Call::get(&path).query(&query) }).await
    }

    /// Ends a Deployment; its record stays.
    pub async fn terminate_deployment(&self, name: &str, cluster: Option<&str>) -> Result<Deployment> {
        let path = path(name, "/terminate");
        let query = cluster_query(cluster);
        self.send(Call { method: Method::POST, ..Call::get(&path).query(&query) }).await
    }

    /// Deletes a Deployment's record.
    pub async fn delete_deployment(&self, name: &str, cluster: Option<&str>) -> Result<()> {
        let path = path(name, "");
        let query = cluster_query(cluster);
        let call = Call { method: Method::DELETE, ..Call::get(&path).query(&query) };
        self.try_send::<Value>(call).await.map(drop)
    }

    /// The names of the environment variables that one of the organisation's secrets sets.
    pub async fn secret_keys(&self, name: &str) -> Result<Vec<String>> {
        let path = format!("/api/v1/org_secrets/{}", segment(name));
        let secret: Option<Secret> = self.try_send(Call::get(&path)).await?;
        let secret = secret.ok_or_else(|| {
            Error::not_found(format!("the organisation has no secret {name}")).hint("Create it in the console first.")
        })?;
        let items = if secret.content.kind == "env" { secret.content.items } else { Vec::new() };
        Ok(items.into_iter().map(|item| item.key).collect())
    }
}

fn path(name: &str, verb: &str) -> String {
    format!("{DEPLOYMENTS}/{}{verb}", segment(name))
}

/// A name as one segment of a path, whatever it holds.
fn segment(name: &str) -> String {
    name.bytes().fold(String::new(), |out, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out + &char::from(byte).to_string(),
        b'.' if name.len() > 2 => out + ".",
        _ => format!("{out}%{byte:02X}"),
    })
}

fn cluster_query(cluster: Option<&str>) -> Vec<(&'static str, &str)> {
    cluster.map(|cluster| ("cluster", cluster)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_of_a_path_whatever_it_holds() {
        for (name, path_of_it) in [
            ("greet", "/api/v2/deployments/greet"),
            ("../../v1/auth", "/api/v2/deployments/..%2F..%2Fv1%2Fauth"),
            ("..", "/api/v2/deployments/%2E%2E"),
            ("a?cluster=b#c", "/api/v2/deployments/a%3Fcluster%3Db%23c"),
            ("ü\r\n", "/api/v2/deployments/%C3%BC%0D%0A"),
        ] {
            assert_eq!(path(name, ""), path_of_it, "{name}");
        }
    }
}
