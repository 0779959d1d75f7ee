//! A server, and both clients on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use actions_core::action::{Cancel, Context};
use actions_core::{Env, http};
use bento_format::Store;
use bentocloud::Client;
use local_cloud::{Config, Recorded, Server};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use local_cloud::{Flavor, Transmission};

use crate::bentoml::{bentoml_on, succeed};

/// The token of all test servers.
pub(crate) const TOKEN: &str = "test-token";

/// A server of its own for each test, stopped when dropped.
pub(crate) struct Cloud {
    pub(crate) server: Server,
    data: TempDir,
}

impl Cloud {
    pub(crate) async fn start(flavor: Flavor, transmission: Transmission) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config::new(data.path());
        (config.flavor, config.transmission) = (flavor, transmission);
        config.token = Some(TOKEN.to_owned());
        Self { server: Server::start(config).await.expect("the server starts"), data }
    }

    /// BentoCloud's defaults.
    pub(crate) async fn plain() -> Self {
        Self::start(Flavor::BentoCloud, Transmission::Auto).await
    }

    /// A call of the API that no client makes.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let http = http::client().expect("an HTTP client");
        let request = http.request(method, format!("{}{path}", self.server.endpoint())).json(body);
        let response = request.header("X-YATAI-API-TOKEN", TOKEN).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.expect("JSON")
    }

    /// The file in which the object storage keeps a model's archive.
    pub(crate) async fn object(&self, name: &str, version: &str) -> PathBuf {
        let path = format!("/api/v1/model_repositories/{name}/models/{version}");
        let uid = self.call(Method::GET, &path, &Value::Null).await["uid"].as_str().expect("an id").to_owned();
        let buckets = std::fs::read_dir(self.data.path().join("objects")).expect("a storage").flatten();
        let mut files = buckets.map(|bucket| bucket.path().join(format!("models/{uid}.tar")));
        files.find(|file| file.exists()).expect("an object")
    }

    /// Our client.
    pub(crate) fn client(&self) -> Client {
        client(self.server.endpoint(), &Cancel::default())
    }

    /// Runs the real client on a store; it must succeed.
    pub(crate) async fn bentoml(&self, home: &Path, arguments: &[&str]) -> String {
        let mut command = self.bentoml_command(home, arguments);
        tokio::task::spawn_blocking(move || succeed(&mut command)).await.expect("bentoml succeeds")
    }

    /// The real client with this server's address and token.
    pub(crate) fn bentoml_command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = bentoml_on(home);
        command.env("BENTO_CLOUD_API_ENDPOINT", self.server.endpoint()).env("BENTO_CLOUD_API_KEY", TOKEN);
        command.args(arguments);
        command
    }

    /// Requests so far with this method whose path contains a text.
    pub(crate) fn requests(&self, method: &str, path: &str) -> Vec<Recorded> {
        let all = self.server.requests().into_iter();
        all.filter(|request| request.method == method && request.path.contains(path)).collect()
    }

    /// What clients sent to register and to update, by method and path; sorted.
    pub(crate) fn registrations(&self) -> Vec<(String, Value)> {
        let all = self.server.requests().into_iter();
        // A version's own address has seven parts: the steps of an upload stand below it.
        let registers = |request: &Recorded| {
            request.method == "POST" || (request.method == "PATCH" && request.path.split('/').count() == 7)
        };
        let mut sent: Vec<_> = all
            .filter(registers)
            .map(|request| (format!("{} {}", request.method, request.path), request.body_json.unwrap_or_default()))
            .collect();
        sent.sort_by_key(|(call, body)| (call.clone(), body["name"].to_string()));
        sent
    }
}

/// Our client of any address.
pub(crate) fn client(endpoint: &str, cancel: &Cancel) -> Client {
    let ctx = Context::new(Env::default(), cancel.clone());
    Client::connect(Some(endpoint), &SecretString::from(TOKEN), &ctx).expect("an address")
}

/// An empty store.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn store(&self) -> Store {
        Store::at(self.path())
    }
}

/// A tag that is one.
pub(crate) fn tag(text: &str) -> bento_format::Tag {
    text.parse().expect("a tag")
}
