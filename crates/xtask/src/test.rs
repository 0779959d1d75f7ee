//! `cargo xtask test`: everything that must hold before a change is merged.

use std::cell::{Cell, OnceCell};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgMatches, value_parser};

use crate::engine::Engine;
use crate::{advisories, checks, command, docs, layout, tools};

/// One step: its heading, what it does, and what to do when it fails.
struct Phase<'a> {
    heading: &'static str,
    run: &'a dyn Fn() -> Result<()>,
    remedy: &'static str,
}

pub(crate) fn command() -> clap::Command {
    clap::Command::new("test")
        .about("Fetch the tools, then check formatting, lints, tests, dependencies and documents")
        .arg(
            Arg::new("arguments")
                .help("Passed on to `cargo test`, e.g. `-- -p bento-format store`")
                .value_parser(value_parser!(OsString))
                .num_args(0..)
                .last(true),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let arguments: Vec<OsString> = matches.get_many("arguments").unwrap_or_default().cloned().collect();
    // Dropped at the end, which stops what was started for it.
    let engine = OnceCell::new();
    let up = || Engine::up().map(|up| drop(engine.set(up)));
    let tests = || run_tests(&arguments, engine.get().map(Engine::environment).unwrap_or_default());
    let advisories_checked = Cell::new(false);
    let phases = [
        Phase {
            heading: "tools",
            run: &tools::ensure,
            remedy: "the text above says what is missing; `cargo xtask tools` runs this step alone",
        },
        Phase {
            heading: "formatting",
            run: &|| command::run(command::cargo().args(["fmt", "--all", "--check"])),
            remedy: "run `cargo fmt --all`",
        },
        Phase {
            heading: "lints",
            run: &|| {
                let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
                command::run(command::cargo().args(clippy))
            },
            remedy: "mend what clippy names above; an exception is `#[expect(lint, reason = \"…\")]`",
        },
        Phase {
            heading: "binaries",
            run: &|| command::run(command::cargo().args(["build", "--locked", "--workspace", "--bins"])),
            remedy: "mend what the compiler names above",
        },
        Phase {
            heading: "engine",
            run: &up,
            remedy: "the text above says what to install or start; containerize-push is tested on a real engine and registry",
        },
        Phase { heading: "tests", run: &tests, remedy: "run one test with `cargo xtask test -- NAME`" },
        Phase {
            heading: "licenses, bans and sources of dependencies",
            run: &|| command::run(command::clean(tools::cargo_deny()).args(["check", "bans", "licenses", "sources"])),
            remedy: "choose another dependency or switch a feature off; an exception goes into deny.toml with its reason",
        },
        Phase {
            heading: "advisories about dependencies",
            run: &|| {
                advisories_checked.set(advisories::check()?);
                Ok(())
            },
            remedy: "raise the crate that is named above; an exception goes into deny.toml with its reason",
        },
        Phase {
            heading: "workflows",
            run: &checks::check,
            remedy: "mend what the checkers name above; an exception goes into .github/zizmor.yml with its reason",
        },
        Phase {
            heading: "documents",
            run: &docs::check,
            remedy: "run `cargo xtask docs`; mend the examples that the text above names",
        },
    ];
    let start = Instant::now();
    for phase in &phases {
        run_phase(phase)?;
    }
    println!("\nall passed in {:.1} s", start.elapsed().as_secs_f64());
    if !advisories_checked.get() {
        println!("NOT CHECKED: advisories about dependencies, see above");
    }
    Ok(())
}

fn run_phase(phase: &Phase<'_>) -> Result<()> {
    println!("\n== {}", phase.heading);
    let start = Instant::now();
    (phase.run)().with_context(|| format!("{}: {}", phase.heading, phase.remedy))?;
    println!("== {}: {:.1} s", phase.heading, start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs the workspace's tests. Without arguments of the caller, an ignored test is a failure: it was not run.
fn run_tests(arguments: &[OsString], engine: &[(String, OsString)]) -> Result<()> {
    let mut cargo = command::cargo();
    cargo.args(["test", "--locked", "--no-fail-fast"]);
    if !names_package(arguments) {
        cargo.arg("--workspace");
    }
    cargo.args(arguments);
    for (name, value) in environment() {
        cargo.env(name, value);
    }
    for (name, value) in engine {
        cargo.env(name, value);
    }
    if !arguments.is_empty() {
        return command::run(&mut cargo);
    }
    let ignored = run_counting_ignored(&mut cargo)?;
    if ignored > 0 {
        bail!("{ignored} tests are marked `#[ignore]`: a test that cannot run must fail and say what it needs");
    }
    Ok(())
}

/// What the tests are told about `target/tools` and the binaries under test.
pub(crate) fn environment() -> [(&'static str, OsString); 3] {
    [
        ("BENTO_TEST_VENV", tools::venv().into()),
        ("RUNNER_SIM_NODE", tools::node().into()),
        ("BENTO_ACTIONS_BIN", layout::debug_binaries().into()),
    ]
}

/// Whether cargo is told which packages to test: `--workspace` besides would win.
fn names_package(arguments: &[OsString]) -> bool {
    let cargos = arguments.iter().take_while(|argument| *argument != "--");
    cargos.filter_map(|argument| argument.to_str()).any(|argument| {
        // `-p NAME`, `-pNAME`, `--package NAME`, `--package=NAME`
        (argument.starts_with("-p") && !argument.starts_with("--")) || argument.starts_with("--package")
    })
}

fn run_counting_ignored(cargo: &mut Command) -> Result<u64> {
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("could not start cargo test")?;
    let mut ignored = 0;
    for line in BufReader::new(child.stdout.take().expect("standard output is a pipe")).split(b'\n') {
        let line = line.context("could not read what cargo test prints")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        ignored += ignored_in(&line);
    }
    let status = child.wait().context("could not wait for cargo test")?;
    if !status.success() {
        bail!("`cargo test --workspace` ended with {status}");
    }
    Ok(ignored)
}

/// The number before ` ignored;` in libtest's summary line.
fn ignored_in(line: &str) -> u64 {
    if !line.starts_with("test result: ") {
        return 0;
    }
    line.split("; ").find_map(|part| part.strip_suffix(" ignored")?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_the_caller_names_is_the_only_one() {
        let names = |line: &str| names_package(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for line in ["-p bento-format store", "-pbento-format", "store --package setup", "--package=setup"] {
            assert!(names(line), "{line}");
        }
        for line in ["store", "--profile dev", "store -- -p", "--test pulls"] {
            assert!(!names(line), "{line}");
        }
    }

    #[test]
    fn ignored_tests_are_counted() {
        let line = "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 1 filtered out; finished in 0.00s";
        assert_eq!(ignored_in(line), 3);
        assert_eq!(ignored_in("a test prints 4 ignored; things"), 0);
    }
}
