//! How waiting ends, told apart.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::bento::{BENTO, OTHER};
use crate::cloud::{Cloud, Serving};
use crate::front::{Front, Way};
use crate::job::{Run, failed, succeeded};

/// In the log after the first look.
const WAITS: &str = "greet: deploying after";

fn create(cloud: &Cloud) -> Run {
    Run::on(cloud)
        .with("build", "false")
        .with("bento_tag", BENTO)
        .with("action", "create")
        .with("deployment_config", "")
        .with("deployment_name", "greet")
        .env("PATH", "/nowhere")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_crashes_at_start_has_failed() {
    let cloud = Cloud::with_bentos(Serving::Really).await;
    let run = create(&cloud).file("crash.json", r#"{"envs": [{"name": "CRASH", "value": "1"}]}"#);
    let result = run.with("deployment_config", "crash.json").go().await;
    let console = format!("{}/deployments/greet", cloud.endpoint());
    failed(&result, 7, &["Deployment greet did not become ready: it is failed", &console, "crashes at start"]);
    // What is known is told all the same.
    assert_eq!((result.outputs["deployment_status"].as_str(), &result.outputs["console_url"]), ("failed", &console));
    assert!(result.summary.unwrap().contains("| Status | failed |"));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_waited_for_too() {
    let cloud = Cloud::with_bentos(Serving::Lingering).await;
    cloud.create("greet").await;
    // Its process is there: only then does it take time to end.
    create(&cloud).with("action", "update").with("wait_timeout", "1").go().await;
    let end = create(&cloud).with("action", "terminate");
    let result = end.with("wait", "false").go().await;
    assert_eq!(result.outputs["deployment_status"], "terminating");
    let result = create(&cloud).with("action", "terminate").go().await;
    succeeded(&result);
    assert!(result.log_text().contains("greet: terminating after 0 s"), "{}", result.log_text());
    assert_eq!(result.outputs["deployment_status"], "terminated");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_is_up() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let result = create(&cloud).with("wait_timeout", "1").go().await;
    failed(&result, 8, &["Deployment greet is still deploying after 1 s", "wait-timeout"]);
    assert_eq!(result.outputs["deployment_status"], "deploying");
    assert!(result.duration.as_secs() < 5, "{:?}", result.duration);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_seconds_can_be_waited() {
    let cloud = Cloud::with_bentos(Serving::AtOnce).await;
    let result = create(&cloud).with("wait_timeout", "18446744073709551615").go().await;
    succeeded(&result);
    assert_eq!(result.outputs["deployment_status"], "running");
    let result = create(&cloud).with("deployment_name", "hurry").with("wait_timeout", "0").go().await;
    assert!([Some(0), Some(8)].contains(&result.exit_code), "{}", result.log_text());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_goes_away() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let (run, endpoint) = (create(&cloud), cloud.endpoint());
    let result = run.meanwhile(WAITS, cloud.stop()).await;
    failed(&result, 5, &[&format!("cannot reach {endpoint}")]);
    assert_eq!(result.outputs["deployment_name"], "greet");
}

/// However little time there was, a look gets ten seconds; however much, three of them fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_ends_the_wait() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let silent = Front::of(&cloud, |line| {
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        let is_look = line.starts_with("GET /api/v2/deployments/greet");
        // The first one is the plan's.
        if is_look && LOOKS.fetch_add(1, Ordering::Relaxed) > 0 { Way::Stuck } else { Way::On }
    })
    .await;
    let run = create(&cloud).with("cloud_endpoint", &silent.endpoint).with("wait_timeout", "1");
    let result = run.go().await;
    failed(&result, 5, &["was silent for 10 s", "may become ready all the same"]);
    assert!((10..15).contains(&result.duration.as_secs()), "{:?}", result.duration);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_failure_of_the_cloud_is_waited_out() {
    let cloud = Cloud::with_bentos(Serving::AtOnce).await;
    let run = create(&cloud).with("wait_timeout", "60");
    cloud.fail_next("GET", "/api/v2/deployments/greet", 404, 1);
    // One look of four attempts, and the first of the next.
    cloud.fail_next("GET", "/api/v2/deployments/greet", 503, 5);
    let result = run.go().await;
    succeeded(&result);
    assert_eq!(result.outputs["deployment_status"], "running");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_changes_the_deployment() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let update = async {
        let (status, _) = cloud.call("PUT", "/api/v2/deployments/greet", json!({"bento": OTHER})).await;
        assert_eq!(status, 200);
    };
    let result = create(&cloud).meanwhile(WAITS, update).await;
    failed(&result, 7, &["greet was changed by somebody else: it is at greeter:v2", "concurrency"]);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_ends_or_deletes_the_deployment() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let end = async {
        cloud.call("POST", "/api/v2/deployments/greet/terminate", Value::Null).await;
    };
    let result = create(&cloud).meanwhile(WAITS, end).await;
    failed(&result, 7, &["greet did not become ready: it is terminat", "Somebody ended it"]);

    let delete = async {
        // Nobody looks while it is ended and not yet deleted.
        cloud.fail_next("GET", "/api/v2/deployments/greet", 503, 2);
        cloud.call("POST", "/api/v2/deployments/greet/terminate", Value::Null).await;
        assert_eq!(cloud.call("DELETE", "/api/v2/deployments/greet", Value::Null).await.0, 200);
    };
    let result = create(&cloud).with("action", "update").meanwhile(WAITS, delete).await;
    failed(&result, 7, &["greet was deleted while it was waited for"]);
    cloud.stop().await;
}
