//! Deployments as processes: one supervising task for each.

mod child;
mod environment;
mod home;
mod leftovers;
mod port;

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::objects::Objects;
use crate::records::{Deployment, now};
use crate::state::State;

pub(crate) use leftovers::end_leftovers;
pub(crate) use port::free_port;

/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);
/// The same when the whole server stops, which promises to be gone within 5 s.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// Starts and stops the processes of Deployments. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Supervisor(Arc<Inner>);

struct Inner {
    state: Arc<State>,
    objects: Objects,
    settings: Settings,
    shutting_down: AtomicBool,
    runs: Mutex<HashMap<String, Run>>,
}

/// How processes are run.
pub(crate) struct Settings {
    /// Interpreter that has bentoml.
    pub python: PathBuf,
    /// Time to become ready.
    pub timeout: Duration,
    /// The data directory, absolute.
    pub data_dir: PathBuf,
}

/// The task that watches over one Deployment.
struct Run {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Run {
    async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!("a supervising task ended badly: {error}");
        }
    }
}

impl Supervisor {
    pub(crate) fn new(state: Arc<State>, objects: Objects, settings: Settings) -> Self {
        let (runs, shutting_down) = (Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Inner { state, objects, settings, shutting_down, runs }))
    }

    /// Starts the latest revision, once what runs so far has stopped. The caller has set the status.
    pub(crate) fn start(&self, name: &str) {
        self.follow(name, |inner, name, stop| async move { run(&inner, &name, &stop).await });
    }

    /// Stops the process, then sets the status `terminated`.
    pub(crate) fn terminate(&self, name: &str) {
        self.follow(name, |inner, name, stop| async move {
            inner.set(&name, &stop, |record| record.status = "terminated".to_owned());
            tracing::info!("deployment {name} is terminated");
        });
    }

    /// Stops the process and waits until it is gone.
    pub(crate) async fn stop(&self, name: &str) {
        let run = self.runs().remove(name);
        if let Some(run) = run {
            run.end().await;
        }
    }

    /// Stops all processes; nothing is started any more. The records keep what should run.
    pub(crate) async fn stop_all(&self) {
        self.0.shutting_down.store(true, Ordering::SeqCst);
        let runs: Vec<Run> = self.runs().drain().map(|(_, run)| run).collect();
        for run in &runs {
            run.stop.cancel();
        }
        for run in runs {
            run.end().await;
        }
    }

    /// Removes the files of a Deployment that is no more.
    pub(crate) fn forget(&self, name: &str) {
        let directory = self.0.directory(name);
        if let Err(error) = std::fs::remove_dir_all(&directory)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("cannot remove {}: {error}", directory.display());
        }
    }

    /// Where a Deployment's process writes.
    pub(crate) fn log_path(&self, name: &str) -> PathBuf {
        self.0.log_path(name)
    }

    /// Puts a task in the place of the one that watches now. The old one is told to stop at once, so that it does
    /// not touch the record any more, and the new one waits for its end.
    fn follow<F>(&self, name: &str, next: impl FnOnce(Arc<Inner>, String, CancellationToken) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send,
    {
        if self.0.shutting_down.load(Ordering::SeqCst) {
            return;
        }
        let mut runs = self.runs();
        let before = runs.remove(name);
        if let Some(before) = &before {
            before.stop.cancel();
        }
        let stop = CancellationToken::new();
        let (inner, owned, token) = (self.0.clone(), name.to_owned(), stop.clone());
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                before.end().await;
            }
            next(inner, owned, token).await;
        });
        runs.insert(name.to_owned(), Run { stop, task });
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, HashMap<String, Run>> {
        self.0.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn directory(&self, name: &str) -> PathBuf {
        self.settings.data_dir.join("deployments").join(name)
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.directory(name).join("serve.log")
    }

    fn grace(&self) -> Duration {
        if self.shutting_down.load(Ordering::SeqCst) { SHUTDOWN_GRACE } else { GRACE }
    }

    /// Changes the record, unless another task has taken over.
    fn set(&self, name: &str, stop: &CancellationToken, change: impl FnOnce(&mut Deployment)) {
        self.state.update_deployment(name, |record| {
            if !stop.is_cancelled() {
                change(record);
                record.updated_at = now();
            }
        });
    }
}

/// One life of a Deployment, from unpacking to the end of its process.
async fn run(inner: &Inner, name: &str, stop: &CancellationToken) {
    let outcome = prepare_and_serve(inner, name, stop).await;
    if let Err(reason) = outcome {
        let tail = log_tail(&inner.log_path(name));
        tracing::error!("deployment {name} failed: {reason}{tail}");
        inner.set(name, stop, |record| {
            record.status = "failed".to_owned();
            record.reason = Some(reason);
        });
    }
}

async fn prepare_and_serve(inner: &Inner, name: &str, stop: &CancellationToken) -> Result<(), String> {
    let directory = inner.directory(name);
    let plan = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(()),
        plan = home::prepare(inner, name, &directory) => plan?,
    };
    let port = port::keep_or_replace(inner, name, stop).await?;
    let mut child = child::Child::spawn(&inner.settings, &directory, &plan, port)?;
    let served = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        served = serve(inner, name, stop, &mut child, port) => served,
    };
    child.end(inner.grace()).await;
    served
}

/// Waits until the process is ready, then until it ends, which it should not.
async fn serve(
    inner: &Inner,
    name: &str,
    stop: &CancellationToken,
    child: &mut child::Child,
    port: u16,
) -> Result<(), String> {
    let timeout = inner.settings.timeout;
    tokio::select! {
        status = child.wait() => return Err(format!("its process ended before it was ready ({status})")),
        () = child::until_ready(port) => {}
        () = tokio::time::sleep(timeout) => {
            return Err(format!("not ready within {} s", timeout.as_secs()));
        }
    }
    tracing::info!("deployment {name} is running at http://127.0.0.1:{port}");
    inner.set(name, stop, |record| {
        record.status = "running".to_owned();
        record.reason = None;
    });
    let status = child.wait().await;
    Err(format!("its process ended ({status})"))
}

/// The last lines of the log, to be shown below the reason.
fn log_tail(path: &Path) -> String {
    const LINES: usize = 20;
    const BYTES: u64 = 16 * 1024;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let from = file.metadata()?.len().saturating_sub(BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut end = Vec::new();
        // It may grow meanwhile.
        file.take(BYTES).read_to_end(&mut end)?;
        Ok(end)
    };
    let Ok(log) = read() else { return String::new() };
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    format!("; the last lines of {}:\n  {}", path.display(), last.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_log_of_any_length_the_last_lines_are_shown() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let log = folder.path().join("serve.log");
        std::fs::write(&log, format!("{}\nlast but one\nlast\n", "x".repeat(1024 * 1024))).expect("a log");
        let tail = log_tail(&log);
        assert!(tail.ends_with("last but one\n  last") && tail.len() < 20_000, "{} bytes", tail.len());
        assert_eq!(log_tail(&folder.path().join("none")), "");
    }
}
