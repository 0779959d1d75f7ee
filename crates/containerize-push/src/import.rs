//! A Bento in a file, as `bentoml export` writes it, in place of one of the store.

use std::path::Path;

use actions_core::action::Context;
use actions_core::{Context as _, Error, Result, disk};
use bento_format::{outline_export, unpack_export};
use tempfile::TempDir;

use crate::leftovers::{FOLDERS, PREFIX};

/// What the names of such files end with.
const ENDINGS: [&str; 7] = [".bento", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".zip"];

/// Unpacks the file that `wanted` is, into a folder of its own; `None` where it is a tag. A path is relative to the workspace.
/// For a dry run only an outline is made, which goes with the plan, and no state is written.
///
/// # Errors
/// There is no such file, or no Bento in it.
pub(crate) async fn unpacked(wanted: &str, dry_run: bool, ctx: &Context) -> Result<Option<TempDir>> {
    let file = ctx.workspace().join(wanted);
    if !file.is_file() {
        let meant = ENDINGS.iter().any(|ending| wanted.ends_with(ending)) || Path::new(wanted).is_absolute();
        return if meant {
            Err(Error::not_found(format!("input bento-tag: there is no file {}", file.display()))
                .hint("Paths are relative to the workspace; a Bento of the store is named by its tag."))
        } else {
            Ok(None)
        };
    }
    if !dry_run {
        // The contents take at least as much room as the file.
        let bytes = std::fs::metadata(&file).context(|| format!("failed to read {}", file.display()))?.len();
        disk::require(&ctx.temp_root(), bytes, &format!("unpacking {}", file.display()))?;
    }
    let folder = ctx.temp_dir(PREFIX)?;
    if !dry_run {
        ctx.files.save_state(FOLDERS[1], &folder.path().display().to_string())?;
        tracing::info!("unpacking {}", file.display());
    }
    let cancel = ctx.cancel.clone();
    // The thread owns the folder: it is removed after the last byte is written, also when nobody waits any more.
    let unpacking = tokio::task::spawn_blocking(move || {
        let unpack = if dry_run { outline_export } else { unpack_export };
        unpack(&file, folder.path(), &cancel)?;
        Ok(folder)
    });
    unpacking.await.context(|| format!("failed to unpack {wanted}"))?.map(Some)
}
