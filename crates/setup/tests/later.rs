//! What later steps get: BentoCloud's log-in and the wish not to be counted.

mod common;

use actions_core::Cause;
use common::Machine;
use local_cloud::{Config, Server};

const PACKAGES: [&str; 2] = ["bentoml-9.0", "pip-99"];

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_checked_and_handed_on() {
    let data = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(data.path());
    config.token = Some("t0ken-of-setup".to_owned());
    let cloud = Server::start(config).await.expect("a cloud");
    let mut machine = Machine::with_python();
    machine.packages(&PACKAGES);
    machine.set("cloud-endpoint", &format!("{}/", cloud.endpoint()));
    machine.set("do-not-track", "true");

    machine.set("cloud-api-token", "another-token");
    // A dry run ends with the plan.
    let refused = machine.plan().await.expect_err("refused");
    assert_eq!(refused.cause(), Cause::Access, "{}", refused.full_text());
    assert!(!refused.full_text().contains("another-token"), "{}", refused.full_text());
    machine.assert_nothing_left();

    machine.set("cloud-api-token", "t0ken-of-setup");
    let ran = machine.run().await;
    ran.result.expect("accepted");
    assert!(ran.plan.contains("BentoCloud: "), "{}", ran.plan);
    let env = machine.read("GITHUB_ENV");
    let value = |name: &str| {
        let mut lines = env.lines().skip_while(|line| !line.starts_with(&format!("{name}<<")));
        lines.nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(value("BENTO_CLOUD_API_KEY"), "t0ken-of-setup");
    assert_eq!(value("BENTO_CLOUD_API_ENDPOINT"), cloud.endpoint().trim_end_matches('/'));
    assert_eq!(value("BENTOML_DO_NOT_TRACK"), "True");
}

#[tokio::test]
async fn without_the_inputs_nothing_is_said_to_later_steps() {
    let mut machine = Machine::with_python();
    machine.packages(&PACKAGES);
    machine.run().await.result.expect("installed");
    let env = machine.read("GITHUB_ENV");
    assert!(!env.contains("BENTO_CLOUD") && !env.contains("TRACK"), "{env}");
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_done() {
    for (inputs, cause, part) in [
        (&[("cloud-endpoint", "http://127.0.0.1:9")][..], Cause::Input, "given without cloud-api-token"),
        (&[("do-not-track", "maybe")], Cause::Input, "input do-not-track: \"maybe\" is not a boolean"),
        (&[("cloud-api-token", "t"), ("cloud-endpoint", "nowhere")], Cause::Input, "cloud endpoint \"nowhere\""),
        (&[("cloud-api-token", "t"), ("cloud-endpoint", "http://127.0.0.1:9")], Cause::Unreachable, "127.0.0.1:9"),
    ] {
        let mut machine = Machine::with_python();
        inputs.iter().for_each(|(input, value)| machine.set(input, value));
        let error = machine.run().await.result.expect_err(part);
        assert_eq!(error.cause(), cause, "{}", error.full_text());
        assert!(error.full_text().contains(part), "{}", error.full_text());
        machine.assert_nothing_left();
    }
}
