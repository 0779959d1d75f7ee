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

pub(crate) fn with_config(cloud: &Cloud, action: &str, text: &str) -> Run {
    run(cloud, action).file("ci/deployment.yaml", text).with("deployment_config", "ci/deployment.yaml")
}

/// File and line of an annotation.
pub(crate) fn place(annotation: &Annotation) -> (Option<&str>, Option<u32>) {
    (annotation.file.as_deref(), annotation.line)
}

/// The one annotation of a level.
pub(crate) fn only(result: &StepResult, level: Level) -> &Annotation {
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
    failed(&result, 2, &["deployment-config ci/prod.yaml does not exist", "deployment-config: ''"]);
    for action in ["create", "apply"] {
        let result = run(&cloud, action).with("deployment_name", "new").go().await;
        failed(&result, 2, &["deployment-config deployment.json does not exist", "deployment.yaml, deployment.yml"]);
    }
    let result = run(&cloud, "update").with("deployment_config", ".").go().await;
    failed(&result, 2, &["deployment-config: failed to read ", "Is a directory", "It must be a file"]);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}

/// A new Deployment takes the configuration of the project that it is made of, else that of the repository.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_found_in_the_context_then_in_the_workspace() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let root = ("deployment.yml", "name: of-the-root\n");
    let project = ("shop/deployment.yaml", "name: of-the-project\n");
    for (files, name) in [(vec![root], "of-the-root"), (vec![root, project], "of-the-project")] {
        let mut step = run(&cloud, "create").with("context", "shop").with("deployment_name", "");
        for (file, text) in files {
            step = step.file(file, text);
        }
        succeeded(&step.go().await);
        assert_eq!(cloud.deployed()["name"], name);
    }
    cloud.stop().await;
}

