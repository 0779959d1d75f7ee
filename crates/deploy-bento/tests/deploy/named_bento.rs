//! The `bento` of a deployment configuration: a tag, or a project.

use runner_sim::Level;

use crate::bento::{fixture, venv};
use crate::cloud::{Cloud, Serving};
use crate::config_file::{only, place, with_config};
use crate::job::{failed, succeeded};

/// What names something that is not there, or that has no effect, is no reason to take something else.
#[tokio::test(flavor = "multi_thread")]
async fn a_bento_that_the_file_names_and_that_is_not_there_is_refused() {
    let cloud = Cloud::with_bentos(Serving::Never).await;
    cloud.create("greet").await;
    // (the file's `bento`, build, action, what is said)
    let cases = [
        ("../services/greeter", "true", "names the folder ../services/greeter, which is not there"),
        ("./greter", "true", "which is not there"),
        ("~/greeter", "true", "which is not there"),
        ("${PROJECT}", "true", "which is not there"),
        ("../services/greeter", "false", "names the folder ../services/greeter, which is not there"),
        ("notes.txt", "true", "names notes.txt, which is not a folder"),
        ("a:b:c", "true", "names a:b:c, which is neither a folder nor a tag"),
        ("services/greeter", "false", "names the project services/greeter, and nothing is built"),
    ];
    for (bento, build, says) in cases {
        for action in ["update", "apply", "create", "skip"] {
            let run = with_config(&cloud, action, &format!("name: greet\nbento: {bento}\n"))
                .project(&fixture("greeter"))
                .file("services/greeter/bentofile.yaml", "service: service:Greeter\n")
                .file("notes.txt", "")
                .with("bento_tag", "")
                .with("build", build);
            let result = run.go().await;
            let error = failed(&result, 2, &["bento", says]);
            assert_eq!(place(error), (Some("ci/deployment.yaml"), Some(2)), "{error:?}");
            assert!(!run.home().exists(), "nothing is built");
        }
    }
    let beside = with_config(&cloud, "apply", "name: greet\nbento: ../services/greeter\n")
        .file("services/greeter/bentofile.yaml", "service: service:Greeter\n")
        .with("build", "true");
    failed(&beside.go().await, 2, &["is relative to the working directory: write `bento: services/greeter`"]);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_project_that_the_file_names_is_the_one_that_is_built() {
    let cloud = Cloud::empty(Serving::Never).await;
    let root = "import bentoml\n\n\n@bentoml.service\nclass Echo:\n    @bentoml.api\n    def say(self, text: str) -> str:\n        return text\n";
    let path = format!("{}:/usr/bin:/bin", venv().join("bin").display());
    let run = |bento: &str| {
        with_config(&cloud, "create", &format!("name: greet\nbento: {bento}\n"))
            .file("service.py", root)
            .file("services/greeter/service.py", include_str!("fixtures/greeter/service.py"))
            .file("services/greeter/bentofile.yaml", include_str!("fixtures/greeter/bentofile.yaml"))
            .with("bento_tag", "")
            .with("build", "true")
            .with("bento_version", "v7")
            .env("PATH", &path)
    };
    // A misspelt folder that could be a Bento's name: the name of what was built tells.
    let result = run("services_greeter").go().await;
    let error = failed(&result, 2, &["names the Bento services_greeter, and what was built from . is echo:v7"]);
    assert_eq!(place(error), (Some("ci/deployment.yaml"), Some(2)));
    assert_eq!(cloud.changes(), [""; 0], "nothing is pushed");
    succeeded(&run("services/greeter").go().await);
    assert_eq!(cloud.deployed()["bento"], "greeter:v7");
    // As `module:Service` of the working directory; the name of the Bento that is built here is nothing else either.
    let plan = async |bento: &str| {
        let result = run(bento).with("deployment_name", "echo").with("dry_run", "true").go().await;
        succeeded(&result);
        result
    };
    for (bento, built) in [("service:Echo", "service:Echo"), ("echo:latest", "."), ("echo", ".")] {
        let result = plan(bento).await;
        assert!(
            result.log_text().contains(&format!("Bento: built from {built}, then pushed")),
            "{}",
            result.log_text()
        );
        assert_eq!(result.annotations_of(Level::Warning).count(), 0, "{}", result.log_text());
    }
    // What has no effect is said.
    let result = plan("echo:v1").await;
    let warning = only(&result, Level::Warning);
    assert!(warning.message.contains("`bento: echo:v1` has no effect"), "{}", warning.message);
    assert_eq!(place(warning), (Some("ci/deployment.yaml"), Some(2)));
    cloud.stop().await;
}
