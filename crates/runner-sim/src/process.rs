//! Runs the entry process of a step: output line by line, cancellation, the end.
//!
//! Rules: actions/runner, `ProcessInvoker.cs`.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::signal::{self, Signal};

/// How long the runner waits before it goes on to the next means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// From SIGINT to SIGTERM.
    pub interrupt: Duration,
    /// From SIGTERM to the kill.
    pub terminate: Duration,
    /// From the exit of the entry process to the kill of whoever holds its output open.
    pub lingering: Duration,
}

impl Default for Timings {
    /// The runner's own: 7.5 s, 2.5 s, 5 s.
    fn default() -> Self {
        Self {
            interrupt: Duration::from_millis(7500),
            terminate: Duration::from_millis(2500),
            lingering: Duration::from_secs(5),
        }
    }
}

/// How the process ended.
#[derive(Debug)]
pub(crate) struct End {
    /// 128 + n after signal n.
    pub(crate) exit_code: i32,
    pub(crate) cancelled: bool,
    pub(crate) killed: bool,
}

/// What the means against a process that should end are, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Interrupted,
    Terminated,
    Killed,
}

/// Runs `command` to its end. `on_line` gets each line of stdout and stderr in the order of arrival and answers whether
/// to cancel now; `cancel` and `cancel_after` are the other ways to do so. `mark` is a variable that only the processes
/// of this step have, so that those can be found whose parent is gone.
pub(crate) async fn run(
    mut command: Command,
    timings: Timings,
    mark: (&str, &str),
    cancel: &CancellationToken,
    cancel_after: Option<Duration>,
    mut on_line: impl FnMut(&str) -> bool,
) -> Result<End, Error> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A group of its own: a Ctrl-C in the terminal reaches the step through the simulator only.
    #[cfg(unix)]
    command.process_group(0);
    let program = command.as_std().get_program().display().to_string();
    let mut child = command.spawn().map_err(Error::io(format!("start {program}")))?;
    let pid = child.id().unwrap_or_default();

    let (sender, mut lines) = mpsc::unbounded_channel();
    let readers = [
        child.stdout.take().map(|stream| tokio::spawn(read_lines(stream, sender.clone()))),
        child.stderr.take().map(|stream| tokio::spawn(read_lines(stream, sender.clone()))),
    ];
    drop(sender);

    let far = Instant::now() + Duration::from_secs(365 * 86_400);
    let cancel_at = cancel_after.map_or(far, |delay| Instant::now() + delay);
    let mut phase = Phase::Running;
    let mut escalate_at = far;
    let mut lingering_until = far;
    let (mut cancelled, mut killed) = (false, false);
    let mut status: Option<ExitStatus> = None;
    let mut open = true;

    while status.is_none() || open {
        let mut cancel_now = false;
        tokio::select! {
            // In this order, so that a flood of output cannot hold up a cancellation.
            biased;
            () = cancel.cancelled(), if !cancelled => cancel_now = true,
            () = sleep_until(cancel_at), if !cancelled => cancel_now = true,
            () = sleep_until(escalate_at), if matches!(phase, Phase::Interrupted | Phase::Terminated) => {
                if phase == Phase::Interrupted {
                    (phase, escalate_at) = (Phase::Terminated, Instant::now() + timings.terminate);
                    if status.is_none() {
                        signal::send(pid, Signal::Terminate);
                    }
                } else {
                    (phase, killed) = (Phase::Killed, true);
                    kill(pid, mark, status.is_none());
                    let _gone = child.start_kill();
                }
            }
            () = sleep_until(lingering_until), if status.is_some() => {
                killed = true;
                kill(pid, mark, false);
                break;
            }
            end = child.wait(), if status.is_none() => {
                status = Some(end.map_err(Error::io(format!("wait for {program}")))?);
                lingering_until = Instant::now() + timings.lingering;
            }
            line = lines.recv(), if open => match line {
                Some(line) => cancel_now = on_line(&line),
                None => open = false,
            },
        }
        if cancel_now && !cancelled {
            cancelled = true;
            (phase, escalate_at) = (Phase::Interrupted, Instant::now() + timings.interrupt);
            if status.is_none() {
                signal::send(pid, Signal::Interrupt);
            }
        }
    }
    // What was read before a kill still belongs to the log.
    while let Ok(line) = lines.try_recv() {
        on_line(&line);
    }
    for reader in readers.into_iter().flatten() {
        reader.abort();
    }
    Ok(End { exit_code: status.map_or(1, exit_code), cancelled, killed })
}

/// The tree below the entry process while it lives (its id may name another process later), and those it left behind.
fn kill(pid: u32, mark: (&str, &str), alive: bool) {
    if alive {
        signal::kill_tree(pid);
    }
    signal::kill_marked(mark.0, mark.1);
}

fn exit_code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(1)
}

/// Sends the lines of a stream. `\r`, `\n` and `\r\n` all end a line, as with .NET's `StreamReader`: a progress bar's
/// text after a `\r` is a line in which a command is found.
async fn read_lines(mut stream: impl AsyncRead + Unpin, lines: mpsc::UnboundedSender<String>) {
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        splitter.push(&buffer[..count], |line| {
            let _receiver_gone = lines.send(line);
        });
    }
    if let Some(line) = splitter.last() {
        let _receiver_gone = lines.send(line);
    }
}

#[derive(Debug, Default)]
struct Splitter {
    line: Vec<u8>,
    after_return: bool,
}

impl Splitter {
    fn push(&mut self, bytes: &[u8], mut emit: impl FnMut(String)) {
        for &byte in bytes {
            let second_of_pair = byte == b'\n' && std::mem::take(&mut self.after_return);
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if second_of_pair => {}
                b'\n' | b'\r' => emit(String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned()),
                _ => self.line.push(byte),
            }
        }
    }

    /// The text after the last line end, if any.
    fn last(self) -> Option<String> {
        (!self.line.is_empty()).then(|| String::from_utf8_lossy(&self.line).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_of_dotnet_ends_a_line() {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        let parts: [&[u8]; 4] = [b"a\nb\r", b"\nc\rd", b"\n\n\r\n\xc3", b"\xa9nd"];
        for part in parts {
            splitter.push(part, |line| lines.push(line));
        }
        assert_eq!(lines, ["a", "b", "c", "d", "", ""]);
        assert_eq!(splitter.last().as_deref(), Some("énd"));
    }
}
