//! Credential helpers: programs that keep what `docker login` was told, or get it from a cloud.
//!
//! They are run by `actions_core::process` and not by a crate, because they must end: at the deadline, and when the job is
//! cancelled. They get the filtered environment of every child.
//!
//! Source: the protocol of docker-credential-helpers.

use std::time::Duration;

use actions_core::action::Cancel;
use actions_core::process::{Command, describe};
use actions_core::{Cause, Env, Error, Result};
use serde_json::Value;

use crate::auth::{Credentials, masked};

/// How long a credential helper may take: it may ask a cloud.
const PATIENCE: Duration = Duration::from_secs(30);
/// The user name with which a helper says that what follows is an identity token.
const TOKEN: &str = "<token>";

/// Asks a credential helper.
///
/// # Errors
/// It fails or hangs, or the job is cancelled.
pub(crate) async fn ask(helper: &str, key: &str, env: &Env, cancel: &Cancel) -> Result<Credentials> {
    let program = format!("docker-credential-{helper}");
    let failed = |why: String| {
        Error::new(Cause::Access, format!("{program} gave no credentials for {key}: {why}"))
            .hint("Docker's config.json names this helper. Set username and password, or log in before this step.")
    };
    let asking = Command::new(&program).arg("get").inherit(env).stdin(key).deadline(PATIENCE);
    let (status, text) = match asking.capture(cancel).await {
        Ok(answer) => (answer.status, answer.stdout),
        Err(error) if error.cause() == Cause::Cancelled => return Err(error),
        Err(error) => return Err(failed(error.to_string())),
    };
    if !status.success() {
        // Its output may hold anything, a secret too: only what every helper says of an unknown registry is looked for.
        let unknown = text.contains("credentials not found");
        return if unknown { Ok(Credentials::None) } else { Err(failed(describe(status))) };
    }
    let answer: Value = serde_json::from_str(&text).map_err(|_| failed("what it wrote is not valid JSON".into()))?;
    let field = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    match (field("Username"), field("Secret")) {
        (_, "") => Ok(Credentials::None),
        (TOKEN, token) => Ok(Credentials::Identity(masked(token))),
        (user, password) => Ok(Credentials::Basic(user.to_owned(), masked(password))),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;

    use super::*;
    use crate::docker::DockerConfig;

    fn with_helper(script: &str) -> (tempfile::TempDir, Env) {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let helper = folder.path().join("docker-credential-lab");
        fs::write(&helper, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("config.json"), r#"{"credsStore": "lab"}"#).unwrap();
        let folder_text = folder.path().to_str().unwrap();
        let path = format!("{folder_text}:{}", std::env::var("PATH").unwrap());
        let env = [("PATH", path.as_str()), ("DOCKER_CONFIG", folder_text)].into_iter().collect();
        (folder, env)
    }

    #[tokio::test]
    async fn helpers_answer_know_nothing_or_fail() {
        let ask = async |script: &str| {
            let (_folder, env) = with_helper(script);
            DockerConfig::of(&env).unwrap().credentials("r.x", &env, &Cancel::default()).await
        };
        let found = ask(r#"read key; echo "{\"Username\": \"$key\", \"Secret\": \"x-secret\"}""#).await.unwrap();
        assert!(matches!(found, Credentials::Basic(user, _) if user == "r.x"));
        let token = ask(r#"echo '{"Username": "<token>", "Secret": "x-token"}'"#).await.unwrap();
        assert!(matches!(token, Credentials::Identity(_)));
        let unknown = ask("echo 'credentials not found in native keychain'; exit 1").await.unwrap();
        assert!(matches!(unknown, Credentials::None));
        let failed = ask("echo s3cret-of-helper; exit 7").await.unwrap_err();
        assert_eq!(failed.cause(), Cause::Access);
        assert!(failed.full_text().contains("exit code 7") && !failed.full_text().contains("s3cret"), "{failed}");
        assert_eq!(ask("exec nothing-of-this-name").await.unwrap_err().cause(), Cause::Access);
        let script = r#"printf '{"Username": "%s", "Secret": "x"}' "$TOKEN $ACTIONS_RUNTIME_TOKEN $INPUT_PASSWORD""#;
        let (_folder, mut env) = with_helper(script);
        for name in ["TOKEN", "ACTIONS_RUNTIME_TOKEN", "INPUT_PASSWORD"] {
            env.set(name, "given");
        }
        let seen = DockerConfig::of(&env).unwrap().credentials("r.x", &env, &Cancel::default()).await.unwrap();
        assert!(
            matches!(&seen, Credentials::Basic(user, _) if user == "given  "),
            "no token of the runner's: {seen:?}"
        );
    }

    #[tokio::test]
    async fn a_helper_that_hangs_ends_with_the_job_and_all_that_it_started() {
        let (folder, env) = with_helper("sleep 4712 & echo $! >\"$DOCKER_CONFIG/pid\"; wait");
        let cancel = Cancel::default();
        let docker = DockerConfig::of(&env).unwrap();
        let file = folder.path().join("pid");
        let (ended, pid) = tokio::join!(docker.credentials("r.x", &env, &cancel), async {
            let pid = loop {
                match fs::read_to_string(&file) {
                    Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            };
            cancel.cancel();
            pid
        });
        assert_eq!(ended.unwrap_err().cause(), Cause::Cancelled);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let runs = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap().stdout;
        let runs = String::from_utf8_lossy(&runs);
        assert!(runs.trim().is_empty() || runs.trim().starts_with('Z'), "{runs}");
    }
}
