//! The release's page on GitHub, by GitHub's own `gh`: a draft until everything is in place.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::version::Version;
use crate::command;

/// What `gh release view` says where there is no page.
const NO_PAGE: &str = "release not found";

/// What the page of a version shows.
pub(super) struct Page {
    /// Its files, all that stand in this folder.
    pub(super) assets: PathBuf,
    /// The file with its text.
    pub(super) notes: PathBuf,
    /// `gh`, or what stands for it.
    pub(super) gh: PathBuf,
    /// `gh` finds out here which repository it is.
    pub(super) checkout: PathBuf,
}

impl Page {
    /// Makes the draft, with all files. One that an earlier attempt left is replaced; a public page stays as it is.
    ///
    /// # Errors
    ///
    /// What `gh` printed.
    pub(super) fn draft(&self, version: Version) -> Result<()> {
        let tag = version.tag();
        match command::capture(self.gh().args(["release", "view", &tag, "--json", "isDraft", "--jq", ".isDraft"])) {
            Ok(is_draft) if is_draft.trim() == "false" => return Ok(()),
            Ok(_) => drop(command::capture(self.gh().args(["release", "delete", &tag, "--yes"]))?),
            Err(error) if error.to_string().contains(NO_PAGE) => {}
            Err(error) => return Err(error.context(format!("could not see whether {tag} has a page"))),
        }
        let title = ["release", "create", &tag, "--draft", "--title", &tag, "--notes-file"];
        command::capture(self.gh().args(title).arg(&self.notes).args(files(&self.assets)?))
            .with_context(|| format!("could not draft the release {tag}"))?;
        Ok(())
    }

    /// Shows the page to everybody; the latest version's is the one that the repository leads to.
    ///
    /// # Errors
    ///
    /// What `gh` printed.
    pub(super) fn make_public(&self, version: Version, is_latest: bool) -> Result<()> {
        let tag = version.tag();
        let latest = format!("--latest={is_latest}");
        command::capture(self.gh().args(["release", "edit", &tag, "--draft=false", &latest])).with_context(|| {
            format!("the tags are there, but the page of {tag} is still a draft: run this step again")
        })?;
        Ok(())
    }

    fn gh(&self) -> Command {
        let mut gh = command::clean(&self.gh);
        gh.current_dir(&self.checkout);
        gh
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    Ok(files)
}
