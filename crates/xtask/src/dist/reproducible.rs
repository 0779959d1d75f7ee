//! Do two builds of a commit give the same bytes? Built again from a clone in another folder, into another target folder.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::platform::Platform;
use super::{build, git, sums};
use crate::layout;

/// Compares the binary that stands there with one of a clone of the checked out commit.
///
/// # Errors
///
/// The bytes differ, or the checkout has changes that a clone lacks.
pub(super) fn check(platform: &Platform) -> Result<()> {
    let changes = git::ask(&layout::root(), &["status", "--porcelain"])?;
    if !changes.is_empty() {
        bail!("the checkout has changes, so a clone would differ anyway: commit them first\n{changes}");
    }
    let folder = layout::target().join("reproducible");
    remove(&folder)?;
    let checkout = folder.join("another-checkout");
    std::fs::create_dir_all(&folder).with_context(|| format!("could not create {}", folder.display()))?;
    let (from, to) = (layout::root().display().to_string(), checkout.display().to_string());
    git::ask(&folder, &["clone", "--quiet", &from, &to])?;
    let again = sums::of(&build::compile(platform, &checkout, &folder.join("another-target"))?)?;
    let first = sums::of(&build::folder(platform).join(platform.binary()))?;
    if again != first {
        bail!("{}: one build has the sum {first}, one from {} has {again}", platform.name, checkout.display());
    }
    println!("{}: two builds have the sum {first}", platform.name);
    remove(&folder)
}

fn remove(folder: &Path) -> Result<()> {
    match folder.exists() {
        true => std::fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display())),
        false => Ok(()),
    }
}
