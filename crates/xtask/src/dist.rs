//! `cargo xtask dist`: what a release is made of, and its steps. The workflow release.yml only calls them, so that they
//! can be tried here.

mod assemble;
mod auditable;
mod build;
mod git;
mod page;
mod platform;
mod publish;
mod reproducible;
mod sums;
mod version;
mod zig;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use crate::{e2e, layout};
use assemble::Places;
pub(crate) use assemble::copy_checkout;
use page::Page;
use platform::Platform;
use version::Version;

/// The list of crates beside each binary.
const BILL_OF_MATERIALS: &str = "bento-actions.cdx.json";
/// Every job downloads the whole tree, compressed. Bytes.
const LARGEST_TREE: u64 = 25_000_000;

pub(crate) fn command() -> Command {
    let remote = Arg::new("remote").long("remote").help("The repository to release to").default_value("origin");
    Command::new("dist")
        .about("Build what a release of this machine's system has, into target/release-tree")
        .args_conflicts_with_subcommands(true)
        .arg(
            Arg::new("platform")
                .long("platform")
                .help("Only this one, such as linux-x64; repeatable")
                .action(ArgAction::Append),
        )
        .arg(
            Arg::new("check-reproducible")
                .long("check-reproducible")
                .help("Build each a second time elsewhere, and compare: takes as long again")
                .action(ArgAction::SetTrue),
        )
        .subcommand(
            Command::new("check")
                .about("Fail unless this version can be released: the tag that users name, not there yet, and notes in CHANGELOG.md")
                .arg(remote.clone()),
        )
        .subcommand(Command::new("assemble").about("Make the release tree, the assets and the notes of all platforms"))
        .subcommand(
            Command::new("publish")
                .about("Commit the release tree beside main, draft its page, push its tags, all or none, and show the page")
                .arg(remote),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("check", arguments)) => check(remote(arguments)),
        Some(("assemble", _)) => assemble_all(),
        Some(("publish", arguments)) => publish(remote(arguments)),
        _ => build_here(matches),
    }
}

fn remote(matches: &ArgMatches) -> &str {
    matches.get_one::<String>("remote").expect("it has a default")
}

fn places() -> Places {
    Places {
        checkout: layout::root(),
        binaries: layout::platform_binaries(),
        tree: layout::release_tree(),
        assets: layout::target().join("release-assets"),
    }
}

/// Builds this machine's binary as it ships into `target/dist`, and returns its path and size in bytes.
///
/// # Errors
///
/// No release serves this machine, it does not compile, or is too large to ship.
pub(crate) fn build() -> Result<(PathBuf, u64)> {
    let platform = Platform::of_this_machine().context("no release serves this machine")?;
    let (built, bytes) = build::build(platform)?;
    let folder = layout::dist_binaries();
    let binary = folder.join(platform.binary());
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::copy(&built, &binary))
        .with_context(|| format!("could not copy {} to {}", built.display(), binary.display()))?;
    Ok((binary, bytes))
}

/// Lays out a tree like a release's with the debug binary of this machine, for tests.
///
/// # Errors
///
/// No release serves this machine, or nothing is built.
pub(crate) fn lay_out_debug(tree: &Path) -> Result<()> {
    let platform = Platform::of_this_machine().context("no release serves this machine")?;
    copy_checkout(&layout::root(), tree)?;
    assemble::put_binary(&layout::debug_binaries().join(platform.binary()), tree, platform)
}

/// Lays out the release tree of this checkout with these binaries, a folder per platform.
fn build_here(matches: &ArgMatches) -> Result<()> {
    let named: Vec<_> = matches.get_many::<String>("platform").unwrap_or_default().collect();
    let platforms = match named.as_slice() {
        [] => Platform::built_here(),
        _ => named.into_iter().map(|name| Platform::named(name)).collect::<Result<_>>()?,
    };
    if platforms.is_empty() {
        bail!("no release serves this system");
    }
    for platform in &platforms {
        let (path, bytes) = build::build(platform)?;
        println!("{}: {bytes} bytes", path.display());
        if matches.get_flag("check-reproducible") {
            reproducible::check(platform)?;
        }
    }
    lay_out(&platforms)
}

fn check(remote: &str) -> Result<()> {
    let version = Version::of_workspace()?;
    if version.major_tag() != e2e::TAG {
        bail!(
            "the documents and examples say @{}, which {} would not move: raise the version in Cargo.toml, or TAG in \
             e2e/tree.rs with every `uses:`",
            e2e::TAG,
            version.tag(),
        );
    }
    publish::check_unreleased(&layout::root(), remote, version)?;
    notes(version)?;
    println!("{} can be released", version.tag());
    Ok(())
}

fn assemble_all() -> Result<()> {
    let version = Version::of_workspace()?;
    let notes = notes(version)?;
    lay_out(&platform::ALL.iter().collect::<Vec<_>>())?;
    // Made here too, so that a tree that cannot be released is noticed before anything is announced.
    let commit = publish::commit(&layout::root(), &layout::release_tree(), version)?;
    let path = notes_file();
    std::fs::write(&path, notes).with_context(|| format!("could not write {}", path.display()))?;
    println!("the commit of {} is {commit}", version.tag());
    Ok(())
}

fn publish(remote: &str) -> Result<()> {
    let version = Version::of_workspace()?;
    let commit = publish::commit(&layout::root(), &layout::release_tree(), version)?;
    let page = Page { assets: places().assets, notes: notes_file(), gh: "gh".into(), checkout: layout::root() };
    let pushed = publish::publish(&layout::root(), remote, &commit, version, &page)?;
    println!("pushed {} for {commit}", if pushed.is_empty() { "nothing new".to_owned() } else { pushed.join(" and ") });
    Ok(())
}

fn notes_file() -> PathBuf {
    layout::target().join("release-notes.md")
}

fn notes(version: Version) -> Result<String> {
    let path = layout::root().join("CHANGELOG.md");
    let text = std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    version.notes(&text)
}

fn lay_out(platforms: &[&Platform]) -> Result<()> {
    let places = places();
    assemble::assemble(&places, platforms)?;
    let mut encoder = GzBuilder::new().write(Counter(0), Compression::best());
    compress(&places.tree, &mut encoder)?;
    let Counter(bytes) = encoder.finish()?;
    println!("{}: {bytes} bytes compressed, for {} platforms", places.tree.display(), platforms.len());
    if bytes > LARGEST_TREE {
        bail!("that is more than {LARGEST_TREE}: every job downloads it");
    }
    Ok(())
}

/// Counts what is written.
struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn compress(folder: &Path, into: &mut GzEncoder<Counter>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            compress(&entry.path(), into)?;
        } else {
            into.write_all(&std::fs::read(entry.path())?)?;
        }
    }
    Ok(())
}
