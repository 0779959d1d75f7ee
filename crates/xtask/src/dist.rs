//! `cargo xtask dist`: the binary as it ships, for this machine.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Command};

use crate::{command, layout};

/// Every job that uses an action downloads it.
const LARGEST_BYTES: u64 = 8_000_000;

pub(crate) fn command() -> Command {
    Command::new("dist").about("Build bento-actions as it ships, for this machine, into target/dist")
}

pub(crate) fn run(_: &ArgMatches) -> Result<()> {
    let (path, bytes) = build()?;
    println!("{}\n{bytes} bytes", path.display());
    Ok(())
}

/// Builds it and returns its path and size in bytes.
///
/// # Errors
///
/// When it does not compile or is too large to ship.
pub(crate) fn build() -> Result<(PathBuf, u64)> {
    command::run(command::cargo().args(["build", "--locked", "--profile", "dist", "--package", "bento-actions"]))?;
    let path = layout::dist_binaries().join(format!("bento-actions{}", std::env::consts::EXE_SUFFIX));
    let bytes = std::fs::metadata(&path).with_context(|| format!("{} was not built", path.display()))?.len();
    if bytes > LARGEST_BYTES {
        bail!(
            "{} has {bytes} bytes, more than {LARGEST_BYTES}: find what grew it with `cargo tree -e features -p bento-actions`",
            path.display()
        );
    }
    Ok((path, bytes))
}
