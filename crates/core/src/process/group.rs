//! A child and everything it starts: a process group, which ends as a whole.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

/// How long a child may take to end after an interrupt.
const GRACE: Duration = Duration::from_secs(3);

/// A running child. Dropped before [`Self::release`], it is killed with its group.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    /// The leader's id names the group also after the leader's end.
    id: Option<u32>,
}

impl Group {
    pub(super) fn new(child: Child) -> Self {
        Self { id: child.id(), child }
    }

    /// Standard input, output and error, once.
    pub(super) fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for the child itself.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// The child ended by itself: what it left running on purpose goes on.
    pub(super) fn release(mut self) {
        self.id = None;
    }

    /// Interrupts the group, and kills what is left of it when the child ended or [`GRACE`] is over.
    pub(super) async fn stop(mut self) {
        self.signal(Signal::Interrupt);
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        self.signal(Signal::Kill);
        self.id = None;
        let _ = self.child.wait().await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::Kill);
    }
}

enum Signal {
    Interrupt,
    Kill,
}

#[cfg(unix)]
impl Group {
    fn signal(&mut self, signal: Signal) {
        use rustix::process::{Pid, Signal as Unix, kill_process_group};
        let Some(group) = self.id.and_then(|id| Pid::from_raw(id.cast_signed())) else { return };
        // The group may be gone already; then there is nothing to stop.
        let _ = kill_process_group(
            group,
            match signal {
                Signal::Interrupt => Unix::INT,
                Signal::Kill => Unix::KILL,
            },
        );
    }
}

#[cfg(not(unix))]
impl Group {
    fn signal(&mut self, _: Signal) {
        if self.id.is_some() {
            let _ = self.child.start_kill();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, Instant};

    use crate::action::Cancel;
    use crate::process::Command;

    /// Is there a process with this in its command line?
    fn runs(mark: &str) -> bool {
        let listed = std::process::Command::new("ps").args(["-eo", "args"]).output().expect("ps runs");
        String::from_utf8_lossy(&listed.stdout).lines().any(|line| line.contains(mark) && !line.contains("ps -eo"))
    }

    #[tokio::test]
    async fn cancelling_ends_what_the_child_started_too() {
        let cancel = Cancel::default();
        let script = "sh -c 'trap \"\" INT; sleep 4711.1' & wait";
        let command = Command::new("sh").args(["-c", script]);
        let (ended, ()) = tokio::join!(command.stream(&cancel), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(runs("sleep 4711.1"));
            cancel.cancel();
        });
        assert!(ended.is_err());
        assert!(!runs("sleep 4711.1"));
    }

    #[tokio::test]
    async fn a_deadline_ends_the_child_and_a_chatty_grandchild_does_not_hold_its_parent_s_result() {
        let slow = Command::new("sh").args(["-c", "sleep 4711.2"]).deadline(Duration::from_millis(200));
        let error = slow.output(&Cancel::default()).await.unwrap_err();
        assert!(error.to_string().contains("did not end within"), "{error}");
        let chatty = Command::new("sh").args([
            "-c",
            "(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo $i; sleep 0.1; done) & echo done; exit 3",
        ]);
        let started = Instant::now();
        let ended = chatty.stream(&Cancel::default()).await.unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}
