//! The `bentoml serve` process of a Deployment.

use std::fs::{self, File};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{ChildStdin, Command};

use super::{Settings, environment, home, leftovers};
use crate::records::new_uid;

/// Runs the command as leader of the process group, with a watcher beside it that reads from us: when this server is
/// gone, however it went, the pipe closes and the watcher ends the whole group. (`bentoml serve` starts workers of
/// its own, which the death signal of Linux would not reach.)
const SCRIPT: &str = r#"exec 3<&0 </dev/null
( trap '' TERM INT; read -r _ <&3; kill -TERM 0; sleep 3; kill -KILL 0 ) &
exec 3<&-
exec "$@""#;

/// A running server process and its group.
pub(crate) struct Child {
    process: tokio::process::Child,
    group: Option<Pid>,
    /// Found in the environment of all its descendants.
    mark: String,
    /// Our end of the watcher's pipe; `wait` would close it if it stayed in `process`.
    _watched: Option<ChildStdin>,
}

impl Child {
    /// Starts `python -m bentoml serve` on the Bento; output goes to `serve.log`.
    pub(crate) fn spawn(settings: &Settings, directory: &Path, plan: &home::Plan, port: u16) -> Result<Self, String> {
        let log_path = directory.join("serve.log");
        let (out, err) = File::create(&log_path)
            .and_then(|log| Ok((log.try_clone()?, log)))
            .map_err(|error| format!("cannot write {}: {error}", log_path.display()))?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "sh"]).arg(&settings.python).args(["-m", "bentoml", "serve"]).arg(&plan.bento);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--api-workers", "1"]);
        command.env_clear().envs(environment::inherited(&settings.python)).envs(plan.envs.iter().cloned());
        command.env("BENTOML_HOME", &plan.home).env("BENTOML_DO_NOT_TRACK", "True");
        let mark = new_uid();
        command.env(leftovers::DATA_MARK, &settings.data_dir).env(leftovers::RUN_MARK, &mark);
        command.current_dir(directory).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(out).stderr(err);
        let mut process = command.spawn().map_err(|error| format!("cannot start /bin/sh: {error}"))?;
        let group = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let _watched = process.stdin.take();
        Ok(Self { process, group, mark, _watched })
    }

    /// Waits for the end of the process, and says how it ended.
    pub(crate) async fn wait(&mut self) -> String {
        match self.process.wait().await {
            Ok(status) => describe(status),
            Err(error) => error.to_string(),
        }
    }

    /// Ends the group: politely, then, after `grace`, for sure.
    pub(crate) async fn end(mut self, grace: Duration) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.process.wait()).await.is_err() {
            tracing::warn!("a process did not end within {} s and is killed", grace.as_secs());
        }
        // Workers and the watcher may outlive their leader.
        self.signal(Signal::KILL);
        let _ = self.process.wait().await;
        let mark = self.mark.clone();
        let _ = tokio::task::spawn_blocking(move || leftovers::end_marked(leftovers::RUN_MARK, &mark)).await;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // An error means that there is nobody left in the group.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// Returns when GET `/readyz` answers 200.
pub(crate) async fn until_ready(port: u16) {
    loop {
        let asked = tokio::time::timeout(Duration::from_secs(5), is_ready(port)).await;
        if matches!(asked, Ok(Ok(true))) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One request on one line, to our own child: not worth an HTTP client.
async fn is_ready(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(64).read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200 "))
}

/// The directory of a Deployment, created when missing.
pub(crate) fn create_directory(directory: &Path) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(|error| format!("cannot create {}: {error}", directory.display()))
}
