//! Builds a Bento: the project is found, its models are fetched, BentoML builds, the store takes the result.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actions_core::action::Context;
use actions_core::{Cause, Context as _, Error, Location, Result};
use bento_format::{BentoInfo, Kind, Store, Tag};

use crate::driver::Outcome;
use crate::identity::{self, Existing, Installed};
use crate::locate::Located;
use crate::rounds::{self, Ended};
use crate::{Request, Source, failure, git, lint, locate, models, warnings};

/// A Bento that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// `name:version`.
    pub tag: Tag,
    /// Its folder in the local store.
    pub path: PathBuf,
    /// What its bento.yaml says.
    pub info: BentoInfo,
    /// How long it took, models and clone included.
    pub duration: Duration,
    /// The digest of all that goes into it, where somebody acts on it.
    pub digest: Option<String>,
    /// Was it there already, and nothing was built?
    pub is_kept: bool,
}

impl Built {
    /// A Bento that was there already.
    ///
    /// # Errors
    /// It cannot be brought into the local store, or read there.
    pub(crate) async fn kept(existing: &Existing, request: &Request, ctx: &Context) -> Result<Self> {
        let started = Instant::now();
        let path = existing.bring(&store(ctx)?, request.cloud.as_ref(), ctx).await?;
        let (info, tag, digest) = (BentoInfo::read(&path)?, existing.tag().clone(), request.digest.clone());
        Ok(Self { tag, path, info, duration: started.elapsed(), digest, is_kept: true })
    }
}

/// Builds what the request describes with this Python, which has BentoML, and puts the Bento into the local store.
///
/// # Errors
/// When the project is not found, its code cannot be imported ([`Cause::Build`], at file and line), BentoML refuses it, or
/// the store cannot be written. The store is unchanged then.
pub async fn build(request: &Request, python: &Path, ctx: &Context) -> Result<Built> {
    let started = Instant::now();
    request.check()?;
    let store = store(ctx)?;
    let (project, clone) = project(request, ctx).await?;
    let root = clone.as_ref().map_or_else(|| ctx.workspace(), |clone| &clone.root);
    let inside = clone.as_ref().map(|clone| clone.root.as_path());
    let request = &identity::complete(request.clone(), &project, inside, Some(python), ctx).await?;
    if let Some(existing) = identity::existing(request, &project, ctx).await? {
        return Built::kept(&existing, request, ctx).await;
    }
    let bentoml = Installed::of(python, &ctx.env).map(|installed| installed.bentoml);
    lint::before_build(&project, root, bentoml.as_ref()).map_err(|error| clone.iter().fold(error, in_repository))?;
    models::pull(&models::missing(&project.project.models, &store)?, request.cloud.as_ref(), &store, ctx).await?;
    let Ended { answered, lacking, staging: _staging } = rounds::run(request, &project, &store, python, ctx).await?;
    warnings::show(warnings::of_uses(&answered.uses, &project), root);
    warnings::show(warnings::of_stood_in(&answered.stood_in, &project), root);
    let folder = match answered.outcome {
        Outcome::Built(folder) => match lacking.first() {
            None => folder,
            Some(needed) => {
                let error = failure::lacking(needed, &project);
                return Err(clone.iter().fold(error, in_repository));
            }
        },
        Outcome::Failed(failed) => {
            if let Some(needed) = lacking.first().filter(|_| failed.failure.class == "Needed") {
                let error = failure::lacking(needed, &project);
                return Err(clone.iter().fold(error, in_repository));
            }
            warnings::show(warnings::of_failed(&project), root);
            let error = failure::explain(
                &failed.failure,
                &failure::Build {
                    located: &project,
                    bentoml: failed.bentoml.as_deref(),
                    workspace: ctx.workspace(),
                    env: &ctx.env,
                    has_token: request.cloud.is_some(),
                    said: &failed.said,
                    uses: &answered.uses,
                    lacking: &lacking,
                },
            );
            return Err(clone.iter().fold(error, in_repository));
        }
    };
    warnings::show(warnings::of_bento(&folder, &project, &store)?, root);
    let (tag, path) = adopt(folder, store).await?;
    let info = BentoInfo::read(&path)?;
    let digest = request.digest.clone();
    Ok(Built { tag, path, info, duration: started.elapsed(), digest, is_kept: false })
}

