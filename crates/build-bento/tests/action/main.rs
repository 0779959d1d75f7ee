//! The action as a process of its own under a simulated runner, with the real BentoML.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod build;
mod cancel;
mod errors;
mod inputs;
mod installed;
mod lint;
mod missing;
mod models;
mod project;
mod skip;
mod stood_in;
mod warnings;

use std::process::ExitCode;

use actions_core::Env;
use actions_core::action::{Action, command, run};
use actions_core::runner::console;
use build_bento::{BuildBento, Inputs};

/// Set for the process that is the action; in all others this test does nothing.
const IS_ACTION: &str = "BUILD_BENTO_TEST_ACTION";

/// The action: this test binary, started again by [`project::Project::step`].
#[test]
#[expect(clippy::exit, reason = "the exit code is the action's")]
fn action_process() {
    let env = Env::of_process();
    if !env.flag(IS_ACTION) {
        return;
    }
    // The test harness has begun a line.
    console::line("");
    let matches = command::<Inputs>(&BuildBento::SPEC).get_matches_from(["build-bento"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let code = runtime.block_on(run::<BuildBento>(env, &matches));
    std::process::exit(if code == ExitCode::SUCCESS { 0 } else { exit_code(code) })
}

/// An `ExitCode` keeps its number to itself; its debug form does not.
fn exit_code(code: ExitCode) -> i32 {
    let digits: String = format!("{code:?}").chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(1)
}
