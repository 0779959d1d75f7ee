//! Standard output: plain lines, workflow commands, and what child processes print, in one order and never mixed up.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::shown::{self, Escapes};
use super::{command, mask};
use crate::Env;
use crate::env::GITHUB_ACTIONS;

/// Who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// GitHub's runner: workflow commands.
    Runner,
    /// A person at a terminal: plain text.
    Terminal,
}

impl Mode {
    /// Who reads, as far as the environment tells.
    pub fn of(env: &Env) -> Self {
        if env.flag(GITHUB_ACTIONS) { Self::Runner } else { Self::Terminal }
    }
}

struct State {
    mode: Mode,
    /// Guards of other programs' output that live.
    guards: usize,
    /// Ends what the first line under a guard began.
    stop_token: Option<String>,
    group: bool,
}

static STATE: Mutex<State> = Mutex::new(State { mode: Mode::Terminal, guards: 0, stop_token: None, group: false });

/// Chooses the reader. Called once, first thing in `main`.
pub fn init(mode: Mode) {
    lock().mode = mode;
}

/// The reader chosen by [`init`].
pub fn mode() -> Mode {
    lock().mode
}

/// Prints text of our own, which may hold several lines and names that are not ours: secrets are redacted, escape
/// sequences go, and what looks like a workflow command is made harmless.
pub fn line(text: &str) {
    show(&lock(), text);
}

/// Sends a workflow command (nothing on a terminal), also while a child's output is being guarded.
pub fn send(name: &str, properties: &[(&str, String)], message: &str) {
    let harmless = |text: &str| mask::redact(&shown::clean(&mask::redact(text), Escapes::Gone));
    let properties: Vec<_> = properties.iter().map(|(key, value)| (*key, harmless(value))).collect();
    send_raw(&lock(), &command::line(name, &properties, &harmless(message)));
}

/// Masks a value in the runner's log. The one command whose message may be a secret.
pub(super) fn add_mask(value: &str) {
    send_raw(&lock(), &command::line("add-mask", &[], value));
}

/// Starts a group of lines; it ends when the guard is dropped. Groups do not nest: inside one, a title is a plain line.
#[must_use]
pub fn group(title: &str) -> Group {
    let mut state = lock();
    let opened = state.mode == Mode::Runner && !state.group;
    if opened {
        state.group = true;
        let title = mask::redact(&shown::clean(&mask::redact(title), Escapes::Gone));
        send_raw(&state, &command::line("group", &[], &title));
    } else {
        show(&state, title);
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

/// Makes the runner ignore workflow commands from the first line of another program until the guard is dropped: what it
/// prints is data.
#[must_use]
pub fn guard_foreign_output() -> ForeignOutput {
    let mut state = lock();
    state.guards = state.guards.saturating_add(1);
    ForeignOutput(())
}

/// Lets the runner read workflow commands again when the last of these is dropped.
#[derive(Debug)]
pub struct ForeignOutput(());

impl ForeignOutput {
    /// Prints a line of another program.
    pub fn line(&self, text: &str) {
        let mut state = lock();
        let escapes = match state.mode {
            Mode::Runner => Escapes::Colours,
            Mode::Terminal => Escapes::Gone,
        };
        if state.mode == Mode::Runner && state.stop_token.is_none() {
            let token = Uuid::new_v4().to_string();
            write(&format!("::stop-commands::{token}"));
            state.stop_token = Some(token);
        }
        harmless_lines(text, escapes).for_each(|line| write(&line));
    }
}

impl Drop for ForeignOutput {
    fn drop(&mut self) {
        let mut state = lock();
        state.guards = state.guards.saturating_sub(1);
        if state.guards == 0
            && let Some(token) = state.stop_token.take()
        {
            write(&format!("::{token}::"));
        }
    }
}

/// The lines of a text as they may be printed, without secrets. Commands in them are still commands.
fn harmless_lines(text: &str, escapes: Escapes) -> impl Iterator<Item = String> {
    let text = mask::redact(text);
    let lines: Vec<_> = shown::lines(&text).map(|line| mask::redact(&shown::clean(line, escapes))).collect();
    lines.into_iter()
}

fn show(state: &State, text: &str) {
    for line in harmless_lines(text, Escapes::Gone) {
        if state.mode == Mode::Runner && state.stop_token.is_none() && shown::is_command(&line) {
            let token = Uuid::new_v4().to_string();
            write(&format!("::stop-commands::{token}\n{line}\n::{token}::"));
        } else {
            write(&line);
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
