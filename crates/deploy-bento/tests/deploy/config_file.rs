//! The deployment configuration: where it is looked for, and what is said about what is in it.

use runner_sim::{Annotation, Level, StepResult};
use serde_json::{Value, json};

use crate::bento::{BENTO, fixture};
use crate::cloud::{Cloud, Serving};
use crate::job::{Run, failed, succeeded};

fn run(cloud: &Cloud, action: &str) -> Run {
    Run::on(cloud)
        .with("build", "false")
        .with("bento_tag", BENTO)
        .with("action", action)
        .with("deployment_name", "greet")
        .with("wait", "false")
        .env("PATH", "/nowhere")
}

fn with_config(cloud: &Cloud, action: &str, text: &str) -> Run {
    run(cloud, action).file("ci/deployment.yaml", text).with("deployment_config", "ci/deployment.yaml")
}

/// File and line of an annotation.
fn place(annotation: &Annotation) -> (Option<&str>, Option<u32>) {
    (annotation.file.as_deref(), annotation.line)
}

/// The one annotation of a level.
fn only(result: &StepResult, level: Level) -> &Annotation {
    let found: Vec<_> = result.annotations_of(level).collect();
    assert_eq!(found.len(), 1, "{}", result.log_text());
    found[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("greet").await;
    // An update does without the default file, and without any.
    for config in ["deployment.json", ""] {
        succeeded(&run(&cloud, "update").with("deployment_config", config).go().await);
        assert_eq!(cloud.deployed()["bento"], BENTO);
    }
    // Not without one that was named, and a new Deployment not without the default one either.
    let result = run(&cloud, "update").with("deployment_config", "ci/prod.yaml").go().await;
    failed(&result, 2, &["deployment_config ci/prod.yaml does not exist", "deployment_config: ''"]);
    for action in ["create", "apply"] {
        let result = run(&cloud, action).with("deployment_name", "new").file("deployment.yaml", "").go().await;
        failed(
            &result,
            2,
            &["deployment_config deployment.json does not exist", "set `deployment_config: deployment.yaml`"],
        );
    }
    let result = run(&cloud, "update").with("deployment_config", ".").go().await;
    failed(&result, 2, &["failed to read deployment_config .: Is a directory"]);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_v1_deployment() {
    const V1: &str = r#"{"name": "greet",
  "cluster_name": "default",
  "targets": [{"bento": "v1", "bento_repository": "greeter"}]}"#;
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("greet").await;
    let update = run(&cloud, "update").file("deployment.json", V1).go().await;
    succeeded(&update);
    let notice = only(&update, Level::Notice);
    assert_eq!(place(notice), (Some("deployment.json"), Some(3)));
    assert!(notice.message.contains("v1 Deployment") && notice.message.contains("left alone"), "{}", notice.message);
    assert_eq!(cloud.deployed()["services"], json!({}));
    let create = run(&cloud, "create").with("deployment_name", "new").file("deployment.json", V1).go().await;
    let error = failed(&create, 2, &["deployment.json", "v1 Deployment", "Write the v2 form"]);
    assert_eq!(place(error), (Some("deployment.json"), Some(3)));
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_a_warning_and_no_obstacle() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let text =
        "name: greet\nservices:\n  Greeter:\n    scaling:\n      min_replica: 2\n      max_replicas: 3\nlable: [a]\n";
    let result = with_config(&cloud, "create", text).go().await;
    succeeded(&result);
    let warnings: Vec<_> = result.annotations_of(Level::Warning).collect();
    let expected = [("services.Greeter.scaling.min_replica", 5, "min_replicas"), ("lable", 7, "labels")];
    assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
    for (warning, (key, line, meant)) in warnings.into_iter().zip(expected) {
        assert_eq!(place(warning), (Some("ci/deployment.yaml"), Some(line)));
        for part in [format!("`{key}` is no key"), format!("Did you mean `{meant}`?")] {
            assert!(warning.message.contains(&part), "{part:?} is not in {:?}", warning.message);
        }
    }
    assert_eq!(cloud.deployed()["services"]["Greeter"]["scaling"]["max_replicas"], 3);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_shown_at_its_line_before_anything_is_sent() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let empty = Cloud::empty(Serving::Never).await;
    cloud.create("greet").await;
    let cases = [
        ("name: greet\nenvs: [}\n", 2, "is no valid YAML"),
        ("name: greet\nservices:\n\tGreeter: {}\n", 3, "is no valid YAML"),
        ("- name: greet\n", 1, "holds no mapping"),
        ("name: greet\nservices: [Greeter]\n", 2, "services: invalid type: sequence"),
        ("name: greet\nenvs:\n  WORD: Hi\n", 2, "envs: invalid type: map"),
        ("name: greet\nenvs:\n  - name: A\n    value: [1]\n", 4, "envs.0.value: expected a text"),
        ("name: greet\nenvs:\n  - {value: Hi}\n", 2, "envs.0: missing field `name`"),
        ("name: greet\naccess_authorization: maybe\n", 2, "access_authorization: invalid type: string"),
        (
            "services:\n  Greeter:\n    scaling: {min_replicas: 3, max_replicas: 2}\n",
            3,
            "min_replicas is larger than max",
        ),
        (
            "services:\n  Greeter:\n    scaling:\n      max_replicas: many\n",
            4,
            "services.Greeter.scaling.max_replicas: inv",
        ),
        ("services:\n  Greeter:\n    deployment_strategy: Rolling\n", 3, "RollingUpdate"),
    ];
    for (text, line, says) in cases {
        for action in ["update", "apply"] {
            let result = with_config(&cloud, action, text).go().await;
            let error = failed(&result, 2, &["ci/deployment.yaml", says]);
            assert_eq!(place(error), (Some("ci/deployment.yaml"), Some(line)), "{error:?}");
        }
    }
    let local =
        with_config(&empty, "apply", "services: 1").with_bento("greeter:v1").await.with("deployment_name", "new");
    failed(&local.go().await, 2, &["services: invalid type"]);
    let built = with_config(&empty, "create", "services: 1").project(&fixture("greeter")).with("build", "true");
    failed(&built.go().await, 2, &["services: invalid type"]);
    assert!(!built.home().exists(), "nothing is built either");
    let result = run(&cloud, "update").file("deployment.json", "{\"name\": \"greet\",\n \"envs\": 1}").go().await;
    assert_eq!(place(failed(&result, 2, &["envs"])), (Some("deployment.json"), Some(2)));
    assert_eq!([cloud.changes(), empty.changes()].concat(), [""; 0]);
    empty.stop().await;
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_bento_may_come_from_the_file_and_inputs_win() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let text = "name: of-file\nbento: greeter:v2\nlabels:\n  - {key: team, value: file}\n  - {key: tier, value: a}\n";
    let file = with_config(&cloud, "create", text).with("deployment_name", "").with("bento_tag", "");
    let result = file.go().await;
    succeeded(&result);
    assert_eq!((&*result.outputs["deployment_name"], &*result.outputs["bento_tag"]), ("of-file", "greeter:v2"));
    let sent = |body: Value| [body["name"].clone(), body["bento"].clone()];
    assert_eq!(sent(cloud.deployed()), [json!("of-file"), json!("greeter:v2")]);
    let result = with_config(&cloud, "create", text).with("labels", "team=input").go().await;
    succeeded(&result);
    let body = cloud.deployed();
    assert_eq!(body["labels"], json!([{"key": "tier", "value": "a"}, {"key": "team", "value": "input"}]));
    assert_eq!(sent(body), [json!("greet"), json!(BENTO)]);

    // A folder is the project to build; where nothing is built, the Bento that runs stays.
    let result = with_config(&cloud, "update", "bento: ci\n").with("bento_tag", "").go().await;
    succeeded(&result);
    assert_eq!(cloud.deployed()["bento"], BENTO);
    cloud.stop().await;
}
