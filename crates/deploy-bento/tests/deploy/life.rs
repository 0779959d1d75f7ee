//! The way of a Bento from its project to a Deployment that answers, is updated, and ends.

use actions_core::http;
use serde_json::json;

use crate::bento::{BENTO, OTHER, fixture};
use crate::cloud::{Cloud, Serving, TOKEN};
use crate::front::{Front, Way};
use crate::job::{Run, failed, succeeded};

const CONFIG: &str = "\
name: greet
services:
  Greeter:
    scaling:
      max_replicas: 2
envs:
  - name: WORD
    value: Hi
";

async fn greet(url: &str) -> String {
    let asked = http::client().unwrap().post(format!("{url}/greet")).json(&json!({"name": "Ada"})).send().await;
    asked.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_becomes_a_service_that_answers() {
    let cloud = Cloud::empty(Serving::Really).await;
    let run = Run::on(&cloud)
        .project(&fixture("greeter"))
        .file("deployment.yaml", CONFIG)
        .with("deployment_config", "deployment.yaml")
        .with("action", "apply")
        .with("bento_version", "first")
        .with("deployment-labels", "team=nlp\nstage=test");
    let created = run.go().await;
    succeeded(&created);
    let url = created.outputs["deployment_url"].clone();
    let expected = [
        ("bento_repository", "greeter"),
        ("bento_tag", "greeter:first"),
        ("bento_version", "first"),
        ("console_url", &format!("{}/deployments/greet", cloud.endpoint())),
        ("deployment_name", "greet"),
        ("deployment_status", "running"),
        ("deployment_url", &url),
    ];
    // With underscores as the original action names them, and with hyphens as all others do.
    let both = expected
        .iter()
        .flat_map(|(name, value)| [name.to_string(), name.replace('_', "-")].map(|name| (name, value.to_string())));
    assert_eq!(created.outputs, both.collect());
    // The file's variable and the Bento's own.
    assert_eq!(greet(&url).await, "Hi, Ada!");
    assert_eq!(
        cloud.deployment("greet").await["labels"],
        json!([{"key": "stage", "value": "test"}, {"key": "team", "value": "nlp"}])
    );
    let summary = created.summary.unwrap().replace(&cloud.endpoint(), "CLOUD").replace(&url, "URL");
    assert_eq!(without_seconds(&summary), SUMMARY);
    cloud.requests();

    // Only what the new file says changes; the Bento that runs stays.
    let update = Run::on(&cloud)
        .file("next.yaml", "envs:\n  - name: WORD\n    value: Hey\n")
        .with("deployment_config", "next.yaml")
        .with("deployment_name", "greet")
        .with("build", "false");
    let updated = update.go().await;
    succeeded(&updated);
    assert_eq!(
        (&updated.outputs["bento_tag"], &updated.outputs["deployment_url"]),
        (&"greeter:first".to_owned(), &url)
    );
    assert_eq!(greet(&url).await, "Hey, Ada!");
    let sent = cloud.deployed();
    assert_eq!(
        (&sent["services"]["Greeter"]["scaling"]["max_replicas"], &sent["bento"]),
        (&json!(2), &json!("greeter:first"))
    );
    cloud.stop().await;
}

const SUMMARY: &str = "\
## Bento deployed

| | |
|---|---|
| Bento | **greeter:first** |
| Deployment | [greet](CLOUD/deployments/greet) |
| Status | running |
| URL | [URL](URL) |
| Took | Setup N s, Build N s, Push N s, Deployment N s |

";

/// Durations are left out: they differ.
fn without_seconds(summary: &str) -> String {
    let words = summary.split(' ').map(|word| if word.parse::<f64>().is_ok() { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bento_of_the_store_is_pushed_deployed_ended_and_deleted() {
    let cloud = Cloud::empty(Serving::AtOnce).await;
    let run = Run::on(&cloud).with_bento(BENTO).await.with("deployment_config", "").with("deployment_name", "greet");
    let run = run.with("action", "create").env("PATH", "/nowhere");
    let created = run.go().await;
    succeeded(&created);
    assert_eq!(created.outputs["deployment_status"], "running");
    let (_, pushed) = cloud.call("GET", "/api/v1/bento_repositories/greeter/bentos/v1", json!(null)).await;
    assert_eq!(pushed["upload_status"], "success");

    let again = run.go().await;
    failed(&again, 9, &["greet", "exists already", "action: update"]);
    cloud.requests();

    let run = run.with("action", "delete");
    failed(&run.go().await, 1, &["greet", "terminate"]);
    let run = run.with("action", "terminate");
    let ended = run.go().await;
    succeeded(&ended);
    assert_eq!(ended.outputs["deployment_status"], "terminated");
    assert_eq!(cloud.deployment("greet").await["status"], "terminated");
    let run = run.with("action", "delete");
    let deleted = run.go().await;
    succeeded(&deleted);
    assert_eq!(deleted.outputs["deployment_status"], "deleted");
    assert!(cloud.deployment("greet").await.is_null());
    cloud.requests();
    failed(&run.go().await, 4, &["there is no Deployment greet"]);
    failed(&run.with("action", "update").go().await, 4, &["there is no Deployment greet", "action: apply"]);
    assert_eq!(cloud.changes(), [""; 0], "nothing is pushed for a Deployment that is not there");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bento_of_the_cloud_needs_neither_store_nor_python() {
    let cloud = Cloud::with_bentos(Serving::AtOnce).await;
    let run = Run::on(&cloud)
        .with("build", "false")
        .with("bento_tag", BENTO)
        .with("action", "create")
        .with("deployment_config", "")
        .with("deployment_name", "greet")
        .with("wait", "false")
        .env("PATH", "/nowhere");
    let created = run.go().await;
    succeeded(&created);
    assert_eq!(created.outputs["deployment_status"], "deploying", "wait: false");
    assert_eq!(cloud.changes(), ["POST /api/v2/deployments"]);
    assert!(!run.home().exists());

    let run = run.with("action", "update").with("bento_tag", OTHER).with("wait", "true");
    let updated = run.go().await;
    succeeded(&updated);
    assert_eq!(
        (updated.outputs["bento_tag"].as_str(), updated.outputs["deployment_status"].as_str()),
        (OTHER, "running")
    );
    // Without a tag and a configuration: the same again.
    let run = run.with("bento_tag", "").with("deployment_config", "deployment.json");
    let again = run.go().await;
    succeeded(&again);
    assert_eq!(again.outputs["bento_tag"], OTHER);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_given_comes_from_the_environment_and_from_the_cloud() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let run = Run::at("")
        .with("cloud_api_token", "")
        .env("BENTO_CLOUD_API_KEY", TOKEN)
        .env("BENTO_CLOUD_API_ENDPOINT", &cloud.endpoint())
        .with("build", "false")
        .with("bento_tag", "greeter")
        .with("action", "create")
        .with("deployment_config", "")
        .with("wait", "false");
    let created = run.go().await;
    succeeded(&created);
    let name = &created.outputs["deployment_name"];
    assert!(name.starts_with("greeter-"), "the cloud makes one up: {name}");
    assert_eq!(cloud.deployment(name).await["name"], json!(name));
    let tag = &created.outputs["bento_tag"];
    assert!([BENTO, OTHER].contains(&tag.as_str()), "the newest one: {tag}");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_gets_lost_makes_no_second_deployment() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let front = Front::of(&cloud, |line| if line.starts_with("POST ") { Way::Unheard } else { Way::On }).await;
    let run = Run::at(&front.endpoint)
        .with("build", "false")
        .with("bento_tag", BENTO)
        .with("action", "create")
        .with("deployment_config", "")
        .with("deployment_name", "greet")
        .with("wait", "false");
    let created = run.go().await;
    succeeded(&created);
    assert_eq!(created.outputs["deployment_name"], "greet");
    assert_eq!(cloud.changes(), ["POST /api/v2/deployments"]);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skip_pushes_and_leaves_deployments_alone() {
    let cloud = Cloud::empty(Serving::Never).await;
    let run = Run::on(&cloud).with_bento(BENTO).await.with("action", "skip");
    let skipped = run.go().await;
    succeeded(&skipped);
    assert_eq!(skipped.outputs["bento_tag"], BENTO);
    assert!(!skipped.outputs.contains_key("deployment_name"));
    let requests = cloud.requests();
    assert!(requests.iter().all(|request| !request.path.contains("deployments")), "{requests:?}");
    assert!(requests.iter().any(|request| request.path.ends_with("/finish_upload")), "{requests:?}");
    // All is there the second time.
    succeeded(&run.go().await);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}
