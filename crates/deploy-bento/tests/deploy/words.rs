//! What a cloud says is data, whatever it says.

use std::sync::atomic::{AtomicUsize, Ordering};

use runner_sim::StepResult;

use crate::bento::BENTO;
use crate::cloud::{Cloud, Serving};
use crate::front::{Front, Way};
use crate::job::{Run, failed, succeeded};

const USER: &str = r#"{"name": "bob\r::set-output name=bento_tag::evil:1\r::save-state name=cache-snapshot::/some/folder\r::stop-commands::pwned\n::add-path::/evil\u2028::error::x\u0085##[add-path]/evil"}"#;
const DEPLOYMENT: &str = r#"{"name": "greet\r::set-output name=bento_tag::evil:1\n::set-env name=A::b", "status": "odd\r::set-output name=deployment_url::evil\n::add-path::/evil", "urls": ["file:///etc/passwd\n::set-env name=A::b\r::add-path::/evil", "javascript:alert(1)"], "kube_namespace": "x\r::add-path::/evil", "cluster": {"name": "c\r::add-path::/evil", "is_first": false}}"#;

/// The step set nothing but the action's own outputs.
fn set_nothing_else(result: &StepResult) {
    let own = [
        "bento_tag",
        "bento_repository",
        "bento_version",
        "deployment_name",
        "deployment_url",
        "deployment_status",
        "console_url",
    ];
    for (name, value) in &result.outputs {
        assert!(own.contains(&&*name.replace('-', "_")) && value != "evil:1" && value != "evil", "{name}={value}");
    }
    assert!(result.state.is_empty() && result.env.is_empty() && result.path.is_empty(), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_states_of_the_cloud_issue_no_commands() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("greet").await;
    let front = Front::of(&cloud, |line| match line {
        line if line.contains("/auth/current") || line.contains("/current_org") => {
            Way::Answer("200 OK", "application/json", USER)
        }
        line if line.starts_with("POST /api/v2/deployments") => Way::Answer("200 OK", "application/json", DEPLOYMENT),
        line if line.contains("/api/v2/deployments/greet%0D") => Way::Answer("200 OK", "application/json", DEPLOYMENT),
        _ => Way::On,
    })
    .await;
    let run = || {
        Run::at(&front.endpoint)
            .with("build", "false")
            .with("bento_tag", BENTO)
            .with("action", "create")
            .with("deployment_name", "new")
            .with("deployment_config", "")
            .with("wait_timeout", "1")
    };
    let dry = run().with("dry_run", "true").go().await;
    succeeded(&dry);
    assert!(dry.log_text().contains("bob"), "{}", dry.log_text());
    set_nothing_else(&dry);
    assert!(dry.outputs.is_empty(), "{:?}", dry.outputs);
    let waited = run().go().await;
    failed(&waited, 8, &["is still odd"]);
    set_nothing_else(&waited);
    let summary = waited.summary.unwrap();
    assert!(!summary.contains("](javascript:") && !summary.contains("](file:"), "{summary}");
    cloud.stop().await;
}

fn json(name: &str, status: &str, revision: &str, version: &str) -> &'static str {
    let target = format!(
        r#"{{"name": "main", "bento": {{"repository": {{"name": "greeter"}}, "version": "{version}"}}, "config": {{"services": {{}}}}}}"#
    );
    let revision = format!(r#"{{"uid": "{revision}", "targets": [{target}]}}"#);
    format!(r#"{{"name": "{name}", "status": "{status}", "latest_revision": {revision}}}"#).leak()
}

static FLAKY: AtomicUsize = AtomicUsize::new(0);
static QUICK: AtomicUsize = AtomicUsize::new(0);

/// Twice for the plan and the update, then the looks.
fn said(line: &str, name: &str, count: &AtomicUsize, looks: &[&str]) -> Way {
    let (status, revision, version) = if line.starts_with("PUT ") {
        ("running", "r2", "v2")
    } else {
        match count.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => ("running", "r1", "v1"),
            look => (looks[(look - 2).min(looks.len() - 1)], "r2", "v2"),
        }
    };
    Way::Answer("200 OK", "application/json", json(name, status, revision, version))
}

/// A cloud may say for a moment of a new revision what it said of the one before.
#[tokio::test(flavor = "multi_thread")]
async fn that_the_revision_before_runs_is_no_success_of_the_new_one() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let front = Front::of(&cloud, |line| match line {
        line if line.contains("/api/v2/deployments/flaky") => {
            said(line, "flaky", &FLAKY, &["running", "running", "deploying", "failed"])
        }
        line if line.contains("/api/v2/deployments/quick") => said(line, "quick", &QUICK, &["running"]),
        _ => Way::On,
    })
    .await;
    let run = |name: &str| {
        Run::at(&front.endpoint)
            .with("build", "false")
            .with("bento_tag", "greeter:v2")
            .with("deployment_name", name)
            .with("wait_timeout", "60")
    };
    let (flaky, quick) = (run("flaky"), run("quick"));
    let (flaky, quick) = tokio::join!(flaky.go(), quick.go());
    failed(&flaky, 7, &["flaky did not become ready: it is failed"]);
    // Where nothing ever changes, the new revision runs as well as the one before.
    succeeded(&quick);
    assert!((10..20).contains(&quick.duration.as_secs()), "{:?}", quick.duration);
    cloud.stop().await;
}
