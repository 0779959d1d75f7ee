//! The table of actions: the binary dispatches by it, and the documentation is checked against it.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;

use actions_core::Env;
use actions_core::action::{Action, ActionSpec, InputSpec, Inputs, command, run};
use clap::{ArgMatches, Command};

type Running = Pin<Box<dyn Future<Output = ExitCode>>>;

/// One action as the binary and the documentation see it.
pub struct Entry {
    /// What it declares about itself.
    pub spec: ActionSpec,
    /// Its inputs.
    pub inputs: &'static [InputSpec],
    command: fn() -> Command,
    run: fn(Env, ArgMatches) -> Running,
}

const fn entry<A: Action>() -> Entry {
    Entry {
        spec: A::SPEC,
        inputs: A::Inputs::SPECS,
        command: || command::<A::Inputs>(&A::SPEC),
        run: |env, matches| Box::pin(async move { run::<A>(env, &matches).await }),
    }
}

/// Every action, in the order in which a pipeline uses them.
pub const ACTIONS: &[Entry] = &[
    entry::<setup::Setup>(),
    entry::<build_bento::BuildBento>(),
    entry::<deploy_bento::DeployBento>(),
    entry::<containerize_push::ContainerizePush>(),
];

/// The whole command line.
pub fn command_line() -> Command {
    ACTIONS.iter().fold(
        Command::new("bento-actions")
            .about("Native GitHub Actions for BentoML")
            .version(env!("CARGO_PKG_VERSION"))
            .subcommand_required(true)
            .arg_required_else_help(true),
        |line, entry| line.subcommand((entry.command)()),
    )
}

/// Runs the action that the command line names.
pub async fn dispatch(env: Env, matches: &ArgMatches) -> ExitCode {
    let chosen = matches.subcommand().and_then(|(name, matches)| {
        let entry = ACTIONS.iter().find(|entry| entry.spec.name == name)?;
        Some((entry, matches.clone()))
    });
    match chosen {
        Some((entry, matches)) => (entry.run)(env, matches).await,
        None => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command_line().debug_assert();
    }
}