/// The project that a request names, with the clone of it where it is a git context.
///
/// # Errors
/// It is not there, cannot be fetched, or its build configuration cannot be read.
pub(crate) async fn project(request: &Request, ctx: &Context) -> Result<(Located, Option<git::Clone>)> {
    let bentofile = request.bentofile.as_deref();
    match &request.source {
        Source::Local(context) => Ok((locate::local(context, bentofile, ctx.workspace(), &ctx.env)?, None)),
        Source::Git(repository) => {
            let clone = git::fetch(repository, ctx).await?;
            let mut located = locate::located(clone.context.clone(), None, bentofile, ctx.workspace(), &ctx.env)
                .map_err(|error| in_repository(error, &clone))?;
            // A module beside the context's folder is the project's own, as it is in a workspace.
            located.root.clone_from(&clone.root);
            Ok((located, Some(clone)))
        }
    }
}

/// The local store, by an absolute path: Python may run in another folder.
pub(crate) fn store(ctx: &Context) -> Result<Store> {
    Ok(Store::of(&ctx.env)?.within(ctx.workspace()).cancelled_by(&ctx.cancel))
}

/// Moves the finished Bento to its place. As BentoML does, it never replaces one that is there. Another process may hold the
/// store's lock for seconds: a thread of its own waits, and ends with the job.
async fn adopt(folder: PathBuf, store: Store) -> Result<(Tag, PathBuf)> {
    let tag = BentoInfo::read(&folder)?.tag;
    let failed = format!("failed to save {tag} in the local store {}", store.home().display());
    let saving = tokio::task::spawn_blocking(move || {
        store.insert(Kind::Bento, |target| {
            let moved = std::fs::remove_dir(target).and_then(|()| std::fs::rename(folder, target));
            moved.context(|| failed)
        })
    });
    let saved = saving.await.context(|| "what writes to the local store stopped".into())?;
    saved.map_err(|error| match error.cause() {
        Cause::Exists => error.hint("Set another version, or none to have one generated."),
        _ => error,
    })
}

/// The clone is gone when a person reads the error, and GitHub knows nothing of it: paths count from its root.
pub(crate) fn in_repository(error: Error, clone: &git::Clone) -> Error {
    let Some(at) = error.location().cloned() else { return error };
    let file = at.file.strip_prefix(&clone.root).unwrap_or(&at.file).to_owned();
    error.at(Location { file, ..at })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use actions_core::action::Cancel;

    use super::*;

    #[tokio::test]
    async fn who_waits_for_the_store_ends_with_the_job_and_leaves_no_bento() {
        let home = tempfile::tempdir().unwrap();
        let (cancel, built) = (Cancel::default(), home.path().join("built"));
        fs::create_dir(&built).unwrap();
        let manifest = "name: echo\nversion: v1\ncreation_time: '2026-01-01T00:00:00+00:00'\nservice: service:Echo\n";
        fs::write(built.join("bento.yaml"), manifest).unwrap();
        let held = fs::File::create(home.path().join(".bento-actions.lock")).unwrap();
        held.lock().unwrap();
        let store = Store::at(home.path()).cancelled_by(&cancel);
        // On the one thread of this test: what blocks it lets nobody cancel.
        let (adopted, ()) = tokio::join!(adopt(built, store.clone()), async {
            while store.get(Kind::Bento, &"echo:v1".parse().unwrap()).is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            cancel.cancel();
        });
        assert_eq!(adopted.unwrap_err().cause(), Cause::Cancelled);
        let left = |folder: &str| fs::read_dir(home.path().join(folder)).unwrap().count();
        assert_eq!((left("bentos/echo"), left("tmp")), (0, 0));
    }
}
