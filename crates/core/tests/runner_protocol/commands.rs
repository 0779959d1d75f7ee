//! Standard output: plain lines, groups, other programs' output, debug lines.

use actions_core::action::Cancel;
use actions_core::process::Command;
use actions_core::runner::{Annotation, Level, console, log, mask};
use runner_sim::Conclusion;
use secrecy::SecretString;

use crate::player::{Stage, body, job, play, play_in};

/// What looks like a command, and must reach the log as it stands.
const TRAPS: &[&str] = &[
    "::error::no",
    "  ::warning::no",
    "\t::set-output name=evil::1",
    "::set-env name=EVIL::1",
    "::add-path::/evil",
    "::add-mask::visible",
    "##[error]no",
    "x ##[set-output name=evil;]1",
    "::stop-commands::endtoken",
    "::endgroup::",
    "::group::no",
    "::debug::no",
    "::add-matcher::evil.json",
    "::echo::on",
    "::save-state name=evil::1",
];

/// The log without the lines that stop and resume commands.
fn shown(log: &[&str]) -> Vec<String> {
    let is_switch = |line: &str| {
        line.starts_with("::stop-commands::") && line.len() > 40 || (line.ends_with("::") && line.len() == 40)
    };
    log.iter().filter(|line| !is_switch(line)).map(|&line| line.to_owned()).collect()
}

pub(crate) fn lines() {
    console::line("plain");
    for trap in TRAPS {
        console::line(trap);
    }
    console::line(&TRAPS.join("\n"));
    console::line("visible");
    Annotation::new(Level::Notice, "still heard").emit(None);
}

#[tokio::test]
async fn own_lines_are_never_commands() {
    let result = play("lines").await;
    let expected: Vec<_> =
        ["plain"].iter().chain(TRAPS).chain(TRAPS).chain(&["visible", "##[notice]still heard"]).collect();
    assert_eq!(shown(&body(&result)).iter().collect::<Vec<_>>(), expected);
    assert_eq!((result.annotations.len(), result.conclusion), (1, Conclusion::Success));
    assert!(result.outputs.is_empty() && result.state.is_empty() && result.env.is_empty());
}

pub(crate) fn groups() {
    let outer = console::group("outer: 100%\nof it");
    console::line("in outer");
    let inner = console::group("inner");
    console::line("in inner");
    drop(inner);
    console::line("in outer again");
    drop(outer);
    let _next = console::group("::error::next");
}

#[tokio::test]
async fn groups_do_not_nest() {
    let result = play("groups").await;
    let expected = [
        "##[group]outer: 100%",
        "of it",
        "in outer",
        "inner",
        "in inner",
        "in outer again",
        "##[endgroup]",
        "##[group]::error::next",
        "##[endgroup]",
    ];
    assert_eq!(body(&result), expected);
    assert!(result.annotations.is_empty());
}

pub(crate) fn foreign(stage: &Stage) {
    let script = TRAPS
        .iter()
        .map(|trap| format!("printf '%s\\n' '{trap}'; printf '%s\\n' '{trap}' >&2"))
        .collect::<Vec<_>>()
        .join("\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let command = Command::new("/bin/sh").arg("-c").arg(script).inherit(&stage.env);
    let ended = runtime.block_on(command.stream(&Cancel::default())).unwrap();
    assert!(ended.status.success());
    // While another program prints, ours can still speak.
    let guard = console::guard_foreign_output();
    guard.line("::error::not ours");
    Annotation::new(Level::Warning, "ours").emit(None);
    mask::add(&SecretString::from("late-secret"));
    console::line("::error::nor this");
    guard.line("::error::nor that late-secret");
    let inner = console::guard_foreign_output();
    inner.line("::error::within");
    drop(inner);
    guard.line("::error::after within");
    drop(guard);
    Annotation::new(Level::Notice, "heard again").emit(None);
}

#[tokio::test]
async fn another_program_s_output_is_data() {
    let result = play("foreign").await;
    let messages: Vec<_> = result.annotations.iter().map(|annotation| annotation.message.as_str()).collect();
    assert_eq!(messages, ["ours", "heard again"]);
    assert!(result.outputs.is_empty() && result.state.is_empty() && result.conclusion == Conclusion::Success);
    let log = shown(&body(&result));
    for trap in TRAPS {
        assert_eq!(log.iter().filter(|line| line == trap).count(), 2, "{trap} from both streams: {log:#?}");
    }
    for line in
        ["::error::not ours", "::error::nor this", "::error::nor that ***", "::error::within", "::error::after within"]
    {
        assert!(log.iter().any(|shown| shown == line), "{line}: {log:#?}");
    }
}

pub(crate) fn silent() {
    drop(console::guard_foreign_output());
    let (outer, inner) = (console::guard_foreign_output(), console::guard_foreign_output());
    drop(outer);
    inner.line("::error::one line");
}

#[tokio::test]
async fn commands_stop_with_the_first_line_of_a_program_and_not_before() {
    let result = play("silent").await;
    let log = body(&result);
    assert_eq!(log.len(), 3, "{log:#?}");
    assert_eq!(shown(&log), ["::error::one line"]);
}

pub(crate) fn debug() {
    log::init(std::env::var("RUNNER_DEBUG").is_ok_and(|value| value == "1"));
    tracing::debug!("detail: 100%\nsecond ::error::line");
    // Core knows none of the crates that use it: where an event was written decides, and not what it calls itself.
    tracing::info!(target: "some_crate", "::notice::an event");
    tracing::warn!("careful, 100%");
}

#[tokio::test]
async fn debug_lines_show_when_the_runner_debugs() {
    let result = play("debug").await;
    assert_eq!(shown(&body(&result)), ["::notice::an event", "##[warning]careful, 100%"]);
    let result = play_in(&mut job().debug(), "debug").await;
    let log = shown(&body(&result));
    assert!(log.iter().any(|line| line == "##[debug]detail: 100%"), "{log:#?}");
    assert!(log.iter().any(|line| line == "##[debug]second ::error::line"), "{log:#?}");
    assert_eq!(result.annotations.len(), 1);
}
