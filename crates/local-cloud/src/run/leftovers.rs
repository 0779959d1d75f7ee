//! Processes of an earlier server on the same data directory that was killed.
//!
//! Their watcher (see `child`) ends them within seconds; a server that starts meanwhile needs their ports at once.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// Variable that marks every process of a Deployment, workers included; its value is the data directory.
pub(crate) const MARK: &str = "LOCAL_CLOUD_DATA";

/// Kills what an earlier server left behind. The caller holds the lock of the data directory, so no other server's
/// processes are hit. Linux only: elsewhere `/proc` is missing and the watcher has to do.
pub(crate) fn end_leftovers(data_dir: &Path) {
    let mark = format!("{MARK}={}", data_dir.display());
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for entry in processes.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        if u32::try_from(id).is_ok_and(|id| id == std::process::id()) {
            continue;
        }
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if !environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            continue;
        }
        tracing::info!("ending process {id}, left by an earlier local-cloud");
        if let Some(pid) = Pid::from_raw(id) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
