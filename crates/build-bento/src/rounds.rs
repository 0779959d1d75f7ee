//! A build in rounds: what turns out to be needed is installed for this build, and the build starts over.

use std::path::Path;

use actions_core::Result;
use actions_core::action::Context;
use bento_format::Store;
use tempfile::TempDir;

use crate::driver::{self, Answered, Needed, Task};
use crate::locate::Located;
use crate::overlay::{Overlay, Strictness};
use crate::sources::Sources;
use crate::{Dependencies, Request};

/// What one round needs, the one before could not know; a project that needs more is in a circle.
const ROUNDS: usize = 20;

/// How the last round ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What Python answered.
    pub(crate) answered: Answered,
    /// What the Bento needs, and no known distribution has.
    pub(crate) lacking: Vec<Needed>,
    /// Where the Bento was built; gone with this.
    pub(crate) staging: TempDir,
}

/// Runs the driver until it needs nothing more.
///
/// # Errors
/// When Python cannot be started or ends without an answer, or packages cannot be installed; on cancellation.
pub(crate) async fn run(
    request: &Request,
    project: &Located,
    store: &Store,
    python: &Path,
    ctx: &Context,
) -> Result<Ended> {
    let mut overlay = Overlay::default();
    if request.dependencies == Dependencies::Install {
        let (all, sources) = everything(request, project, store, python, ctx).await?;
        if !all.is_empty() {
            overlay.install(&all, &sources, Strictness::AsWritten, python, ctx).await?;
        }
    }
    for _ in 1..ROUNDS {
        let ended = round(request, project, &overlay, store, python, ctx).await?;
        let wanted = |needed: &Needed| needed.requirement.clone().filter(|requirement| !overlay.has(requirement));
        let (todo, lacking): (Vec<_>, Vec<_>) =
            ended.answered.needed.iter().cloned().partition(|needed| wanted(needed).is_some());
        if todo.is_empty() {
            tell(&ended.answered, &overlay);
            return Ok(Ended { lacking, ..ended });
        }
        let requirements: Vec<_> = todo.iter().filter_map(wanted).collect();
        for needed in &todo {
            tracing::info!("{} is needed to build the Bento: {}", needed.module, needed.what);
        }
        overlay.install(&requirements, &ended.answered.sources, Strictness::AnyVersion, python, ctx).await?;
        tracing::info!("installed for this build: {}; building again", requirements.join(", "));
    }
    let ended = round(request, project, &overlay, store, python, ctx).await?;
    Ok(Ended { lacking: ended.answered.needed.clone(), ..ended })
}

async fn round(
    request: &Request,
    project: &Located,
    overlay: &Overlay,
    store: &Store,
    python: &Path,
    ctx: &Context,
) -> Result<Ended> {
    let staging = store.stage()?;
    let folder = overlay.folder();
    // What is installed stands behind the rest by now.
    let dependencies = if request.dependencies == Dependencies::Auto { "auto" } else { "none" };
    let task = Task { staging: staging.path(), overlay: folder.as_deref(), dependencies };
    let answered = driver::run(request, project, task, store.home(), python, ctx).await?;
    Ok(Ended { answered, lacking: Vec::new(), staging })
}

/// The lines of all that the project requires, its build configuration's and those of its service's image; and where they
/// come from.
async fn everything(
    request: &Request,
    project: &Located,
    store: &Store,
    python: &Path,
    ctx: &Context,
) -> Result<(Vec<String>, Sources)> {
    let packages = &project.project.python;
    let mut lines: Vec<_> = packages.packages.iter().map(|line| line.value.clone()).collect();
    lines.extend(packages.requirements.iter().map(|file| format!("-r {}", file.value.display())));
    lines.extend(packages.wheels.iter().map(|wheel| wheel.value.display().to_string()));
    let staging = store.stage()?;
    let task = Task { staging: staging.path(), overlay: None, dependencies: "list" };
    let listed = driver::run(request, project, task, store.home(), python, ctx).await?;
    lines.extend(listed.needed.into_iter().filter_map(|needed| needed.requirement));
    Ok((lines, listed.sources))
}

/// What a person wants to know of it in the log.
fn tell(answered: &Answered, overlay: &Overlay) {
    let stood_in: Vec<_> = answered.stood_in.iter().map(|one| one.module.as_str()).collect();
    if !stood_in.is_empty() {
        tracing::info!("built without {}: the Bento is the same", stood_in.join(", "));
    }
    let installed: Vec<_> = overlay.installed().collect();
    if !installed.is_empty() {
        tracing::debug!("installed for this build alone: {}", installed.join(", "));
    }
}
