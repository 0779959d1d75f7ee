//! What is in an image is what the original puts there: the same Bento made an image by `bentoml containerize` and by the
//! action, on a real engine, and both compared whole.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod archive;
mod base;
mod cases;
mod deliberate;
mod difference;
mod images;
mod project;
mod tree;

use std::process::ExitCode;

use actions_core::Env;
use actions_core::action::{Action, command, run};
use actions_core::runner::console;
use containerize_push::{ContainerizePush, Inputs};

/// Set for the process that is the action; in all others this test does nothing.
const IS_ACTION: &str = "CONTAINERIZE_PUSH_COMPARE_ACTION";

/// The action: this test binary, started again by [`images::Images::make`].
#[test]
#[expect(clippy::exit, reason = "the exit code is the action's")]
fn action_process() {
    let env = Env::of_process();
    if !env.flag(IS_ACTION) {
        return;
    }
    // The test harness has begun a line.
    console::line("");
    let matches = command::<Inputs>(&ContainerizePush::SPEC).get_matches_from(["containerize-push"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let code = runtime.block_on(run::<ContainerizePush>(env, &matches));
    runtime.shutdown_background();
    std::process::exit(i32::from(code != ExitCode::SUCCESS))
}
