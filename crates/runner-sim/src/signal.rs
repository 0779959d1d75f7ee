//! Signals to the processes of a step.
//!
//! Rules: actions/runner, `ProcessInvoker.cs` (SIGINT and SIGTERM go to the entry process only) and `JobExtension.cs`
//! (orphans are found by `RUNNER_TRACKING_ID` at the end of a job).

use std::time::{Duration, Instant};

/// How long processes that were killed may take to go.
const KILL_LIMIT: Duration = Duration::from_secs(2);
/// Between two looks at the processes.
const PAUSE: Duration = Duration::from_millis(5);

/// What the runner sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

/// Sends a signal; a process that is gone already is not an error.
#[cfg(unix)]
pub(crate) fn send(pid: u32, signal: Signal) {
    use rustix::process::{Pid, Signal as Unix, kill_process};
    let signal = match signal {
        Signal::Interrupt => Unix::INT,
        Signal::Terminate => Unix::TERM,
        Signal::Kill => Unix::KILL,
    };
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _gone = kill_process(pid, signal);
    }
}

/// Windows has no signals: Ctrl-C and Ctrl-Break are not imitated, killing is left to the caller's child handle.
#[cfg(not(unix))]
pub(crate) fn send(_pid: u32, _signal: Signal) {}

/// Kills a process and all its descendants that can still be found.
pub(crate) fn kill_tree(pid: u32) {
    // Children first would let a parent start new ones; parents first loses the track. So: look, then kill.
    for pid in descendants(pid) {
        send(pid, Signal::Kill);
    }
    send(pid, Signal::Kill);
}

/// Kills every process that carries `NAME=value` in its environment (Linux only).
pub(crate) fn kill_marked(name: &str, value: &str) {
    let mark = format!("{name}={value}");
    let (start, mut looks_without) = (Instant::now(), 0);
    // A process that starts another program has no environment for a moment, and may start one behind our back: one look
    // may miss it, two will not.
    while looks_without < 2 && start.elapsed() < KILL_LIMIT {
        let mut found = false;
        for pid in processes() {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
                found = true;
                send(pid, Signal::Kill);
            }
        }
        looks_without = if found { 0 } else { looks_without + 1 };
        std::thread::sleep(PAUSE);
    }
}

fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = processes().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
        next += 1;
    }
    found.split_off(1)
}

/// All process ids; none where there is no `/proc`.
fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `PID (NAME) STATE PARENT …`, and the name may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
