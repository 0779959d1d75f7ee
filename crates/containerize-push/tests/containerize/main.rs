//! The action as a process of its own under a simulated runner, with the real BentoML, a real engine and a real registry.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod api;
mod attestations;
mod cancel;
mod command_lines;
mod container;
mod errors;
mod front;
mod hub;
mod image;
mod kinds;
mod lab;
mod linked;
mod local;
mod login;
mod mortal;
mod names;
mod outputs;
mod push;
mod relay;
mod room;
mod unreliable;
mod verify;

use std::process::ExitCode;

use actions_core::Env;
use actions_core::action::{Action, command, run};
use actions_core::runner::console;
use containerize_push::{ContainerizePush, Inputs};

/// Set for the process that is the action; in all others this test does nothing.
const IS_ACTION: &str = "CONTAINERIZE_PUSH_TEST_ACTION";
/// Set besides where it is the post step.
const IS_POST: &str = "CONTAINERIZE_PUSH_TEST_POST";

/// The action: this test binary, started again by [`lab::Lab::step`].
#[test]
#[expect(clippy::exit, reason = "the exit code is the action's")]
fn action_process() {
    let env = Env::of_process();
    if !env.flag(IS_ACTION) {
        return;
    }
    // The test harness has begun a line.
    console::line("");
    let words = ["containerize-push"].into_iter().chain(env.flag(IS_POST).then_some("--post"));
    let matches = command::<Inputs>(&ContainerizePush::SPEC).get_matches_from(words);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let code = runtime.block_on(run::<ContainerizePush>(env, &matches));
    runtime.shutdown_background();
    std::process::exit(if code == ExitCode::SUCCESS { 0 } else { exit_code(code) })
}

/// An `ExitCode` keeps its number to itself; its debug form does not.
fn exit_code(code: ExitCode) -> i32 {
    let digits: String = format!("{code:?}").chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(1)
}
