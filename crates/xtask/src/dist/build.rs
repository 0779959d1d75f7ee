//! One binary as it ships: static where the system allows it, without this machine's paths, with the list of its crates.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::platform::Platform;
use super::{auditable, zig};
use crate::{command, layout};

/// Every job that uses an action downloads it.
const LARGEST_BYTES: u64 = 8_000_000;

/// Between the flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\x1f";

/// Where built binaries wait to be assembled, a folder per platform.
pub(super) fn folder(platform: &Platform) -> PathBuf {
    layout::platform_binaries().join(platform.name)
}

/// Builds the binary of the platform and its bill of materials into [`folder`], and returns its path and size in bytes.
///
/// # Errors
///
/// When this machine cannot build for it, it does not compile, or is too large to ship.
pub(super) fn build(platform: &Platform) -> Result<(PathBuf, u64)> {
    if platform.built_on != std::env::consts::OS {
        bail!("{} is built on {}, not here", platform.name, platform.built_on);
    }
    let built = compile(platform, &layout::root(), &layout::target())?;
    let folder = folder(platform);
    std::fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    let binary = folder.join(platform.binary());
    let bytes = std::fs::copy(&built, &binary).with_context(|| format!("could not copy {}", built.display()))?;
    check_size(&binary, bytes)?;
    check_start(platform, &binary)?;
    let bill = folder.join(super::BILL_OF_MATERIALS);
    std::fs::write(&bill, auditable::bill_of_materials(&binary)?)
        .with_context(|| format!("could not write {}", bill.display()))?;
    Ok((binary, bytes))
}

fn check_size(binary: &Path, bytes: u64) -> Result<()> {
    if bytes > LARGEST_BYTES {
        bail!(
            "{} has {bytes} bytes, more than {LARGEST_BYTES}: find what grew it with `cargo tree -e features -p bento-actions`",
            binary.display()
        );
    }
    Ok(())
}

/// One that this machine can start says the version that it is.
fn check_start(platform: &Platform, binary: &Path) -> Result<()> {
    if Platform::of_this_machine() != Some(platform) {
        return Ok(());
    }
    let answer = command::capture(command::clean(binary).arg("--version"))?;
    if !answer.trim().ends_with(env!("CARGO_PKG_VERSION")) {
        bail!("{} --version answers {:?}", binary.display(), answer.trim());
    }
    Ok(())
}

/// Compiles the checkout into the target folder and returns the binary's path.
///
/// # Errors
///
/// A tool is missing, or it does not compile.
pub(super) fn compile(platform: &Platform, checkout: &Path, target: &Path) -> Result<PathBuf> {
    let mut programs = vec![auditable::ensure()?];
    if platform.is_static() {
        programs.push(zig::ensure()?);
    }
    // Asked for each time: it is done at once where the target is there, and says itself why it cannot be had.
    command::capture(command::clean("rustup").args(["target", "add", platform.target]))
        .with_context(|| format!("the standard library of {} comes with rustup", platform.target))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&path)))
        .context("the folder of the checkout cannot stand in PATH")?;
    let mut cargo = command::cargo();
    cargo
        .args(["auditable", if platform.is_static() { "zigbuild" } else { "build" }])
        .args(["--locked", "--profile", "dist", "--package", "bento-actions", "--target", platform.target])
        .current_dir(checkout)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_ENCODED_RUSTFLAGS", rustc_flags(platform, checkout)?)
        .env_remove("RUSTFLAGS");
    without_clock(&mut cargo)?;
    command::run(&mut cargo)?;
    let binary = target.join(platform.target).join("dist").join(platform.binary());
    match binary.is_file() {
        true => Ok(binary),
        false => bail!("{} was not built", binary.display()),
    }
}

/// Paths of this machine become names that are the same on every machine; else they would stand in panic messages. The
/// rest keeps the binary small.
fn rustc_flags(platform: &Platform, checkout: &Path) -> Result<OsString> {
    let names = [(checkout.to_owned(), "/bento-actions"), (cargo_home()?, "/cargo"), (rust_sources()?, "/rust")];
    let mut flags: Vec<OsString> = names
        .into_iter()
        .map(|(folder, name)| {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(folder);
            flag.push(format!("={name}"));
            flag
        })
        .collect();
    // The tables for unwinding follow the stack pointer through each push otherwise: 0.3 MB of 8.
    flags.push("-Cforce-frame-pointers=yes".into());
    if platform.target.ends_with("-msvc") {
        // Else it wants the runtime library of Visual C++ installed.
        flags.push("-Ctarget-feature=+crt-static".into());
    }
    Ok(flags.join(std::ffi::OsStr::new(SEPARATOR)))
}

fn cargo_home() -> Result<PathBuf> {
    match std::env::var_os("CARGO_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(folder.into()),
        None => Ok(std::env::home_dir().context("there is neither CARGO_HOME nor a home folder")?.join(".cargo")),
    }
}

/// Where the standard library's sources stand, if they are installed: then its panics name that folder.
fn rust_sources() -> Result<PathBuf> {
    let root = command::capture(command::clean("rustc").args(["--print", "sysroot"]))?;
    Ok(Path::new(root.trim()).join("lib/rustlib/src/rust"))
}

/// The commit's time in place of the clock's, for compilers that write it down.
fn without_clock(command: &mut Command) -> Result<()> {
    let time = command::capture(command::clean("git").args(["log", "-1", "--format=%ct"]))?;
    command.env("SOURCE_DATE_EPOCH", time.trim());
    Ok(())
}
