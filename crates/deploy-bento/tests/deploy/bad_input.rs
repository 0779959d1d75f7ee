//! Wrong inputs, endpoints, tokens, stores and projects: one error that says what is wrong and what to do, and nothing
//! half-done.

use local_cloud::Flavor;

use crate::bento::{BENTO, fixture};
use crate::cloud::{Cloud, Serving, TOKEN};
use crate::front::{Front, Way};
use crate::job::{Run, failed};

/// Deploys a Bento of the cloud, unless an input is wrong.
fn good(endpoint: &str) -> Run {
    Run::at(endpoint)
        .with("build", "false")
        .with("bento_tag", BENTO)
        .with("action", "create")
        .with("deployment_config", "")
        .with("wait", "false")
}

/// A token may stand in any of them by mistake; [`Run::go`] fails when it shows.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_input_is_named() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    let with_token = |text: &str| text.replace("TOKEN", TOKEN);
    for (input, value, code, named) in [
        ("cloud_api_token", "", 2, &["Input required and not supplied: cloud-api-token", "`with:`"][..]),
        ("cloud_endpoint", "", 2, &["Input required and not supplied: cloud-endpoint", "`with:`"]),
        ("wait", "maybe", 2, &["input wait: \"maybe\" is not a boolean", "true"]),
        ("build", "TOKEN", 2, &["input build: \"***\" is not a boolean"]),
        ("wait_timeout", "soon", 2, &["input wait-timeout: \"soon\" is not a duration"]),
        ("action", "updaet", 2, &["input action: \"updaet\" is unknown", "did you mean update?", "terminate"]),
        ("action", "TOKEN", 2, &["input action: \"***\" is unknown"]),
        ("action", "update", 2, &["Input required and not supplied: deployment-name", "action: update", "`name:`"]),
        ("action", "terminate", 2, &["Input required and not supplied: deployment-name", "action: terminate"]),
        ("deployment-labels", "team", 2, &["input deployment-labels: the line \"team\" has no `=`"]),
        ("bento_tag", "a:b:c", 2, &["input bento-tag: \"a:b:c\" is not a valid tag", "name:version"]),
        ("bento_tag", "", 2, &["Input required and not supplied: bento-tag", "`build: true`"]),
        ("bento_tag", "nope:v1", 4, &["the Bento nope:v1 is neither in the local store", "push it first"]),
        ("bento_tag", "TOKEN:v1", 4, &["the Bento ***:v1 is neither in the local store"]),
        ("bento_tag", "nope", 4, &["the Bento nope is neither in the local store"]),
        ("deployment_config", "TOKEN.yaml", 2, &["deployment-config ***.yaml does not exist"]),
        ("cloud_endpoint", "cloud", 2, &["cloud endpoint \"cloud\" is not a valid address", "https://"]),
        ("cloud_endpoint", "ftp://a.b/TOKEN", 2, &["cloud endpoint \"ftp://a.b/***\" is not an http or https address"]),
        ("cloud_endpoint", "http://u:TOKEN@127.0.0.1", 2, &["cloud endpoint holds credentials"]),
        ("cloud_endpoint", "http://[TOKEN", 2, &["cloud endpoint", "is not a valid address"]),
        ("cloud_api_token", "two\nlines", 2, &["cloud API token", "characters that no token has"]),
        ("cloud_api_token", "wrong-one", 3, &["does not accept the API token (401", "API Tokens in the console"]),
        ("deployment_name", "Not_A_Name", 1, &["refused POST /api/v2/deployments (400", "DNS-1035"]),
    ] {
        let result = good(&cloud.endpoint()).with(input, &with_token(value)).go().await;
        failed(&result, code, named);
        assert!(!result.outputs.contains_key("deployment_name"), "{:?}", result.outputs);
    }
    let refused = cloud.changes();
    assert_eq!(refused, ["POST /api/v2/deployments"], "the name that the cloud refused");
    // The setup action's words name the input once.
    for (input, value) in [("bentoml_version", "newest"), ("python_version", "three")] {
        let run = good(&cloud.endpoint()).with("build", "true").with("bento_tag", "").with("context", ".");
        let result = run.with(input, value).go().await;
        let error = failed(&result, 2, &[&format!("input {}: \"{value}\"", input.replace('_', "-"))]);
        assert_eq!(error.message.matches("input ").count(), 1, "{}", error.message);
    }
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_line_breaks_stays_one_error() {
    let cloud = Cloud::empty(Serving::Never).await;
    let run = good(&cloud.endpoint())
        .with("action", "update")
        .with("deployment_name", "a\n::error::b\r\n::set-env name=c::d");
    let result = run.go().await;
    failed(&result, 4, &["there is no Deployment"]);
    assert!(result.env.is_empty());
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_no_bentocloud() {
    // Nobody listens where somebody just did.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refuses = good(&format!("http://{free}/{TOKEN}"));
    let cloud = Cloud::empty(Serving::Never).await;
    let page = Front::of(&cloud, |_| Way::Answer("200 OK", "text/html", "<!doctype html><p>Sign in")).await;
    let error = Front::of(&cloud, |_| Way::Answer("404 Not Found", "text/html", "<html>no such page</html>")).await;
    let other = Front::of(&cloud, |_| Way::Answer("404 Not Found", "text/plain", "404 page not found")).await;
    let text = Front::of(&cloud, |_| Way::Answer("200 OK", "application/json", "not JSON")).await;
    let forbids =
        Front::of(&cloud, |_| Way::Answer("403 Forbidden", "application/json", r#"{"error":"go away"}"#)).await;
    let [page, error, other, text, forbids] = [page, error, other, text, forbids].map(|front| good(&front.endpoint));
    let (refuses, page, error, other, text, forbids) =
        tokio::join!(refuses.go(), page.go(), error.go(), other.go(), text.go(), forbids.go());
    failed(&refuses, 5, &[&format!("cannot reach http://{free}/***"), "Connection refused", "Check the endpoint"]);
    failed(
        &page,
        5,
        &["is not a BentoCloud API: it answers 200 with a web page", "the console's address without a path"],
    );
    failed(&error, 5, &["is not a BentoCloud API: it answers 404 with a web page"]);
    failed(&other, 5, &["is not a BentoCloud API: it does not know /api/v1/auth/current"]);
    failed(&text, 5, &["is not a BentoCloud API: its answer cannot be read"]);
    failed(&forbids, 3, &["does not accept the API token (403: go away)"]);
    let yatai = Cloud::configured(|config| config.flavor = Flavor::Yatai).await;
    let result = good(&yatai.endpoint()).with("cloud_api_token", "wrong-one").go().await;
    failed(&result, 3, &["does not accept the API token (403", "API Tokens in the console"]);
    yatai.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bento_or_store_that_is_broken() {
    let cloud = Cloud::empty(Serving::Never).await;
    let run = good(&cloud.endpoint()).with("bento_tag", "greeter:v9").with("action", "skip");
    let folder = run.home().join("bentos/greeter/v9");
    std::fs::create_dir_all(&folder).unwrap();
    let folder_text = folder.display().to_string();
    let result = run.go().await;
    failed(&result, 2, &[&folder_text, "bento.yaml"]);
    std::fs::write(folder.join("bento.yaml"), "name: [").unwrap();
    failed(&run.go().await, 2, &["bento.yaml", "YAML"]);

    // A file where the store should be: permissions do not stop every user.
    let run = Run::on(&cloud).project(&fixture("greeter")).with("action", "skip");
    std::fs::write(run.home(), "").unwrap();
    let result = run.go().await;
    let home = run.home().display().to_string();
    assert_eq!((result.succeeded(), result.errors().len()), (false, 1), "{}", result.log_text());
    assert!(result.errors()[0].contains(&home), "{:?}", result.errors());
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_does_not_build_is_not_deployed() {
    let cloud = Cloud::empty(Serving::Never).await;
    let run = Run::on(&cloud).with("action", "create").with("deployment_config", "").with("deployment_name", "greet");
    failed(&run.go().await, 6, &["service.py"]);
    let run = run.project(&fixture("greeter")).file("service.py", "import bentoml\n\nraise ValueError('broken')\n");
    let result = run.go().await;
    let error = failed(&result, 6, &["broken"]);
    assert_eq!((error.file.as_deref(), error.line), (Some("service.py"), Some(3)));
    assert_eq!(cloud.changes(), [""; 0]);
    assert!(!run.home().join("bentos/greeter").exists() && cloud.deployment("greet").await.is_null());
    cloud.stop().await;
}
