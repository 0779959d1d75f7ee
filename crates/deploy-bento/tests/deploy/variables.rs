//! Variables that a Bento declares without a value: somebody must set them, or nothing is deployed.

use serde_json::json;

use crate::bento::{BENTO, fixture};
use crate::cloud::{Cloud, Serving};
use crate::front::{Front, Way};
use crate::job::{Run, failed, succeeded};

/// A Bento that needs KEY; BUILD is not needed at run time, SET has a value.
async fn cloud_with_needy_bento() -> Cloud {
    let cloud = Cloud::empty(Serving::Never).await;
    let envs = json!([{"name": "KEY", "value": "", "stage": "all"}, {"name": "BUILD", "value": "", "stage": "build"},
        {"name": "SET", "value": "x", "stage": "runtime"}]);
    let manifest =
        json!({"service": "s:S", "bentoml_version": "1.4.39", "size_bytes": 1, "entry_service": "S", "envs": envs});
    let bento = json!({"description": "", "version": "v1", "manifest": manifest, "labels": [],
        "build_at": "2026-01-02 03:04:05.000006"});
    for (method, path, body) in [
        ("POST", "", json!({"name": "needy", "description": ""})),
        ("POST", "/needy/bentos", bento),
        ("PATCH", "/needy/bentos/v1/finish_upload", json!({"status": "success", "reason": ""})),
    ] {
        let (status, answer) = cloud.call(method, &format!("/api/v1/bento_repositories{path}"), body).await;
        assert_eq!(status, 200, "{answer}");
    }
    cloud.requests();
    cloud
}

fn create(endpoint: &str, config: &str) -> Run {
    Run::at(endpoint)
        .file("deployment.yaml", config)
        .with("deployment_config", if config.is_empty() { "" } else { "deployment.yaml" })
        .with("build", "false")
        .with("bento_tag", "needy:v1")
        .with("action", "create")
        .with("wait", "false")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_may_set_them() {
    let cloud = cloud_with_needy_bento().await;
    for config in ["", "envs: [{name: OTHER, value: x}]", "services: {S: {}}"] {
        let result = create(&cloud.endpoint(), config).go().await;
        failed(&result, 2, &["environment variables that nothing sets: KEY", "`envs:`", "`secrets:`"]);
    }
    assert_eq!(cloud.changes(), [""; 0]);
    for config in ["envs: [{name: KEY, value: x}]", "services: {S: {envs: [{name: KEY, value: x}]}}"] {
        succeeded(&create(&cloud.endpoint(), config).go().await);
        assert_eq!(cloud.changes().len(), 1);
    }
    cloud.stop().await;
}

/// local-cloud has no secrets: they are answered before it.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_may_set_them() {
    let cloud = cloud_with_needy_bento().await;
    let front = Front::of(&cloud, |line| {
        let json = |body| Way::Answer("200 OK", "application/json", body);
        match line.split(' ').nth(1).unwrap_or_default() {
            "/api/v1/org_secrets/env" => {
                json(r#"{"name":"env","content":{"type":"env","items":[{"key":"KEY","value":null}]}}"#)
            }
            "/api/v1/org_secrets/file" => {
                json(r#"{"name":"file","content":{"type":"mountfile","items":[{"key":"KEY"}]}}"#)
            }
            "/api/v1/org_secrets/none" => {
                Way::Answer("404 Not Found", "application/json", r#"{"error":"record not found"}"#)
            }
            _ => Way::On,
        }
    })
    .await;
    succeeded(&create(&front.endpoint, "secrets: [file, env]").go().await);
    assert_eq!(cloud.changes().len(), 1);
    failed(&create(&front.endpoint, "secrets: [file]").go().await, 2, &["that nothing sets: KEY"]);
    failed(&create(&front.endpoint, "secrets: [none]").go().await, 4, &["no secret none"]);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bento_that_lacks_them_is_not_even_pushed() {
    let cloud = Cloud::empty(Serving::Never).await;
    let run = Run::on(&cloud).with_bento(BENTO).await.with("action", "create").with("deployment_config", "");
    let yaml = run.home().join("bentos/greeter/v1/bento.yaml");
    let text = std::fs::read_to_string(&yaml).unwrap();
    let needy = text.replacen("value: '!'", "value: ''", 1);
    assert_ne!(text, needy, "bento.yaml has another form now");
    std::fs::write(&yaml, needy).unwrap();
    failed(&run.go().await, 2, &["that nothing sets: MARK"]);

    // The same for one that is built first.
    let bentofile = std::fs::read_to_string(fixture("greeter/bentofile.yaml")).unwrap();
    let bentofile = bentofile.replace("value: \"!\"", "value: \"\"");
    let run = Run::on(&cloud).project(&fixture("greeter")).file("bentofile.yaml", &bentofile);
    let run = run.with("action", "create").with("deployment_config", "");
    failed(&run.go().await, 2, &["that nothing sets: MARK"]);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}
