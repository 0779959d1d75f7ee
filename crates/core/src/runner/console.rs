//! Standard output: plain lines, workflow commands, and what child processes print, in one order and never mixed up.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{command, mask};

/// Who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// GitHub's runner: workflow commands.
    Runner,
    /// A person at a terminal: plain text.
    Terminal,
}

struct State {
    mode: Mode,
    stop_token: Option<String>,
    group: bool,
}

static STATE: Mutex<State> = Mutex::new(State { mode: Mode::Terminal, stop_token: None, group: false });

/// Chooses the reader. Called once, first thing in `main`.
pub fn init(mode: Mode) {
    lock().mode = mode;
}

/// The reader chosen by [`init`].
pub fn mode() -> Mode {
    lock().mode
}

/// Prints a line of our own; secrets are redacted, and text that looks like a workflow command is made harmless.
pub fn line(text: &str) {
    let text = mask::redact(text);
    let state = lock();
    for line in text.split('\n') {
        let looks_like_command = line.trim_start().starts_with("::") || line.contains("##[");
        if state.mode == Mode::Runner && state.stop_token.is_none() && looks_like_command {
            let token = Uuid::new_v4().to_string();
            write(&format!("::stop-commands::{token}\n{line}\n::{token}::"));
        } else {
            write(line);
        }
    }
}

/// Sends a workflow command (nothing on a terminal), also while a child's output is being guarded.
pub fn send(name: &str, properties: &[(&str, String)], message: &str) {
    let properties: Vec<_> = properties.iter().map(|(key, value)| (*key, mask::redact(value))).collect();
    send_raw(&lock(), &command::line(name, &properties, &mask::redact(message)));
}

/// Masks a value in the runner's log. The one command whose message may be a secret.
pub(super) fn add_mask(value: &str) {
    send_raw(&lock(), &command::line("add-mask", &[], value));
}

/// Starts a group of lines; it ends when the guard is dropped. Groups do not nest: inside one, a title is a plain line.
#[must_use]
pub fn group(title: &str) -> Group {
    let title = mask::redact(title);
    let mut state = lock();
    let opened = state.mode == Mode::Runner && !state.group;
    if opened {
        state.group = true;
        send_raw(&state, &command::line("group", &[], &title));
    } else {
        write(&title);
    }
    Group { opened }
}

/// Ends its group when dropped.
#[derive(Debug)]
pub struct Group {
    opened: bool,
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.opened {
            let mut state = lock();
            state.group = false;
            send_raw(&state, "::endgroup::");
        }
    }
}

/// Makes the runner ignore workflow commands until the guard is dropped: what another program prints is data.
#[must_use]
pub fn guard_foreign_output() -> ForeignOutput {
    let mut state = lock();
    let started = state.mode == Mode::Runner && state.stop_token.is_none();
    if started {
        let token = Uuid::new_v4().to_string();
        write(&format!("::stop-commands::{token}"));
        state.stop_token = Some(token);
    }
    ForeignOutput { started }
}

/// Lets the runner read workflow commands again when dropped.
#[derive(Debug)]
pub struct ForeignOutput {
    started: bool,
}

impl ForeignOutput {
    /// Prints a line of another program.
    pub fn line(&self, text: &str) {
        let text = mask::redact(text);
        let _order = lock();
        write(&text);
    }
}

impl Drop for ForeignOutput {
    fn drop(&mut self) {
        if self.started
            && let Some(token) = lock().stop_token.take()
        {
            write(&format!("::{token}::"));
        }
    }
}

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send_raw(state: &State, line: &str) {
    match (state.mode, &state.stop_token) {
        (Mode::Terminal, _) => {}
        (Mode::Runner, None) => write(line),
        (Mode::Runner, Some(token)) => write(&format!("::{token}::\n{line}\n::stop-commands::{token}")),
    }
}

/// A reader that went away is no reason to fail: the work goes on and the exit code tells.
fn write(line: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
}
