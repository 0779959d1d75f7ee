//! `cargo xtask tools`: what the tests need besides Rust and Python, under `target/tools`.

mod action_validator;
mod actions_cache;
mod bentomls;
mod cargo_deny;
mod cargo_fuzz;
mod cargo_install;
mod csv_parse;
mod linters;
mod node;
mod npm;
mod stamp;
mod venv;

use std::fs::File;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{ArgMatches, Command};

use crate::layout;
use stamp::Stamp;

pub(crate) use action_validator::program as action_validator;
pub(crate) use cargo_deny::program as cargo_deny;
pub(crate) use cargo_fuzz::ensure as cargo_fuzz;
pub(crate) use linters::{actionlint, zizmor};
pub(crate) use node::program as node;
pub(crate) use venv::folder as venv;

/// One tool: its name, what decides whether the one in place is still right, and how to put it in place.
struct Tool {
    name: &'static str,
    wanted: fn() -> String,
    in_place: fn() -> bool,
    install: fn() -> Result<()>,
}

/// In the order of installation: Node is installed with the virtual environment's pip, older BentoMLs with its uv, npm's
/// packages with Node.
const TOOLS: [Tool; 8] = [
    Tool { name: "venv", wanted: venv::wanted, in_place: venv::in_place, install: venv::install },
    Tool { name: "bentomls", wanted: bentomls::wanted, in_place: bentomls::in_place, install: bentomls::install },
    Tool { name: "node", wanted: node::wanted, in_place: node::in_place, install: node::install },
    Tool {
        name: "actions-cache",
        wanted: actions_cache::wanted,
        in_place: actions_cache::in_place,
        install: actions_cache::install,
    },
    Tool { name: "csv-parse", wanted: csv_parse::wanted, in_place: csv_parse::in_place, install: csv_parse::install },
    Tool {
        name: "cargo-deny",
        wanted: cargo_deny::wanted,
        in_place: cargo_deny::in_place,
        install: cargo_deny::install,
    },
    Tool { name: "linters", wanted: linters::wanted, in_place: linters::in_place, install: linters::install },
    Tool {
        name: "action-validator",
        wanted: action_validator::wanted,
        in_place: action_validator::in_place,
        install: action_validator::install,
    },
];

pub(crate) fn command() -> Command {
    Command::new("tools").about("Fetch what the tests need (BentoML, uv, Node 24, checkers) into target/tools")
}

pub(crate) fn run(_: &ArgMatches) -> Result<()> {
    ensure()?;
    println!("venv        {}", venv().display());
    println!("node        {}", node().display());
    println!("cargo-deny  {}", cargo_deny().display());
    println!("actionlint  {}", actionlint().display());
    println!("zizmor      {}", zizmor().display());
    println!("validator   {}", action_validator().display());
    Ok(())
}

/// Installs what is missing or outdated. Two runs at once wait for each other.
///
/// # Errors
///
/// Names the tool, what failed and how to get it otherwise.
pub(crate) fn ensure() -> Result<()> {
    let folder = layout::tools();
    std::fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    let _lock = lock()?;
    for tool in &TOOLS {
        // The folder is part of it: a virtual environment that was moved with its checkout no longer runs.
        let wanted = format!("{}\nin {}\n", (tool.wanted)(), folder.display());
        let stamp = Stamp::of(&folder, tool.name);
        if stamp.says(&wanted) && (tool.in_place)() {
            continue;
        }
        println!("installing {} …", tool.name);
        let start = Instant::now();
        stamp.remove()?;
        (tool.install)().with_context(|| format!("could not install {}", tool.name))?;
        stamp.write(&wanted)?;
        println!("installed {} in {:.1} s", tool.name, start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Held until dropped; the system also frees it when this process dies.
fn lock() -> Result<File> {
    let path = layout::tools().join(".lock");
    let file = File::create(&path).with_context(|| format!("could not create {}", path.display()))?;
    if file.try_lock().is_err() {
        println!("waiting for another `cargo xtask tools` …");
        file.lock().with_context(|| format!("could not lock {}", path.display()))?;
    }
    Ok(file)
}
