//! Processes that outlive the one they belong to.
//!
//! `bentoml serve` puts its workers into process groups of their own, so a signal to the group does not reach all of
//! them. Every process of a Deployment carries two marks in its environment instead, which its children inherit.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Marks the processes of a server: the data directory. No option is read from it: a process that was merely told where
/// a server keeps its data is none of the server's.
pub(crate) const DATA_MARK: &str = "LOCAL_CLOUD_OWNER";
/// Marks the processes of one life of a Deployment: a random word.
pub(crate) const RUN_MARK: &str = "LOCAL_CLOUD_RUN";

/// How long to wait for the end of processes that were killed.
const WAIT: Duration = Duration::from_secs(2);
/// Between two looks at the processes.
const PAUSE: Duration = Duration::from_millis(10);

/// Kills what an earlier server on this data directory left behind when it was killed itself. (Their watchers, see
/// `child`, end them too, but only within seconds.) The caller holds the lock of the directory, so nobody else's
/// processes are hit.
pub(crate) fn end_leftovers(data_dir: &Path) {
    let count = end_marked(DATA_MARK, &data_dir.display().to_string());
    if count > 0 {
        tracing::info!("ended {count} processes that an earlier local-cloud had left");
    }
}

/// Kills all processes with a mark and waits until they are gone; answers how many there were. Linux only: elsewhere
/// there is no `/proc`, and the watchers have to do.
pub(crate) fn end_marked(name: &str, value: &str) -> usize {
    let mark = format!("{name}={value}");
    let mut ended = BTreeSet::new();
    let (start, mut looks_without) = (Instant::now(), 0);
    // While a process starts another program it has no environment for a moment: one look may miss it, two will not.
    while looks_without < 2 && start.elapsed() < WAIT {
        let found = marked(&mark);
        looks_without = if found.is_empty() { looks_without + 1 } else { 0 };
        for process in &found {
            // An error means that it is gone already.
            let _ = kill_process(*process, Signal::KILL);
        }
        ended.extend(found.into_iter().map(Pid::as_raw_pid));
        // A killed process loses its environment first, its sockets a moment later: see `port`.
        std::thread::sleep(PAUSE);
    }
    ended.len()
}

fn marked(mark: &str) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let is_marked = |path: &Path| {
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    processes
        .flatten()
        .filter_map(|entry| {
            let id: i32 = entry.file_name().to_str()?.parse().ok()?;
            let own = u32::try_from(id).is_ok_and(|id| id == std::process::id());
            if own || !is_marked(&entry.path()) { None } else { Pid::from_raw(id) }
        })
        .collect()
}
