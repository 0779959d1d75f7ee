//! A BentoCloud for one test.

use std::path::{Path, PathBuf};

use actions_core::http;
use local_cloud::{Config, Recorded, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bento::{BENTO, cloud_data, copy, fixture, venv};

/// The token of all clouds here.
pub(crate) const TOKEN: &str = "cloud-t0ken-s3cret";

/// A running local-cloud.
pub(crate) struct Cloud {
    server: Server,
    _data: Option<TempDir>,
}

/// What runs as a Deployment.
#[derive(Clone, Copy)]
pub(crate) enum Serving {
    /// `bentoml serve`.
    Really,
    /// A stand-in that is ready at once.
    AtOnce,
    /// A stand-in that is never ready.
    Never,
    /// A stand-in that is never ready, and takes a second to end.
    Lingering,
}

impl Serving {
    fn python(self) -> PathBuf {
        match self {
            Self::Really => venv().join("bin/python"),
            Self::AtOnce => fixture("serves"),
            Self::Never => fixture("hangs"),
            Self::Lingering => fixture("lingers"),
        }
    }
}

impl Cloud {
    /// A cloud that has nothing.
    pub(crate) async fn empty(serving: Serving) -> Self {
        Self::configured(|config| config.python = Some(serving.python())).await
    }

    /// A cloud that has nothing, and is set up so.
    pub(crate) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let cloud = Self::at(data.path(), change).await;
        Self { _data: Some(data), ..cloud }
    }

    /// A cloud that has both Bentos.
    pub(crate) async fn with_bentos(serving: Serving) -> Self {
        let data = tempfile::tempdir().unwrap();
        copy(cloud_data().await, data.path());
        let cloud = Self::at(data.path(), |config| config.python = Some(serving.python())).await;
        Self { _data: Some(data), ..cloud }
    }

    pub(crate) async fn at(data: &Path, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(data);
        config.token = Some(TOKEN.to_owned());
        change(&mut config);
        Self { server: Server::start(config).await.unwrap(), _data: None }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint().to_owned()
    }

    pub(crate) async fn stop(self) {
        self.server.shutdown().await;
    }

    /// What was asked since the last call.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        let requests = self.server.requests();
        self.server.clear_requests();
        requests
    }

    /// The requests since the last call that change something.
    pub(crate) fn changes(&self) -> Vec<String> {
        let changing = self.requests().into_iter().filter(|request| request.method != "GET");
        changing.map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// The body of the one request since the last call that creates or updates a Deployment.
    pub(crate) fn deployed(&self) -> Value {
        let sent = |request: &Recorded| {
            matches!(request.method.as_str(), "POST" | "PUT") && request.path.starts_with("/api/v2/deployments")
        };
        let mut sent: Vec<_> = self.requests().into_iter().filter(sent).collect();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(sent[0].status, 200, "{sent:?}");
        sent.remove(0).body_json.unwrap_or_default()
    }

    /// A call of somebody else's to the API.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let address = format!("{}{path}", self.endpoint());
        let request = http::client().unwrap().request(method.parse().unwrap(), address);
        let request = request.header("X-YATAI-API-TOKEN", TOKEN);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// Creates a Deployment of [`BENTO`](crate::bento::BENTO), past the action.
    pub(crate) async fn create(&self, name: &str) {
        let (status, answer) = self.call("POST", "/api/v2/deployments", json!({"name": name, "bento": BENTO})).await;
        assert_eq!(status, 200, "{answer}");
        self.requests();
    }

    /// Answers the next requests of this kind with an error.
    pub(crate) fn fail_next(&self, method: &str, path: &str, status: u16, times: u32) {
        self.server.fail_next(method, path, status, times);
    }

    /// A Deployment as the API shows it; `null` where there is none.
    pub(crate) async fn deployment(&self, name: &str) -> Value {
        match self.call("GET", &format!("/api/v2/deployments/{name}"), Value::Null).await {
            (200, deployment) => deployment,
            _ => Value::Null,
        }
    }
}