/// The cluster that a file names is the one that is meant: what stands under the same name in the default one is another's.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_fault_ends_no_deployment_of_the_default_cluster() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("greet").await;
    let cases: [(&[u8], u32, &str); 5] = [
        (b"cluster: prod-eu\naccess_authorization: maybe\n", 2, "access_authorization takes true or false"),
        (b"cluster: prod-eu\nenvs: [}\n", 2, "YAML"),
        (b"cluster: [prod-eu]\n", 1, "cluster takes a text"),
        (b"cluster: prod-eu\nname: caf\xe9\n", 2, "cannot be read as text"),
        (b"cluster_name: prod-eu\ntargets: []\n", 1, "names a cluster in the v1 form"),
    ];
    for action in ["terminate", "delete"] {
        for (text, line, says) in cases {
            let run = with_config(&cloud, action, "");
            std::fs::write(run.workspace().join("ci/deployment.yaml"), text).unwrap();
            let result = run.go().await;
            let error = failed(&result, 2, &["ci/deployment.yaml", says]);
            assert_eq!(place(error), (Some("ci/deployment.yaml"), Some(line)), "{error:?}");
        }
        failed(&with_config(&cloud, action, "cluster: prod-eu\n").go().await, 4, &["greet"]);
        // Nor does one that `apply` would find.
        let found = run(&cloud, action).file("deployment.yaml", "cluster: prod-eu\n");
        failed(&found.go().await, 4, &["greet"]);
        assert_eq!(cloud.changes(), [""; 0]);
    }
    // One that is gone does not keep a Deployment alive.
    succeeded(&run(&cloud, "terminate").with("deployment_config", "ci/prod.yaml").go().await);
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
        for part in [format!("`{key}` is not a key"), format!("Did you mean `{meant}`?")] {
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
        ("name: greet\nenvs: [}\n", 2, "is not valid YAML"),
        ("name: greet\nservices:\n\tGreeter: {}\n", 3, "is not valid YAML"),
        ("# nothing\n", 1, "holds nothing"),
        ("- name: greet\n", 1, "the file takes a mapping, not a list"),
        ("name: greet\nservices: [Greeter]\n", 2, "services takes a mapping, not a list"),
        ("name: greet\nservices:\n", 2, "services takes a mapping, not nothing"),
        ("name: greet\nservices:\n  Greeter:\n", 3, "services.Greeter takes a mapping, not nothing"),
        ("name: greet\nservices:\n  Greeter: [a]\n", 3, "services.Greeter takes a mapping, not a list"),
        ("name: greet\nenvs:\n  WORD: Hi\n", 2, "envs takes a list, not a mapping"),
        ("name: greet\nenvs:\n  - name: A\n    value: [1]\n", 4, "envs.0.value takes a text, not a list"),
        ("name: greet\nenvs:\n  - {value: Hi}\n", 3, "envs.0 lacks `name`"),
        ("name: greet\nenvs:\n  - {name: Hi}\n", 3, "envs.0 lacks `value`"),
        ("name: greet\nsecrets: hf\n", 2, "secrets takes a list, not a text"),
        ("name: greet\nenvs: [KEY=cloud-t0ken-s3cret]\n", 2, "envs.0 takes a mapping, not a text"),
        ("name: greet\naccess_authorization: maybe\n", 2, "access_authorization takes true or false, not \"maybe\""),
        ("name: greet\ncanary: {route_type: cookie}\n", 2, "canary.route_type takes one of random, header, query"),
        ("name: ''\n", 1, "name takes a name, not \"\""),
        ("name: greet\ncluster: [a]\n", 2, "cluster takes a text, not a list"),
        ("name: greet\nbento: off\n", 2, "bento takes a tag or the folder of a project, not false"),
        ("name: greet\nlabels:\n- key: a\n  value: 2024-13-45\n", 4, "looks like a date and is not one"),
        (
            "services:\n  Greeter:\n    scaling: {min_replicas: 3, max_replicas: 2}\n",
            3,
            "services.Greeter.scaling has a min_replicas that is larger",
        ),
        (
            "services:\n  Greeter:\n    scaling:\n      max_replicas: many\n",
            4,
            "services.Greeter.scaling.max_replicas takes a whole number, not \"many\"",
        ),
        ("services:\n  Greeter:\n    deployment_strategy: Rolling\n", 3, "did you mean RollingUpdate?"),
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
    failed(&local.go().await, 2, &["services takes a mapping, not 1"]);
    let built = with_config(&empty, "create", "services: 1").project(&fixture("greeter")).with("build", "true");
    failed(&built.go().await, 2, &["services takes a mapping, not 1"]);
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
    let result = with_config(&cloud, "create", text).with("deployment-labels", "team=input").go().await;
    succeeded(&result);
    let body = cloud.deployed();
    assert_eq!(body["labels"], json!([{"key": "tier", "value": "a"}, {"key": "team", "value": "input"}]));
    assert_eq!(sent(body), [json!("greet"), json!(BENTO)]);

    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_effect_or_was_not_filled_in_is_a_warning_at_its_line() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let text = "\
name: new
dev: true
services:
  Greter:
    envs:
    - name: KEY
      value: $YOUR_KEY
  Greeter:
    config_overrides:
      where:
        host: https://${HOST}/v1
envs:
- name: EMPTY
  value:
- name: TOKEN
  value: <your-key>
secrets: [YOUR_SECRET]
";
    let result = with_config(&cloud, "create", text).with("deployment_name", "").go().await;
    succeeded(&result);
    let mut warnings: Vec<_> =
        result.annotations_of(Level::Warning).map(|warning| (warning.line, &*warning.message)).collect();
    warnings.sort_unstable();
    let expected = [
        (2, "`dev: true` makes a Codespace"),
        (4, "has no service `Greter`: what is set for it has no effect. Did you mean `Greeter`?"),
        (7, "`services.Greter.envs.0.value` looks like a variable ($NAME), and nothing replaces it"),
        (11, "looks like a variable (${NAME})"),
        (14, "`envs.0.value` is empty, which is sent as the text None"),
        (16, "`envs.1.value` looks like a placeholder (<…>)"),
        (17, "`secrets.0` looks like a placeholder (YOUR_…)"),
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
    for ((line, message), (expected, says)) in warnings.into_iter().zip(expected) {
        assert_eq!(line, Some(expected), "{message}");
        assert!(message.contains(says), "{says:?} is not in {message:?}");
    }
    assert_eq!(cloud.deployed()["dev"], true);

    // The Bento that runs is looked at too.
    cloud.create("greet").await;
    let result = with_config(&cloud, "update", "services: {Greter: {}}\n").with("bento_tag", "").go().await;
    succeeded(&result);
    assert!(only(&result, Level::Warning).message.contains("no service `Greter`"), "{}", result.log_text());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_that_an_input_replaces_or_that_is_not_sent_is_no_warning() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let text = "\
name: ${NAME}
bento: <your-bento>
labels:
- {key: team, value: $TEAM}
services:
  Greeter:
    config_overrides: {hook: 'https://x/${id}/y'}
";
    let run = with_config(&cloud, "create", text).with("deployment-labels", "team=input");
    let result = run.go().await;
    succeeded(&result);
    assert_eq!(result.annotations_of(Level::Warning).count(), 0, "{}", result.log_text());
    // Another label is as it stands there.
    let result = with_config(&cloud, "update", text).with("deployment-labels", "tier=input").go().await;
    succeeded(&result);
    assert!(only(&result, Level::Warning).message.contains("`labels.0.value`"), "{}", result.log_text());
    let ended = with_config(&cloud, "terminate", text).with("deployment-labels", "").with("bento_tag", "").go().await;
    assert_eq!(ended.annotations_of(Level::Warning).count(), 0, "{}", ended.log_text());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_text_names_itself() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    for (bytes, line) in
        [(&b"\xff\xfen\0a\0m\0e\0:\0 \0x\0"[..], None), (b"name: greet\nenvs: [{name: A, value: caf\xe9}]\n", Some(2))]
    {
        let run = with_config(&cloud, "create", "");
        std::fs::write(run.workspace().join("ci/deployment.yaml"), bytes).unwrap();
        let result = run.go().await;
        let error = failed(&result, 2, &["ci/deployment.yaml", "cannot be read as text"]);
        assert_eq!(place(error), (Some("ci/deployment.yaml"), line));
    }
    // Without a mark at its start it is a text of other characters, for all that anybody can tell.
    let run = with_config(&cloud, "create", "n\0a\0m\0e\0");
    failed(&run.go().await, 2, &["ci/deployment.yaml", "U+0000 may not stand in YAML"]);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}
