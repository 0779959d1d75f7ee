//! What a killed run leaves behind: temporary folders, and a container that was being tried.

use std::path::Path;

use actions_core::action::Context;
use actions_core::env::RUNNER_TEMP;
use actions_core::{Context as _, Result};

use crate::engine::Containers;
use crate::verify::{CONTAINER, ENGINE, NAMES};

/// What the names of temporary folders begin with.
pub(crate) const PREFIX: &str = "containerize-push-";
/// The states that name them.
pub(crate) const FOLDERS: [&str; 2] = ["folder", "unpacked"];

/// Removes the folders that a state names, and no others.
///
/// # Errors
/// One cannot be removed.
pub(crate) fn folders(ctx: &Context) -> Result<()> {
    let temp = ctx.env.path(RUNNER_TEMP);
    let named = FOLDERS.iter().filter_map(|state| ctx.env.path(&format!("STATE_{state}")));
    let ours = |folder: &Path| {
        let name = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
        name && temp.as_ref().is_some_and(|temp| folder.parent() == Some(temp))
    };
    let mut removed = Ok(());
    for folder in named.filter(|folder| ours(folder) && folder.exists()) {
        let gone = std::fs::remove_dir_all(&folder).context(|| format!("failed to remove {}", folder.display()));
        removed = removed.and(gone);
    }
    removed
}

/// Removes the container that a state names, where it is still there.
///
/// # Errors
/// The engine does not do it.
pub(crate) async fn containers(ctx: &Context) -> Result<()> {
    let state = |name: &str| ctx.env.get(&format!("STATE_{name}")).filter(|value| !value.is_empty());
    let (Some(name), Some(engine)) = (state(CONTAINER), state(ENGINE)) else { return Ok(()) };
    if name.strip_prefix(NAMES).is_none_or(|id| uuid::Uuid::try_parse(id).is_err()) {
        return Ok(());
    }
    let containers = Containers::of_state(engine, &ctx.env)?;
    if containers.is_there(name, &ctx.cancel).await? { containers.remove(name).await } else { Ok(()) }
}
