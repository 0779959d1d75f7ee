//! A local-cloud process for the time of a benchmark or of the demo.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{command, tools};

const TOKEN: &str = "local-cloud-token";
const START_DEADLINE: Duration = Duration::from_secs(30);
#[cfg(unix)]
const STOP_DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A running local cloud; it ends when dropped, with the Deployments it serves.
pub(crate) struct Cloud {
    child: Child,
    endpoint: String,
}

impl Cloud {
    /// Starts the one among `binaries` on a free port, with everything kept in `folder`.
    pub(crate) fn start(folder: &Path, binaries: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
        let (ready, log) = (folder.join("ready.json"), folder.join("local-cloud.log"));
        let program = binaries.join(format!("local-cloud{}", std::env::consts::EXE_SUFFIX));
        let output = File::create(&log).with_context(|| format!("could not create {}", log.display()))?;
        let child = command::clean(&program)
            .args(["serve", "--port", "0", "--token", TOKEN, "--data"])
            .arg(folder.join("data"))
            .arg("--python")
            .arg(tools::venv().join("bin/python"))
            .arg("--ready-file")
            .arg(&ready)
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("could not start {}", program.display()))?;
        let mut cloud = Self { child, endpoint: String::new() };
        cloud.endpoint = cloud.wait_until_ready(&ready, &log)?;
        Ok(cloud)
    }

    fn wait_until_ready(&mut self, ready: &PathBuf, log: &Path) -> Result<String> {
        let start = Instant::now();
        loop {
            if let Ok(text) = std::fs::read(ready) {
                let facts: serde_json::Value = serde_json::from_slice(&text).context("local-cloud's ready file")?;
                let endpoint = facts["endpoint"].as_str().context("local-cloud's ready file names no endpoint")?;
                return Ok(endpoint.to_owned());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || start.elapsed() > START_DEADLINE {
                let printed = std::fs::read_to_string(log).unwrap_or_default();
                bail!("local-cloud did not start within {} s:\n{printed}", START_DEADLINE.as_secs());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Its URL.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The API token it accepts.
    pub(crate) fn token(&self) -> &'static str {
        TOKEN
    }

    /// Logs a BentoML CLI in, without a file.
    pub(crate) fn log_in(&self, command: &mut Command) {
        command.env("BENTO_CLOUD_API_KEY", TOKEN).env("BENTO_CLOUD_API_ENDPOINT", &self.endpoint);
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // Asked first, so that it ends the Deployments it serves.
        #[cfg(unix)]
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let start = Instant::now();
            while start.elapsed() < STOP_DEADLINE {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(POLL);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
