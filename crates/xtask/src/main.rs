//! `cargo xtask`: the automation of this workspace, one file per subcommand.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people: its result is what it prints")]

mod advisories;
mod bench;
mod checks;
mod cloud;
mod command;
mod demo;
mod dist;
mod docs;
mod e2e;
mod engine;
mod events;
mod fuzz;
mod layout;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{ArgMatches, Command};

/// A subcommand: how clap describes it, and what it does.
type Subcommand = (fn() -> Command, fn(&ArgMatches) -> Result<()>);

const SUBCOMMANDS: &[Subcommand] = &[
    (demo::command, demo::run),
    (test::command, test::run),
    (bench::command, bench::run),
    (checks::command, checks::run),
    (docs::command, docs::run),
    (dist::command, dist::run),
    (e2e::command, e2e::run),
    (fuzz::command, fuzz::run),
    (tools::command, tools::run),
];

fn main() -> ExitCode {
    let cli = Command::new("cargo xtask")
        .about("The automation of this workspace")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(SUBCOMMANDS.iter().map(|(command, _)| command()));
    let matches = cli.get_matches();
    let (name, arguments) = matches.subcommand().expect("clap requires a subcommand");
    let (_, run) =
        SUBCOMMANDS.iter().find(|(command, _)| command().get_name() == name).expect("clap knows only these names");
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask {name} failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
