//! Both clients.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use futures_util::StreamExt as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::cloud::Cloud;
use crate::{Case, Outcome};

fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn from_env(name: &str, default: &str) -> PathBuf {
    std::env::var_os(name).map_or_else(|| workspace_root().join(default), PathBuf::from)
}

/// What the real client does, all in one process.
pub(crate) async fn theirs(cloud: &Cloud, cases: &[Case]) -> Vec<Outcome> {
    let home = tempfile::tempdir().unwrap();
    let python = testkit::venv().join("bin/python");
    let tokens: Vec<_> = (0..cases.len()).map(|number| format!("theirs-{number}")).collect();
    let list = cases.iter().zip(&tokens);
    let list: Vec<_> =
        list.map(|(case, token)| json!({"token": token, "action": case.action, "file": case.file})).collect();
    let mut child = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests/client.py"))
        .current_dir(home.path())
        .env("BENTOML_HOME", home.path())
        .env("BENTOML_DO_NOT_TRACK", "True")
        .env("PYTHONUTF8", "1")
        .env("ENDPOINT", &cloud.endpoint)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = serde_json::to_vec(&list).unwrap();
    tokio::spawn(async move { stdin.write_all(&text).await });
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut refused: HashMap<String, String> = serde_json::from_slice(&output.stdout).unwrap();
    let outcome = |token: &String| {
        cloud.asked(token).unwrap_or_else(|| Outcome::Refused(refused.remove(token).unwrap_or_else(|| "?".into())))
    };
    tokens.iter().map(outcome).collect()
}

/// What the action does, a few at a time.
pub(crate) async fn ours(cloud: &Cloud, cases: &[Case]) -> Vec<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let binary = from_env("BENTO_ACTIONS_BIN", "target/debug").join("bento-actions");
    assert!(binary.is_file(), "no {}: run `cargo xtask test`", binary.display());
    let runs = cases.iter().enumerate().map(|(number, case)| {
        let (binary, folder) = (&binary, folder.path());
        async move {
            let token = format!("ours-{number}");
            let file = folder.join(format!("{number}.yaml"));
            std::fs::write(&file, &case.file).unwrap();
            let output = Command::new(binary)
                .args(["deploy-bento", "--build=false", "--wait=false", "--action", case.action])
                .arg("--deployment-config")
                .arg(&file)
                .args(["--cloud-endpoint", &cloud.endpoint])
                .env_clear()
                .env("BENTO_CLOUD_API_KEY", &token)
                .env("BENTOML_HOME", folder.join("home"))
                .env("PATH", "/nowhere")
                .current_dir(folder)
                .kill_on_drop(true)
                .output()
                .await
                .unwrap();
            cloud.asked(&token).unwrap_or_else(|| {
                let text =
                    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert!(!output.status.success(), "{case:?}: {text}");
                let error = text.lines().find(|line| line.starts_with("error"));
                Outcome::Refused(format!("{:?} {}", output.status.code(), error.unwrap_or(&text)))
            })
        }
    });
    futures_util::stream::iter(runs).buffered(4).collect().await
}
