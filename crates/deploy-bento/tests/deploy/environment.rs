//! The Python that a Bento is built with.

use crate::bento::{fixture, venv};
use crate::cloud::{Cloud, Serving};
use crate::job::{Run, failed};

#[tokio::test(flavor = "multi_thread")]
async fn a_python_that_the_machine_lacks_is_asked_of_uv_unless_that_is_forbidden() {
    let cloud = Cloud::empty(Serving::Never).await;
    let tools = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(venv().join("bin/uv"), tools.path().join("uv")).unwrap();
    let run = |downloads: &str| {
        Run::on(&cloud)
            .project(&fixture("greeter"))
            .with("action", "create")
            .with("deployment_config", "")
            // Known to uv, and rarely on a machine any more.
            .with("python_version", "3.14.0")
            .env("PATH", &format!("{}:/usr/bin:/bin", tools.path().display()))
            .env("UV_OFFLINE", "1")
            .env("UV_PYTHON_DOWNLOADS", downloads)
    };
    let result = run("automatic").go().await;
    failed(&result, 1, &["no Python fits", "failed to install Python 3.14.0"]);
    assert!(result.log_text().contains(": uv installs one"), "{}", result.log_text());
    let result = run("never").go().await;
    failed(&result, 4, &["no Python fits"]);
    assert_eq!(cloud.changes(), [""; 0]);
    cloud.stop().await;
}
