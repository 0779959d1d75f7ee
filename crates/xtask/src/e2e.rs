//! `cargo xtask e2e`: every workflow and composite action of this repository, run by act under the names that users
//! write, against a BentoCloud and a registry of this machine.
//!
//! What runs is the release tree, with no cargo on PATH. Actions of others are replaced by stand-ins that tell their
//! inputs, but for actions/checkout, which act does itself. act knows no filters in `on:`: `events` proves those.

mod act;
mod cases;
mod event;
mod lab;
mod log;
mod tree;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{command, layout, tools};
use cases::{CASES, Case, Workflow};
use lab::Lab;
use log::Log;
pub(crate) use tree::TAG;

pub(crate) fn command() -> Command {
    Command::new("e2e")
        .about("Run every workflow and example with act, from the release tree, on this machine")
        .arg(
            Arg::new("release-tree")
                .long("release-tree")
                .help("The tree that `cargo xtask dist` made, as it ships; else one with the debug binary")
                .action(ArgAction::SetTrue),
        )
        .arg(Arg::new("name").help("Only the cases whose name has this text"))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    tools::ensure()?;
    command::run(command::cargo().args(["build", "--locked", "--workspace", "--bins"]))?;
    let lab = Lab::new(matches.get_flag("release-tree"))?;
    let wanted = matches.get_one::<String>("name");
    let cases: Vec<_> = CASES.iter().filter(|case| wanted.is_none_or(|name| case.name.contains(name))).collect();
    if cases.is_empty() {
        bail!("no case has {:?} in its name", wanted.map_or("", String::as_str));
    }
    let start = Instant::now();
    let mut read = BTreeSet::new();
    let mut failed = 0;
    for case in &cases {
        let start = Instant::now();
        let result = lab.run(case).and_then(|(log, succeeded)| {
            judge(&lab, case, &log, succeeded)?;
            Ok(log.read)
        });
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(files) => {
                read.extend(files);
                println!("ok      {seconds:5.1} s  {}", case.name);
            }
            Err(error) => {
                failed += 1;
                println!("FAILED  {seconds:5.1} s  {}\n  {error:#}\n  {}", case.name, lab.log_file(case).display());
            }
        }
    }
    println!("{} passed, {failed} failed in {:.1} s", cases.len() - failed, start.elapsed().as_secs_f64());
    ensure!(failed == 0, "run one with `cargo xtask e2e NAME`");
    if wanted.is_none() {
        every_workflow_was_run(&lab, &read)?;
    }
    Ok(())
}

fn judge(lab: &Lab, case: &Case, log: &Log, succeeded: bool) -> Result<()> {
    ensure!(log.succeeded == case.steps, "these steps succeeded: {:?}\n  instead of: {:?}", log.succeeded, case.steps);
    match case.fails {
        None => ensure!(succeeded && log.failed.is_empty(), "these steps failed: {:?}", log.failed),
        Some((step, words)) => {
            ensure!(log.failed.first().is_some_and(|failed| failed == step), "failed: {:?}, not {step}", log.failed);
            for part in words {
                ensure!(log.text.contains(part), "the log does not say {part:?}");
            }
        }
    }
    (case.check)(lab, case, log)
}

/// A workflow, composite action or example without a case is an error.
fn every_workflow_was_run(lab: &Lab, read: &BTreeSet<String>) -> Result<()> {
    let mut missing: Vec<String> =
        tree::to_be_run(&lab.tree())?.into_iter().filter(|path| !read.contains(path)).collect();
    for example in tree::entries(&layout::root().join("examples"))? {
        let workflows = example.join(".github/workflows");
        if !workflows.is_dir() {
            continue;
        }
        for file in tree::entries(&workflows)? {
            let has_case = CASES.iter().any(|case| match case.workflow {
                Workflow::Example(name) => {
                    file == layout::root().join(case.project).join(".github/workflows").join(name)
                }
                Workflow::Own(_) | Workflow::Readme => false,
            });
            if !has_case {
                missing.push(file.display().to_string());
            }
        }
    }
    ensure!(missing.is_empty(), "no case in e2e/cases.rs runs {}", missing.join(", "));
    Ok(())
}
