//! Cancellation while a service is imported.

use std::time::Duration;

use crate::project::{Project, SERVICE};

/// Ignores the interrupt, as a service stuck in native code does, and so does a child of its own.
const HANGS: &str = "\
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
open('pids', 'w').write(f'{os.getpid()} {child.pid}')
print('hangs now', flush=True)
time.sleep(600)
";

#[test]
fn a_service_that_hangs_is_ended_with_all_it_started() {
    let project = Project::service(&format!("{HANGS}{SERVICE}"));
    let result = project.build_and_cancel_at("hangs now");
    let since = std::fs::metadata(project.workspace().join("pids")).unwrap().modified().unwrap().elapsed().unwrap();
    assert!(since < Duration::from_secs(6), "it took {since:?} to end, 5 s are promised");
    assert_eq!((result.exit_code, result.killed), (Some(130), false), "{}", result.log_text());
    assert_eq!((project.stored("bentos/echo"), project.stored("tmp")), (Vec::new(), Vec::new()));
    let pids = std::fs::read_to_string(project.workspace().join("pids")).unwrap();
    for pid in pids.split(' ') {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "process {pid} is still there: {state}");
    }
}

#[test]
fn a_service_that_can_be_interrupted_ends_at_once() {
    let project = Project::service("import time\nprint('hangs now', flush=True)\ntime.sleep(600)\n");
    let result = project.build_and_cancel_at("hangs now");
    assert_eq!((result.exit_code, result.killed), (Some(130), false), "{}", result.log_text());
    assert_eq!(project.stored("tmp"), [""; 0]);
}
