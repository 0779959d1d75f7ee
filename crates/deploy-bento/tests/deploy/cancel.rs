//! Cancelled jobs end soon, leave no process behind, and tell the cloud what they leave undone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use local_cloud::Transmission;
use runner_sim::StepResult;
use serde_json::json;

use crate::bento::{BENTO, fixture};
use crate::cloud::{Cloud, Serving};
use crate::front::{Front, Way};
use crate::job::{Run, succeeded};

fn ended((result, took): &(StepResult, Duration)) {
    assert_eq!((result.exit_code, result.cancelled), (Some(130), true), "{}", result.log_text());
    assert!(*took < Duration::from_secs(5), "it took {took:?} to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_is_imported() {
    let cloud = Cloud::empty(Serving::Never).await;
    let service = std::fs::read_to_string(fixture("greeter/service.py")).unwrap();
    let run = Run::on(&cloud)
        .project(&fixture("greeter"))
        .file("service.py", &format!("import time\nprint('hangs now', flush=True)\ntime.sleep(600)\n{service}"))
        .with("action", "create")
        .with("deployment_config", "");
    ended(&run.cancelled_at("hangs now").await);
    assert_eq!(cloud.changes(), [""; 0]);
    assert!(!run.home().join("bentos/greeter").exists());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bento_is_sent() {
    let cloud = Cloud::configured(|config| config.transmission = Transmission::Proxy).await;
    let slow = Front::of(&cloud, |line| if line.starts_with("PUT ") { Way::Stuck } else { Way::On }).await;
    let run = Run::at(&slow.endpoint).with_bento(BENTO).await.with("action", "skip");
    ended(&run.cancelled_after(slow.stuck.notified()).await);
    let requests = cloud.requests();
    let told: Vec<_> = requests.iter().filter(|request| request.path.ends_with("/finish_upload")).collect();
    assert_eq!(told.len(), 1, "{requests:?}");
    assert_eq!(told[0].body_json, Some(json!({"status": "failed", "reason": "cancelled"})));

    // The next run sends it all.
    succeeded(&run.with("cloud_endpoint", &cloud.endpoint()).go().await);
    let (_, pushed) = cloud.call("GET", "/api/v1/bento_repositories/greeter/bentos/v1", json!(null)).await;
    assert_eq!(pushed["upload_status"], "success");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_deployment_is_waited_for() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let run = Run::on(&cloud)
        .with("build", "false")
        .with("bento_tag", BENTO)
        .with("action", "create")
        .with("deployment_config", "")
        .with("deployment_name", "greet");
    let end = run.cancelled_at("greet: deploying after").await;
    ended(&end);
    assert_eq!(end.0.outputs["deployment_name"], "greet", "later steps may end it");
    cloud.stop().await;
}

/// Wherever a server says no more: at the first look, at the change, while its word is waited for, between attempts.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_silent_or_fails() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("greet").await;
    let account = Front::of(&cloud, |line| if line.contains("/auth/current") { Way::Stuck } else { Way::On }).await;
    let change = Front::of(&cloud, |line| if line.starts_with("PUT ") { Way::Stuck } else { Way::On }).await;
    // The update is made, and the first look after it gets no answer.
    let look = Front::of(&cloud, |line| {
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        let is_look = line.starts_with("GET /api/v2/deployments/greet");
        if is_look && LOOKS.fetch_add(1, Ordering::Relaxed) > 1 { Way::Stuck } else { Way::On }
    })
    .await;
    let busy = Front::of(&cloud, |_| Way::Answer("503 Service Unavailable", "text/plain", "busy")).await;
    let update = |front: &Front| {
        Run::at(&front.endpoint).with("build", "false").with("bento_tag", BENTO).with("deployment_name", "greet")
    };
    let [at_account, at_change, at_look, at_busy] = [&account, &change, &look, &busy].map(update);
    let ends = tokio::join!(
        at_account.cancelled_after(account.stuck.notified()),
        at_change.cancelled_after(change.stuck.notified()),
        at_look.cancelled_after(look.stuck.notified()),
        at_busy.cancelled_at("trying again in"),
    );
    for end in [&ends.0, &ends.1, &ends.2, &ends.3] {
        ended(end);
    }
    cloud.stop().await;
}
