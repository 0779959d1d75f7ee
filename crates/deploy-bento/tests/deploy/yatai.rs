//! A Yatai takes Bentos, and has no v2 Deployments.

use local_cloud::Flavor;

use crate::bento::{BENTO, fixture};
use crate::cloud::Cloud;
use crate::job::{Run, failed, succeeded};

#[tokio::test(flavor = "multi_thread")]
async fn deployments_are_refused_before_anything_is_built_or_sent() {
    let yatai = Cloud::configured(|config| config.flavor = Flavor::Yatai).await;
    for (action, name) in
        [("create", ""), ("create", "greet"), ("apply", "greet"), ("update", "greet"), ("terminate", "greet")]
    {
        let run = Run::on(&yatai).project(&fixture("greeter")).with("deployment_config", "");
        let run = run.with("action", action).with("deployment_name", name);
        failed(&run.go().await, 2, &["is a Yatai, which has no v2 Deployments", "`action: skip`"]);
        assert!(!run.home().exists());
    }
    assert_eq!(yatai.changes(), [""; 0]);

    let run = Run::on(&yatai).with_bento(BENTO).await.with("action", "skip");
    succeeded(&run.go().await);
    assert!(yatai.changes().iter().any(|change| change.starts_with("PUT ") && change.ends_with("/upload")));
    yatai.stop().await;
}
