//! What is sent is what the real client sends for the same input and the same state.

use std::path::Path;

use serde_json::{Value, json};

use crate::bento::{BENTO, OTHER, bentoml, store};
use crate::cloud::{Cloud, Serving};
use crate::job::{Run, succeeded};

/// Takes every key that matters, and numbers and booleans where text is expected.
const FULL: &str = "\
name: full
bento: greeter:v1
# Without it the real client's `apply` finds no Deployment to replace.
cluster: default
access_authorization: yes
envs:
  - name: WORD
    value: 017
  - {name: FLAG, value: on}
secrets: [hf]
labels:
  - {key: team, value: nlp}
services:
  Greeter:
    instance_type: cpu.2
    scaling:
      min_replicas: 0
      max_replicas: 3
      policy:
        metrics: [{type: cpu, value: 80}]
        scale_up_behavior: fast
        scale_down_stabilization_window: 60
    envs:
      - {name: OWN, value: 1.50}
    deployment_strategy: Recreate
    cold_start_timeout: 90
    config_overrides:
      traffic: {timeout: 30, external_queue: true}
canary:
  route_type: header
  route_by: x-user
  versions:
    next: {bento: greeter:v2, weight: 20, services: {Greeter: {scaling: {max_replicas: 2}}}}
";

/// Changes some of it.
const CHANGED: &str = "\
name: full
bento: greeter:v2
cluster: default
envs:
  - {name: WORD, value: Hey}
services:
  Greeter:
    scaling: {max_replicas: 5}
    config_overrides:
      traffic: {timeout: 60}
";

fn run(cloud: &Cloud, action: &str, tag: &str, config: &str) -> Run {
    let config_input = if config.is_empty() { "" } else { "deployment.yaml" };
    Run::on(cloud)
        .file("deployment.yaml", config)
        .with("build", "false")
        .with("bento_tag", tag)
        .with("action", action)
        .with("deployment_config", config_input)
        .with("wait", "false")
        .env("PATH", "/nowhere")
}

/// The configuration that a Deployment has now.
async fn kept(cloud: &Cloud, name: &str) -> Value {
    let deployment = cloud.deployment(name).await;
    deployment["latest_revision"]["targets"][0]["config"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_created_as_the_real_client_does() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deployment.yaml");
    std::fs::write(&file, FULL).unwrap();
    let real = ["deploy", "--no-wait", "-f", text(&file)];
    bentoml(store().await, Some(&cloud), &real).await;
    let expected = cloud.deployed();
    succeeded(&run(&cloud, "create", "", &FULL.replace("name: full", "name: ours")).go().await);
    assert_eq!(renamed(cloud.deployed(), "full"), expected);

    // Without a file: the Bento's own variables are set.
    bentoml(store().await, Some(&cloud), &["deploy", BENTO, "-n", "plain", "--no-wait"]).await;
    let expected = cloud.deployed();
    assert_eq!(expected["envs"], json!([{"name": "MARK", "value": "!"}]));
    succeeded(&run(&cloud, "create", BENTO, "").with("deployment_name", "ours-plain").go().await);
    assert_eq!(renamed(cloud.deployed(), "plain"), expected);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_merged_as_the_real_client_does() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let folder = tempfile::tempdir().unwrap();
    let [full, changed] = [("full.yaml", FULL), ("changed.yaml", CHANGED)].map(|(name, content)| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    });
    bentoml(store().await, Some(&cloud), &["deployment", "apply", "-f", text(&full)]).await;
    cloud.requests();
    bentoml(store().await, Some(&cloud), &["deployment", "update", "-f", text(&changed)]).await;
    let expected_update = cloud.deployed();
    bentoml(store().await, Some(&cloud), &["deployment", "apply", "-f", text(&full)]).await;
    let expected_apply = cloud.deployed();
    let state = kept(&cloud, "full").await;

    // The Deployment is as it was before the real client's update.
    succeeded(&run(&cloud, "update", OTHER, CHANGED).go().await);
    assert_eq!(cloud.deployed(), expected_update);
    succeeded(&run(&cloud, "apply", "", FULL).go().await);
    assert_eq!(cloud.deployed(), expected_apply);
    assert_eq!(kept(&cloud, "full").await, state);

    // By flags: the Bento alone.
    bentoml(store().await, Some(&cloud), &["deployment", "update", "full", "--bento", BENTO]).await;
    let expected = cloud.deployed();
    succeeded(&run(&cloud, "update", BENTO, "").with("deployment_name", "full").go().await);
    assert_eq!(cloud.deployed(), expected);
    cloud.stop().await;
}

fn renamed(mut body: Value, name: &str) -> Value {
    assert!(body["name"].as_str().unwrap().starts_with("ours"));
    body["name"] = json!(name);
    body
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
