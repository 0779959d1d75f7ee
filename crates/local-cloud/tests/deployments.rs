//! Deployments by the real client, each a real `bentoml serve`.

mod common;

use std::time::{Duration, Instant};

use common::{Api, Store, config, http, tag, until};
use local_cloud::Server;
use serde_json::{Value, json};

async fn status(server: &Server, name: &str) -> String {
    let (_, answer) = Api::new(server).get(&format!("/api/v2/deployments/{name}")).await;
    answer["status"].as_str().unwrap_or_default().to_owned()
}

async fn wait_for(server: &Server, name: &str, wanted: &str) {
    until(&format!("{name} to be {wanted}"), async || (status(server, name).await == wanted).then_some(())).await;
}

async fn url(server: &Server, name: &str) -> String {
    let (_, answer) = Api::new(server).get(&format!("/api/v2/deployments/{name}")).await;
    answer["urls"][0].as_str().expect("a URL").to_owned()
}

/// One inference; `None` when nobody answers.
async fn greet(url: &str) -> Option<String> {
    let asked = http().post(format!("{url}/greet")).json(&json!({"name": "Ada"})).send().await.ok()?;
    asked.text().await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_deployment() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(config(data.path())).await.expect("starts");
    let store = Store::with_greeter().logged_in(&server).await;

    // Waits until it is ready, by itself.
    let created = store.ok(&["deployment", "create", tag(), "--name", "greet"]).await;
    assert!(created.contains("/deployments/greet"), "{created}");
    let url = url(&server, "greet").await;
    // The value of MARK comes from the Bento.
    assert_eq!(greet(&url).await.as_deref(), Some("Hello, Ada!"));

    store.ok(&["deployment", "update", "greet", "--env", "WORD=Hi"]).await;
    wait_for(&server, "greet", "running").await;
    assert_eq!(self::url(&server, "greet").await, url, "an update keeps the URL");
    assert_eq!(greet(&url).await.as_deref(), Some("Hi, Ada!"));

    let file = store.path().join("deployment.yaml");
    let tag = tag();
    let yaml = format!("name: greet\nbento: {tag}\ncluster: default\nenvs:\n  - {{name: WORD, value: Hey}}\n");
    std::fs::write(&file, yaml).expect("a file");
    store.ok(&["deployment", "apply", "-f", file.to_str().expect("a path")]).await;
    wait_for(&server, "greet", "running").await;
    assert_eq!(greet(&url).await.as_deref(), Some("Hey, Ada!"));

    let mut same =
        json!({"bento": tag, "envs": [{"name": "WORD", "value": "Hey"}], "labels": [{"key": "a", "value": "b"}]});
    let (code, answer) = Api::new(&server).call("PUT", "/api/v2/deployments/greet", same.clone()).await;
    assert_eq!((code, &answer["status"]), (200, &json!("running")), "what would run the same goes on running");
    same["envs"][0]["value"] = json!("Ahoy");
    let (_, answer) = Api::new(&server).call("PUT", "/api/v2/deployments/greet", same).await;
    assert_eq!(answer["status"], "deploying");
    wait_for(&server, "greet", "running").await;

    let shown = store.ok(&["deployment", "get", "greet", "-o", "json"]).await;
    assert!(shown.contains("\"running\"") && shown.contains(tag), "{shown}");
    let listed = store.ok(&["deployment", "list"]).await;
    assert!(listed.contains("greet") && listed.contains("running"), "{listed}");

    let (code, refusal) = Api::new(&server).call("DELETE", "/api/v2/deployments/greet", Value::Null).await;
    assert_eq!((code, &refusal["error"]), (400, &json!("deployment is not terminated")));
    store.ok(&["deployment", "terminate", "greet", "--wait"]).await;
    assert_eq!(status(&server, "greet").await, "terminated");
    assert_eq!(greet(&url).await, None, "nobody answers any more");

    store.ok(&["deployment", "delete", "greet"]).await;
    assert_eq!(Api::new(&server).get("/api/v2/deployments/greet").await.0, 404);
    assert!(!data.path().join("deployments/greet").exists(), "its files are gone too");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_crashes_at_start_fails() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(config(data.path())).await.expect("starts");
    let store = Store::with_greeter().logged_in(&server).await;
    let created = store.bentoml(&["deployment", "create", tag(), "--name", "bad", "--env", "CRASH=1"]).await;
    assert!(!created.success, "{}", created.text);
    assert_eq!(status(&server, "bad").await, "failed");
    let log = std::fs::read_to_string(data.path().join("deployments/bad/serve.log")).expect("a log");
    assert!(log.contains("told to crash at start"), "{log}");

    // A better configuration brings it up.
    let update = json!({"bento": tag(), "services": null, "envs": null});
    let (code, answer) = Api::new(&server).call("PUT", "/api/v2/deployments/bad", update).await;
    assert_eq!((code, &answer["status"]), (200, &json!("deploying")));
    wait_for(&server, "bad", "running").await;

    // Once more the same.
    let (code, answer) = Api::new(&server).call("PUT", "/api/v2/deployments/bad/void_update", Value::Null).await;
    assert_eq!((code, &answer["latest_revision"]["name"]), (200, &json!("3")));
    wait_for(&server, "bad", "running").await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_ready_in_time_is_failed() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let timeout = Duration::from_millis(50);
    let server =
        Server::start(local_cloud::Config { deploy_timeout: timeout, ..config(data.path()) }).await.expect("starts");
    Store::with_greeter().logged_in(&server).await.ok(&["push", tag()]).await;
    let (code, answer) =
        Api::new(&server).call("POST", "/api/v2/deployments", json!({"bento": tag(), "name": null})).await;
    assert_eq!(code, 200, "{answer}");
    let name = answer["name"].as_str().expect("an invented name");
    assert!(name.starts_with("greeter-"), "{name}");
    wait_for(&server, name, "failed").await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments_come_back_after_a_restart() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(config(data.path())).await.expect("starts");
    let store = Store::with_greeter().logged_in(&server).await;
    for name in ["stays", "goes"] {
        store.ok(&["deployment", "create", tag(), "--name", name, "--no-wait"]).await;
        wait_for(&server, name, "running").await;
    }
    store.ok(&["deployment", "terminate", "goes", "--wait"]).await;
    let url = url(&server, "stays").await;
    let stopping = Instant::now();
    server.shutdown().await;
    assert!(stopping.elapsed() < Duration::from_secs(5));
    assert_eq!(greet(&url).await, None, "shutdown stops the processes");

    let server = Server::start(config(data.path())).await.expect("starts again");
    wait_for(&server, "stays", "running").await;
    assert_eq!(self::url(&server, "stays").await, url);
    assert_eq!(greet(&url).await.as_deref(), Some("Hello, Ada!"));
    assert_eq!(status(&server, "goes").await, "terminated");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_deployments_are_refused() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(config(data.path())).await.expect("starts");
    Store::with_greeter().logged_in(&server).await.ok(&["push", tag()]).await;
    let api = Api::new(&server);
    let cases = [
        (json!({"bento": "greeter:nope", "name": "a"}), 400, "can't find bento: greeter:nope"),
        (json!({"name": "a"}), 400, "can't find bento"),
        (json!({"bento": tag(), "name": "../up"}), 400, "DNS-1035"),
        (json!({"bento": tag(), "name": "a", "services": []}), 400, "services must be an object"),
        (json!([1]), 400, "binding error"),
    ];
    for (body, code, message) in cases {
        let (status, answer) = api.call("POST", "/api/v2/deployments?cluster=", body.clone()).await;
        assert_eq!(status, code, "{body}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(message)), "{body}: {answer}");
    }
    assert_eq!(api.call("POST", "/api/v2/deployments?cluster=other", json!({"bento": tag()})).await.0, 404);
    assert_eq!(api.call("PUT", "/api/v2/deployments/none", json!({"bento": tag()})).await.0, 404);
    assert_eq!(api.get("/api/v2/deployments").await.1["total"], 0, "nothing is kept");
    server.shutdown().await;
}
