//! Inputs that name nothing, or have no effect.

use runner_sim::Level;

use crate::bento::{BENTO, fixture};
use crate::cloud::{Cloud, Serving};
use crate::job::{Run, failed, succeeded};

/// Nothing else is built in its place, and a dry run says so too.
#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_names_nothing_is_refused_before_anything_happens() {
    let cloud = Cloud::empty(Serving::Never).await;
    for context in ["services/greter", "./greeter", "nope.service", "greeter.py", "/nowhere"] {
        for dry in ["true", "false"] {
            let run = Run::on(&cloud)
                .project(&fixture("greeter"))
                .with("action", "create")
                .with("deployment_config", "")
                .with("context", context)
                .with("dry_run", dry);
            failed(&run.go().await, 2, &["input context: there is no folder", context.trim_start_matches("./")]);
            assert!(!run.home().exists(), "nothing is built");
        }
    }
    assert_eq!(cloud.requests().len(), 0, "nothing is asked either");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_without_effect_are_warnings_that_show_no_value() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("greet").await;
    let dry = || Run::on(&cloud).with("deployment_name", "greet").with("dry_run", "true").with("wait", "false");
    let warnings = async |run: Run| {
        let result = run.go().await;
        succeeded(&result);
        assert!(!result.log_text().contains("s3cret"), "{}", result.log_text());
        let warnings = result.annotations_of(Level::Warning).map(|warning| warning.message.clone());
        let idle = warnings.filter_map(|warning| {
            Some(warning.strip_prefix("the input ")?.split_once(" has no effect: ")?.0.to_owned())
        });
        idle.collect::<Vec<_>>()
    };
    let as_it_is = dry()
        .with("build", "false")
        .with("bento_tag", BENTO)
        .with("context", "https://user:s3cret@host/x.git")
        .with("bento_version", "v3")
        .with("bentoml_version", "1.4")
        .with("python_version", "3.12");
    assert_eq!(warnings(as_it_is).await, ["context", "bento-version", "bentoml-version"]);
    let built = dry().project(&fixture("greeter")).with("bento_tag", BENTO).with("bento_version", "v3");
    assert_eq!(warnings(built).await, ["bento-tag"]);
    for (action, idle) in [
        ("skip", &["deployment-labels"][..]),
        ("terminate", &["deployment-labels"]),
        ("delete", &["deployment-labels"]),
        ("update", &[]),
    ] {
        let run = dry().with("action", action).with("build", "false").with("bento_tag", BENTO);
        assert_eq!(warnings(run.with("deployment-labels", "team=ml")).await, idle, "{action}");
    }
    let plain = dry().with("build", "false").with("bento_tag", BENTO).with("context", ".");
    assert_eq!(warnings(plain).await, [""; 0]);
    cloud.stop().await;
}
