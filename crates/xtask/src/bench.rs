//! `cargo xtask bench`: this suite beside the real BentoML CLI, on this machine, in one run.

mod figure;
mod images;
mod lab;
mod machine;
mod measure;
mod model;
mod report;
mod rows;
mod temp;

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{command, dist, tools};
use lab::{Lab, Scale};
use rows::ROWS;

pub(crate) fn command() -> Command {
    Command::new("bench")
        .about("Compare with the real BentoML CLI on this machine, and write what was measured to docs/benchmarks.md")
        .arg(
            Arg::new("quick")
                .long("quick")
                .action(ArgAction::SetTrue)
                .help("Smaller models and fewer runs; only prints"),
        )
        .arg(
            Arg::new("only")
                .long("only")
                .value_name("ROW")
                .value_parser(PossibleValuesParser::new(ROWS.iter().map(|row| row.name)))
                .action(ArgAction::Append)
                .help("Measure this row, repeatable; the others of the table stay"),
        )
}

/// The work of a row as docs/benchmarks.md names it.
pub(crate) fn work(row: &str) -> Option<String> {
    ROWS.iter().find(|known| known.name == row).map(|row| report::work(Scale::Full, row))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let scale = if matches.get_flag("quick") { Scale::Quick } else { Scale::Full };
    let only: Vec<&String> = matches.get_many("only").unwrap_or_default().collect();
    tools::ensure()?;
    dist::build()?;
    build_both_sides()?;
    let lab = Lab::new(scale)?;
    let (mut results, mut failed) = (Vec::new(), None);
    for row in ROWS.iter().filter(|row| only.is_empty() || only.iter().any(|only| *only == row.name)) {
        println!("measuring {} …", row.name);
        match (row.measure)(&lab).with_context(|| format!("row {}", row.name)) {
            Ok(outcome) => results.push((row, outcome)),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    // What took minutes is told, whatever came after it.
    let lines = report::lines(scale, &results);
    println!("\n{}", report::table(&lines));
    if scale == Scale::Full {
        report::write(scale, lines)?;
    }
    failed.map_or(Ok(()), Err)
}

/// The local cloud, optimised since both sides wait for it, and the programs that send one model. None of them ships, so
/// they need none of `dist`'s minutes of linking.
fn build_both_sides() -> Result<()> {
    let packages = ["local-cloud", "bentocloud", "registry"].into_iter().flat_map(|name| ["--package", name]);
    let examples = ["--bins", "--example", "transfer", "--example", "upload"];
    command::run(command::cargo().args(["build", "--locked", "--release"]).args(packages).args(examples))
}
