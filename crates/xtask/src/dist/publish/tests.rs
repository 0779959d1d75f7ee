//! Releases of a small repository to a bare one beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::dist::BILL_OF_MATERIALS;
use crate::dist::assemble::{Places, assemble};
use crate::dist::page::Page;
use crate::dist::platform;

/// GitHub is not here: this keeps a page's state in a file, writes down what it was asked for, and fails where told to.
const GH: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
echo "$2 $3 $4 $5 [$(git --git-dir=remote.git tag | tr '\n' ' ')]" >> gh.log
test "$2" != "$(cat gh.fails 2>/dev/null)" || exit 1
case $2 in
    view) cat gh.draft 2>/dev/null || { echo 'release not found' >&2; exit 1; } ;;
    create) echo true > gh.draft ;;
    edit) echo false > gh.draft ;;
    delete) rm gh.draft ;;
esac
"#;

struct Scratch {
    folder: TempDir,
    places: Places,
}

impl Scratch {
    /// A checkout whose main is pushed, and a binary for every platform.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let of = |name: &str| folder.path().join(name);
        let places =
            Places { checkout: of("checkout"), binaries: of("binaries"), tree: of("tree"), assets: of("assets") };
        ask(folder.path(), &["init", "--quiet", "--bare", "remote.git"]).expect("a remote");
        ask(folder.path(), &["init", "--quiet", "--initial-branch=main", "checkout"]).expect("a checkout");
        let scratch = Self { folder, places };
        scratch.executable("gh", GH);
        scratch.write("notes.md", "What is new.\n");
        scratch.write("checkout/.gitignore", "/actions/bin\n");
        scratch.write("checkout/actions/launcher/launch.js", "'use strict'\n");
        scratch.commit_main("first");
        for platform in &platform::ALL {
            scratch.write(&format!("binaries/{}/{}", platform.name, platform.binary()), platform.name);
            scratch.write(&format!("binaries/{}/{BILL_OF_MATERIALS}", platform.name), "{}");
        }
        scratch
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    fn executable(&self, path: &str, text: &str) {
        self.write(path, text);
        fs::set_permissions(self.folder_of(path), PermissionsExt::from_mode(0o755)).expect("ours");
    }

    fn commit_main(&self, message: &str) {
        let run = |arguments: &[&str]| ask(&self.places.checkout, arguments).expect("git");
        run(&["add", "--all"]);
        run(&["-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m", message]);
        run(&["push", "--quiet", &self.remote(), "main"]);
    }

    fn remote(&self) -> String {
        self.folder.path().join("remote.git").display().to_string()
    }

    /// What the remote says to `git ARGUMENTS`.
    fn at_remote(&self, arguments: &[&str]) -> String {
        ask(&self.folder.path().join("remote.git"), arguments).expect("git")
    }

    fn tags(&self) -> Vec<String> {
        self.at_remote(&["tag"]).lines().map(str::to_owned).collect()
    }

    fn release(&self, version: &str) -> Result<String> {
        let version = Version::parse(version)?;
        let platforms: Vec<_> = platform::ALL.iter().collect();
        check_unreleased(&self.places.checkout, &self.remote(), version)?;
        assemble(&self.places, &platforms)?;
        let commit = commit(&self.places.checkout, &self.places.tree, version)?;
        self.publish(&commit, version)?;
        Ok(commit)
    }

    fn publish(&self, commit: &str, version: Version) -> Result<Vec<String>> {
        let page = Page {
            assets: self.places.assets.clone(),
            notes: self.folder_of("notes.md"),
            gh: self.folder_of("gh"),
            checkout: self.places.checkout.clone(),
        };
        publish(&self.places.checkout, &self.remote(), commit, version, &page)
    }

