//! The tree of a release: this checkout, and the binaries where the launcher looks for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::platform::Platform;
use super::{BILL_OF_MATERIALS, git, sums};

/// Where the pieces come from and go to.
pub(super) struct Places {
    /// The checkout.
    pub(super) checkout: PathBuf,
    /// A folder per platform, with its binary and the bill of materials.
    pub(super) binaries: PathBuf,
    /// The tree; emptied first.
    pub(super) tree: PathBuf,
    /// The binaries under names of their own, for the release's page; emptied first.
    pub(super) assets: PathBuf,
}

/// Lays out the tree and the assets for these platforms.
///
/// # Errors
///
/// A platform has no binary: nothing is laid out then.
pub(super) fn assemble(places: &Places, platforms: &[&Platform]) -> Result<()> {
    let missing: Vec<_> =
        platforms.iter().filter(|platform| !is_built(places, platform)).map(|platform| platform.name).collect();
    if !missing.is_empty() {
        bail!("no binary in {} for {}: build it first", places.binaries.display(), missing.join(", "));
    }
    empty(&places.tree)?;
    empty(&places.assets)?;
    copy_checkout(&places.checkout, &places.tree)?;
    let (mut in_tree, mut in_assets) = (Vec::new(), Vec::new());
    for platform in platforms {
        let built = places.binaries.join(platform.name);
        for (file, asset, mode) in [
            (platform.binary(), platform.asset(), 0o755),
            (BILL_OF_MATERIALS, format!("bento-actions-{}.cdx.json", platform.name), 0o644),
        ] {
            let path = format!("actions/bin/{}/{file}", platform.name);
            put(&built.join(file), &places.tree.join(&path), mode)?;
            put(&built.join(file), &places.assets.join(&asset), mode)?;
            in_tree.push(path);
            in_assets.push(asset);
        }
    }
    sums::write(&places.tree, &in_tree)?;
    sums::write(&places.assets, &in_assets)
}

fn is_built(places: &Places, platform: &Platform) -> bool {
    let folder = places.binaries.join(platform.name);
    folder.join(platform.binary()).is_file() && folder.join(BILL_OF_MATERIALS).is_file()
}

/// Puts one binary where the launcher looks for it.
pub(super) fn put_binary(binary: &Path, tree: &Path, platform: &Platform) -> Result<()> {
    put(binary, &tree.join("actions/bin").join(platform.name).join(platform.binary()), 0o755)
}

/// Every file of the folder that git knows or would take, as it stands in the work tree.
///
/// # Errors
///
/// It is in no repository, or a file cannot be copied.
pub(crate) fn copy_checkout(checkout: &Path, tree: &Path) -> Result<()> {
    let files = git::ask(checkout, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    for file in files.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (checkout.join(file), tree.join(file));
        // One that was removed from the work tree only is still known.
        let Ok(metadata) = fs::symlink_metadata(&from) else { continue };
        let folder = to.parent().unwrap_or(tree);
        fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
        if metadata.is_symlink() {
            bail!("{file} is a link, which an archive for Windows cannot hold");
        }
        fs::copy(&from, &to).with_context(|| format!("could not copy {file}"))?;
    }
    Ok(())
}

/// Copies with the mode set: artifacts of a workflow lose it on their way.
fn put(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let folder = to.parent().context("a file stands in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    fs::copy(from, to).with_context(|| format!("could not copy {} to {}", from.display(), to.display()))?;
    #[cfg(unix)]
    fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(mode))
        .with_context(|| format!("could not set the mode of {}", to.display()))?;
    #[cfg(not(unix))]
    let _ = mode;
    Ok(())
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("could not empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))
}
