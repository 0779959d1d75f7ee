//! `cargo xtask fuzz`: the targets of `crates/fuzz-targets` under libFuzzer, which `cargo xtask test` runs with some thousand
//! inputs only.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgMatches, value_parser};

use crate::{command, layout, tools};

/// Of libFuzzer, for one input: seconds, and MiB of memory.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=2048"];

pub(crate) fn command() -> clap::Command {
    clap::Command::new("fuzz")
        .about("Try what reads foreign bytes with libFuzzer; needs a nightly Rust")
        .arg(Arg::new("target").help("Only this one, a name below fuzz/fuzz_targets; else all, one after the other"))
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .help("How long each target is tried")
                .value_parser(value_parser!(u32).range(1..))
                .default_value("60"),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let names = names()?;
    let wanted = match matches.get_one::<String>("target") {
        None => names,
        Some(name) if names.contains(name) => vec![name.clone()],
        Some(name) => bail!("there is no target {name:?}, only {}", names.join(", ")),
    };
    let seconds = *matches.get_one::<u32>("seconds").expect("it has a default");
    command::capture(command::clean("rustup").args(["run", "nightly", "rustc", "--version"])).context(
        "libFuzzer needs what only a nightly compiler can do: run `rustup toolchain install nightly --profile minimal`",
    )?;
    let program = tools::cargo_fuzz()?;
    let mut failed = Vec::new();
    for name in &wanted {
        println!("\n== {name}");
        if let Err(error) = try_target(program.as_os_str(), name, seconds) {
            println!("{error:#}");
            failed.push(name.as_str());
        }
    }
    if !failed.is_empty() {
        bail!(
            "a fault was found in {}: the input stands in fuzz/artifacts; keep it in fuzz/corpus once it is mended",
            failed.join(", ")
        );
    }
    Ok(())
}

/// What is found is kept in `target/fuzz/corpus`, for the next time; what the checkout keeps is only read.
fn try_target(program: &std::ffi::OsStr, name: &str, seconds: u32) -> Result<()> {
    let found = layout::target().join("fuzz").join("corpus").join(name);
    std::fs::create_dir_all(&found).with_context(|| format!("could not create {}", found.display()))?;
    let mut fuzz = command::clean(program);
    // cargo-fuzz calls cargo, and what called us has named the stable one.
    fuzz.env_remove("CARGO").env_remove("RUSTC").env("RUSTUP_TOOLCHAIN", "nightly");
    fuzz.args(["fuzz", "run", "--fuzz-dir", "fuzz", "--target-dir"]).arg(layout::target().join("fuzz"));
    fuzz.arg(name).arg(&found).arg(folder().join("corpus").join(name));
    command::run(fuzz.arg("--").arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1").args(LIMITS))
}

fn folder() -> PathBuf {
    layout::root().join("fuzz")
}

/// The names of all targets, sorted.
fn names() -> Result<Vec<String>> {
    let folder = folder().join("fuzz_targets");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("could not list {}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}
