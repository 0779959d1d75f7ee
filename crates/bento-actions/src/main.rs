//! The one shipped binary: a subcommand per action.

use std::process::ExitCode;

use actions_core::Env;
use actions_core::runner::console;
use actions_core::runner::console::Mode;
use actions_core::runner::{Annotation, Level};

fn main() -> ExitCode {
    actions_core::process::hide_environment();
    let matches = bento_actions::command_line().get_matches();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(bento_actions::dispatch(Env::of_process(), &matches));
            // A blocking read that nobody waits for must not hold the process back.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            console::init(Mode::of(&Env::of_process()));
            Annotation::new(Level::Error, format!("failed to start: {error}")).emit(None);
            ExitCode::FAILURE
        }
    }
}
