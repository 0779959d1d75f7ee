//! The release commit, its tags and its page. The commit stands beside main, with main's commit as its parent: the
//! binaries are all that it adds. The page is a draft until both tags have come to the remote, in one step: whatever
//! fails before leaves no tag.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::git::{ask, git};
use super::page::Page;
use super::sums;
use super::version::Version;
use crate::command;

const BINARIES: &str = "actions/bin/";
/// GitHub's own name for what its workflows commit.
const COMMITTER: (&str, &str) = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com");

/// Fails when the remote has a tag of this version already.
///
/// # Errors
///
/// So it has, or it does not answer.
pub(super) fn check_unreleased(checkout: &Path, remote: &str, version: Version) -> Result<()> {
    match remote_tags(checkout, remote)?.get(&version.tag()) {
        Some(commit) => bail!("{} is released already, as {commit}: raise the version in Cargo.toml", version.tag()),
        None => Ok(()),
    }
}

/// Makes the commit that holds the tree, and returns its hash. No branch and no tag names it yet. The same checkout and
/// tree make the same commit, whenever it is made.
///
/// # Errors
///
/// The tree changes or lacks something of the checked out commit.
pub(super) fn commit(checkout: &Path, tree: &Path, version: Version) -> Result<String> {
    let repository = ask(checkout, &["rev-parse", "--absolute-git-dir"])?;
    let index = Path::new(&repository).join("release-index");
    let in_tree = |arguments: &[&str]| {
        let mut git = git(tree);
        git.env("GIT_DIR", &repository).env("GIT_WORK_TREE", tree).env("GIT_INDEX_FILE", &index).args(arguments);
        command::capture(&mut git).map(|text| text.trim_end().to_owned())
    };
    in_tree(&["read-tree", "--empty"])?;
    in_tree(&["add", "--all", "--force", "."])?;
    let written = in_tree(&["write-tree"])?;
    std::fs::remove_file(&index).with_context(|| format!("could not remove {}", index.display()))?;
    let changes = ask(checkout, &["diff-tree", "-r", "--name-status", "HEAD", &written])?;
    if let Some(change) = changes.lines().find(|change| !is_expected(change)) {
        bail!(
            "the release tree differs from the commit that is released: {change:?}. Assemble it from a clean checkout"
        );
    }
    let date = ask(checkout, &["log", "-1", "--format=%cI"])?;
    let message = format!("Release {version}");
    let mut git = git(checkout);
    git.args(["commit-tree", &written, "-p", "HEAD", "-m", &message]);
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), COMMITTER.0)
            .env(format!("GIT_{role}_EMAIL"), COMMITTER.1)
            .env(format!("GIT_{role}_DATE"), &date);
    }
    Ok(command::capture(&mut git)?.trim_end().to_owned())
}

/// Is this line of `git diff --name-status` an addition that a release makes?
fn is_expected(change: &str) -> bool {
    change.strip_prefix("A\t").is_some_and(|path| path.starts_with(BINARIES) || path == sums::NAME)
}

/// Publishes the commit: the draft of its page, the tags, then the page for everybody. It can be run again after a
/// failure. Returns the tags that were pushed.
///
/// # Errors
///
/// The page cannot be drafted: then there is no tag. The tags cannot be pushed: then the page stays a draft.
pub(super) fn publish(
    checkout: &Path,
    remote: &str,
    commit: &str,
    version: Version,
    page: &Page,
) -> Result<Vec<String>> {
    page.draft(version)?;
    let pushed = push_tags(checkout, remote, commit, version)?;
    let is_latest = released(&remote_tags(checkout, remote)?).all(|other| other <= version);
    page.make_public(version, is_latest)?;
    Ok(pushed)
}

/// The versions among the tags.
fn released(tags: &BTreeMap<String, String>) -> impl Iterator<Item = Version> {
    tags.keys().filter_map(|tag| Version::parse(tag).ok())
}

/// Pushes the version's tag, and the major one with it unless that names a later version; returns those that it pushed.
/// A second call for the same commit changes nothing.
///
/// # Errors
///
/// The tag names another commit, the major tag was moved meanwhile, or the remote takes one of them not: then it has
/// neither.
fn push_tags(checkout: &Path, remote: &str, commit: &str, version: Version) -> Result<Vec<String>> {
    let (tag, major) = (version.tag(), version.major_tag());
    let tags = remote_tags(checkout, remote)?;
    let mut push = git(checkout);
    push.args(["push", "--quiet", "--atomic", remote]);
    let mut pushed = Vec::new();
    match tags.get(&tag) {
        Some(other) if other != commit => bail!("{tag} names {other} already, and released tags do not move"),
        Some(_) => {}
        None => {
            push.arg(format!("{commit}:refs/tags/{tag}"));
            pushed.push(tag);
        }
    }
    let later = released(&tags).any(|other| other.shares_major(version) && other > version);
    let before = tags.get(&major).map_or("", String::as_str);
    if !later && before != commit {
        // Moves it, but only away from the commit that was seen there. A `+` would undo that condition.
        push.arg(format!("--force-with-lease=refs/tags/{major}:{before}"));
        push.arg(format!("{commit}:refs/tags/{major}"));
        pushed.push(major);
    }
    if !pushed.is_empty() {
        command::capture(&mut push).with_context(|| format!("{remote} took none of the tags {}", pushed.join(", ")))?;
    }
    Ok(pushed)
}

/// The remote's tags and the commits they name.
fn remote_tags(checkout: &Path, remote: &str) -> Result<BTreeMap<String, String>> {
    let lines = ask(checkout, &["ls-remote", "--tags", "--refs", remote])?;
    let tags = lines.lines().filter_map(|line| {
        let (commit, name) = line.split_once('\t')?;
        Some((name.strip_prefix("refs/tags/")?.to_owned(), commit.to_owned()))
    });
    Ok(tags.collect())
}

#[cfg(all(test, unix))]
mod tests;