    /// What `gh` was asked for, each with the tags that the remote had then.
    fn asked(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder_of("gh.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[test]
fn the_release_commit_stands_beside_main_and_both_tags_name_it() {
    let scratch = Scratch::new();
    let main = scratch.at_remote(&["rev-parse", "main"]);
    let commit = scratch.release("1.0.0").expect("a release");
    assert_eq!(scratch.tags(), ["v1", "v1.0.0"]);
    for tag in ["v1", "v1.0.0"] {
        assert_eq!(scratch.at_remote(&["rev-parse", tag]), commit);
    }
    assert_eq!(scratch.at_remote(&["rev-parse", "main"]), main, "main stays where it was");
    assert_eq!(scratch.at_remote(&["rev-parse", "v1^"]), main, "and is the parent");
    assert_eq!(scratch.at_remote(&["branch", "--contains", "v1"]), "", "no branch has the release commit");

    let added = scratch.at_remote(&["diff-tree", "-r", "--name-status", "main", "v1"]);
    assert!(added.lines().all(|line| line.starts_with("A\tactions/bin/") || line == "A\tSHA256SUMS"), "{added}");
    let modes = scratch.at_remote(&["ls-tree", "v1", "actions/bin/linux-x64/"]);
    assert!(modes.contains("100755") && modes.contains("bento-actions"), "the binary may be run: {modes}");
    let sums = scratch.at_remote(&["show", "v1:SHA256SUMS"]);
    assert_eq!(sums.lines().count(), 2 * platform::ALL.len());
    command::capture(command::clean("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&scratch.places.tree))
        .expect("the sums are right");
    command::capture(command::clean("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&scratch.places.assets))
        .expect("the sums are right");
}

#[test]
fn the_major_tag_moves_forward_only() {
    let scratch = Scratch::new();
    let first = scratch.release("1.0.0").expect("a release");
    scratch.write("checkout/README.md", "new\n");
    scratch.commit_main("second");
    let second = scratch.release("1.2.0").expect("a release");
    assert_eq!(scratch.at_remote(&["rev-parse", "v1"]), second);
    assert_eq!(scratch.at_remote(&["rev-parse", "v1.0.0"]), first, "a version's tag stays");
    scratch.release("1.1.1").expect("a release");
    assert_eq!(scratch.at_remote(&["rev-parse", "v1"]), second, "an older line does not take it back");
}

#[test]
fn a_release_happens_once() {
    let scratch = Scratch::new();
    let commit = scratch.release("1.0.0").expect("a release");
    let again = scratch.publish(&commit, Version::parse("1.0.0").expect("a version"));
    assert_eq!(again.expect("the last step may be run again"), Vec::<String>::new());
    let error = scratch.release("1.0.0").expect_err("it is there").to_string();
    assert!(error.contains("v1.0.0") && error.contains(&commit), "{error}");
    scratch.write("checkout/README.md", "new\n");
    scratch.commit_main("second");
    let version = Version::parse("1.0.0").expect("a version");
    let other = super::commit(&scratch.places.checkout, &scratch.places.tree, version);
    assert!(other.is_err(), "the tree is that of another commit");
}

#[test]
fn a_platform_without_a_binary_leaves_no_tag() {
    let scratch = Scratch::new();
    fs::remove_file(scratch.folder_of("binaries/win32-x64/bento-actions.exe")).expect("it was there");
    let error = scratch.release("1.0.0").expect_err("incomplete").to_string();
    assert!(error.contains("win32-x64"), "{error}");
    assert_eq!(scratch.tags(), Vec::<String>::new());
}

#[test]
fn a_remote_that_takes_one_tag_only_gets_none() {
    let scratch = Scratch::new();
    scratch.executable("remote.git/hooks/update", "#!/bin/sh\ntest \"$1\" != refs/tags/v1\n");
    let error = scratch.release("1.0.0").expect_err("refused").to_string();
    assert!(error.contains("took none of the tags v1.0.0, v1"), "{error}");
    assert_eq!(scratch.tags(), Vec::<String>::new());
    assert!(!scratch.asked().iter().any(|call| call.starts_with("edit")), "the page stays a draft");
}

#[test]
fn a_checkout_with_changes_is_not_released() {
    let scratch = Scratch::new();
    scratch.write("checkout/actions/launcher/launch.js", "// not committed\n");
    let error = scratch.release("1.0.0").expect_err("changed").to_string();
    assert!(error.contains("launch.js") && error.contains("clean checkout"), "{error}");
    assert_eq!(scratch.tags(), Vec::<String>::new());
}

#[test]
fn the_page_is_a_draft_until_the_tags_are_there() {
    let scratch = Scratch::new();
    scratch.release("1.0.0").expect("a release");
    let calls = [
        "view v1.0.0 --json isDraft []",
        "create v1.0.0 --draft --title []",
        "edit v1.0.0 --draft=false --latest=true [v1 v1.0.0 ]",
    ];
    assert_eq!(scratch.asked(), calls);
    scratch.write("checkout/README.md", "new\n");
    scratch.commit_main("second");
    scratch.release("2.0.0").expect("a release");
    scratch.release("1.0.1").expect("a release");
    let last = scratch.asked().pop().expect("it was asked");
    assert!(last.starts_with("edit v1.0.1 --draft=false --latest=false"), "{last}");
}

#[test]
fn without_a_page_there_is_no_tag_and_the_next_attempt_goes_through() {
    let scratch = Scratch::new();
    scratch.write("gh.fails", "view");
    let error = scratch.release("1.0.0").expect_err("no answer").to_string();
    assert!(error.contains("could not see whether v1.0.0 has a page"), "{error}");
    assert_eq!(scratch.asked().len(), 1, "nothing is made where it is not known what there is");

    scratch.write("gh.fails", "create");
    let error = scratch.release("1.0.0").expect_err("no page").to_string();
    assert!(error.contains("could not draft the release v1.0.0"), "{error}");
    assert_eq!(scratch.tags(), Vec::<String>::new());

    scratch.write("gh.fails", "edit");
    let error = scratch.release("1.0.0").expect_err("no public page").to_string();
    assert!(error.contains("still a draft: run this step again"), "{error}");
    scratch.write("gh.fails", "");
    let commit = scratch.at_remote(&["rev-parse", "v1.0.0"]);
    scratch.publish(&commit, Version::parse("1.0.0").expect("a version")).expect("the second attempt");
    let states: Vec<_> = scratch.asked().iter().filter_map(|call| Some(call.split_once(' ')?.0.to_owned())).collect();
    assert_eq!(states[states.len() - 4..], ["view", "delete", "create", "edit"], "a draft that was left is replaced");
}
