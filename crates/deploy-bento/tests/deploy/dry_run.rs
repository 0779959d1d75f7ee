//! A dry run looks, tells, and changes nothing.

use crate::bento::{BENTO, fixture};
use crate::cloud::{Cloud, Serving};
use crate::job::{Run, failed, succeeded};

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_told_and_nothing_is_done() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("old").await;
    let dry = || Run::on(&cloud).with("dry_run", "true");
    let create =
        dry().project(&fixture("greeter")).file("deployment.json", r#"{"name": "greet"}"#).with("action", "create");
    let update = dry().with_bento(BENTO).await.with("deployment_name", "old");
    let remote = dry().with("build", "false").with("bento_tag", BENTO).with("deployment_name", "old");
    let skip = dry().with_bento(BENTO).await.with("action", "skip");
    let terminate = dry().with("action", "terminate").with("deployment_name", "old");
    let delete = dry().with("action", "delete").with("deployment_name", "old");
    for (run, told) in [
        (&create, ["Bento: built from ", "Deployment: greet is created; waiting for at most 3600 s"]),
        (&update, ["Bento: greeter:v1 of the local store, pushed where missing", "Deployment: old is updated"]),
        (&remote, ["Bento: greeter:v1 of the cloud", "Deployment: old is updated"]),
        (&skip, ["Bento: greeter:v1 of the local store", "Deployment: left alone"]),
        (&terminate, ["Cloud: http://", "Deployment: old is terminated"]),
        (&delete, ["Cloud: http://", "Deployment: old is deleted"]),
    ] {
        let result = run.go().await;
        succeeded(&result);
        for part in told.into_iter().chain(["dry run: nothing was done"]) {
            assert!(result.log_text().contains(part), "{part:?} is not in {}", result.log_text());
        }
        assert!(result.outputs.is_empty() && result.summary.is_none());
    }
    assert_eq!(cloud.changes(), [""; 0]);
    assert!(!create.home().exists());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_fails() {
    let cloud = Cloud::empty(Serving::Never).await;
    let run = Run::on(&cloud).with("dry_run", "true").with("deployment_name", "greet");
    failed(&run.go().await, 4, &["there is no Deployment greet"]);
    let run = run.with("action", "create").file("deployment.json", "{\"services\": 1}");
    failed(&run.go().await, 2, &["deployment.json", "services"]);
    cloud.stop().await;
}
