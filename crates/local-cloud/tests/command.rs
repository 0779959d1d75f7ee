//! The binary: its options, its signals, and what is left when it is killed.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use common::{TOKEN, http, until};
use serde_json::{Value, json};

/// A running `local-cloud`, killed by its own id if the test ends early.
struct LocalCloud {
    child: Child,
    endpoint: String,
    log: std::path::PathBuf,
}

impl LocalCloud {
    /// Starts it and waits for the ready file.
    async fn start(directory: &Path, arguments: &[&str], token: Option<&str>) -> Self {
        let (ready, log) = (directory.join("ready.json"), directory.join("log"));
        let _ = fs::remove_file(&ready);
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-cloud"));
        command.args(["serve", "--port", "0", "--data"]).arg(directory.join("data"));
        command.arg("--ready-file").arg(&ready).arg("--python").arg(common::python()).args(arguments);
        command.env_remove("LOCAL_CLOUD_TOKEN").env_remove("LOCAL_CLOUD_LOG");
        if let Some(token) = token {
            command.env("LOCAL_CLOUD_TOKEN", token);
        }
        let child =
            command.stderr(fs::File::create(&log).expect("a log")).stdout(Stdio::null()).spawn().expect("starts");
        let ready: Value = until("the ready file", async || serde_json::from_slice(&fs::read(&ready).ok()?).ok()).await;
        assert_eq!(ready["pid"], child.id());
        let endpoint = ready["endpoint"].as_str().expect("an endpoint").to_owned();
        assert!(ready["s3_endpoint"].as_str().is_some_and(|endpoint| endpoint.starts_with("http://127.0.0.1:")));
        Self { child, endpoint, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }

    /// Sends a signal and waits for the end.
    fn end(mut self, signal: &str) -> (ExitStatus, Duration) {
        let started = Instant::now();
        let sent = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(sent.success());
        let status = self.child.wait().expect("an end");
        (status, started.elapsed())
    }

    async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let request = http().get(format!("{}{path}", self.endpoint)).header("X-YATAI-API-TOKEN", token);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_once_and_shown() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let first = LocalCloud::start(directory.path(), &[], None).await;
    let log = until("the log-in line", async || first.log().contains("--api-token").then(|| first.log())).await;
    let token =
        log.split("--api-token ").nth(1).and_then(|rest| rest.lines().next()).expect("a token").trim().to_owned();
    assert_eq!(first.get("/api/v1/current_org", &token).await.0, 200);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let kept = fs::metadata(directory.path().join("data/credentials.json")).expect("a file");
        assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    }
    let (status, took) = first.end("-INT");
    assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}");
    assert!(!directory.path().join("ready.json").exists(), "the ready file goes with the server");

    let second = LocalCloud::start(directory.path(), &[], None).await;
    assert_eq!(second.get("/api/v1/current_org", &token).await.0, 200, "the token is kept");
    assert!(second.end("-TERM").0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_the_environment_is_never_shown() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = LocalCloud::start(directory.path(), &[], Some("quite-secret")).await;
    assert_eq!(server.get("/api/v1/current_org", "quite-secret").await.0, 200);
    let log = until("the log-in line", async || server.log().contains("cloud login").then(|| server.log())).await;
    assert!(!log.contains("quite-secret"), "{log}");
    for (path, content) in common::tree(&directory.path().join("data")) {
        assert!(!String::from_utf8_lossy(&content).contains("quite-secret"), "written to {}", path.display());
    }
    assert!(server.end("-TERM").0.success());
}

#[test]
fn other_addresses_are_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-cloud"));
    let output = command
        .args(["serve", "--host", "0.0.0.0", "--port", "0", "--data"])
        .arg(directory.path().join("data"))
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_when_it_is_killed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = LocalCloud::start(directory.path(), &["--token", TOKEN], None).await;
    let store = common::Store::with_greeter();
    store.ok(&["cloud", "login", "--endpoint", &server.endpoint, "--api-token", TOKEN]).await;
    store.ok(&["deployment", "create", common::tag(), "--name", "greet", "--no-wait"]).await;
    let (_, deployment) = server.get("/api/v2/deployments/greet", TOKEN).await;
    let url = deployment["urls"][0].as_str().expect("a URL").to_owned();
    let answer = async || http().post(format!("{url}/greet")).json(&json!({"name": "Ada"})).send().await.ok();
    until("the first inference", answer).await;
    let data = directory.path().join("data").canonicalize().expect("a directory");
    assert!(marked(&data) > 0);

    let _ = server.end("-KILL");
    until("the processes to be gone", async || (marked(&data) == 0).then_some(())).await;
    assert!(answer().await.is_none());

    // Killed and started again at once: the old processes are out of the way, the URL is the same.
    let server = LocalCloud::start(directory.path(), &["--token", TOKEN], None).await;
    until("the first inference", answer).await;
    let _ = server.end("-KILL");
    let server = LocalCloud::start(directory.path(), &["--token", TOKEN], None).await;
    until("the Deployment", async || {
        let (_, deployment) = server.get("/api/v2/deployments/greet", TOKEN).await;
        (deployment["status"] == "running").then_some(())
    })
    .await;
    assert!(answer().await.is_some());
    let (status, took) = server.end("-TERM");
    assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}");
    assert_eq!(marked(&data), 0);
}

/// Processes that belong to this data directory.
fn marked(data: &Path) -> usize {
    let mark = format!("LOCAL_CLOUD_OWNER={}", data.display());
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let environments = processes.filter_map(|process| fs::read(process.path().join("environ")).ok());
    environments.filter(|variables| variables.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())).count()
}
