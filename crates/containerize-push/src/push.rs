//! A push: the engine pushes the image without models, under no name of the user's; the models are added; then the tags
//! are written, and read back.

use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use actions_core::http;
use actions_core::http::Attempt;
use actions_core::{Cause, Context as _, Error, Result};
use futures_util::future::join_all;
use registry::{Arrival, Image, Layer, Logins, Manifest, Registry, Repository};
use serde_json::Value;
use uuid::Uuid;

use crate::assemble::{Assembly, Made};
use crate::engine::{Build, Engine, Goal, is_transient};
use crate::layer;
use crate::output::Push;
use crate::recipe::Way;
use crate::report::{Outcome, Took};

/// The repositories that are pushed to, each once, in the order of the tags.
fn repositories(images: &[Image]) -> Vec<Repository> {
    let mut repositories: Vec<Repository> = Vec::new();
    for image in images {
        if !repositories.contains(&image.repository) {
            repositories.push(image.repository.clone());
        }
    }
    repositories
}

/// A layer that was added, and what it took.
#[derive(Debug)]
pub(crate) struct Added {
    pub(crate) layer: Layer,
    pub(crate) arrival: Arrival,
}

/// Builds and pushes; the goal of the build is set here. Returns what was pushed, and an error where the registry no longer has it.
///
/// # Errors
/// The build or the push fails, or the job is cancelled.
pub(crate) async fn push(build: Build<'_>, push: &Push, engine: &Engine) -> Result<(Outcome, Result<()>)> {
    let start = Instant::now();
    // Whoever fails stops the other.
    let stop = build.ctx.cancel.child();
    let repositories = repositories(&push.images);
    let registries = connect(&build.plan.logins, &repositories, &stop)?;
    let staging = (!engine.by_digest()).then(|| format!("bento-staging-{}", Uuid::new_v4().simple()));
    let build = Build { goal: Goal::Push(&repositories, staging.as_deref()), ..build };
    let building = async {
        let built = build_and_push(build, engine, &stop).await;
        built.inspect_err(|_| stop.cancel()).map(|metadata| (metadata, start.elapsed()))
    };
    let adding = async {
        let added = add_models(build, &registries, &stop).await;
        added.inspect_err(|_| stop.cancel()).map(|added| (added, start.elapsed()))
    };
    let (built, added) = tokio::join!(building, adding);
    let mut finals = Vec::new();
    let done = match (built, added) {
        (Ok((metadata, building)), Ok((added, adding))) => {
            let tagging = Instant::now();
            let finished = finish(build, push, &registries, staging.as_deref(), metadata, added, &mut finals).await;
            let took = |tagging: Duration| Took { building, adding, tagging };
            finished.map(|outcome| outcome.with_times(took(tagging.elapsed())))
        }
        (Err(error), Ok(_)) => Err(error),
        (Ok(_), Err(error)) => Err(error),
        // The one that was stopped says so.
        (Err(build), Err(add)) => Err(if build.cause() == Cause::Cancelled { add } else { build }),
    };
    let mut kept = Ok(());
    if let Some(staging) = &staging {
        // Also after a failure or a cancellation, which leaves little time.
        let cleaning = clean_up(&registries, &finals, staging, engine);
        let patience = if build.ctx.cancel.is_cancelled() { FAREWELL } else { PATIENCE };
        if tokio::time::timeout(patience, cleaning).await.is_err() {
            tracing::warn!("the tag {staging} may be left in the registry, it can be deleted");
        }
        if done.is_ok() {
            kept = keep(push, &registries, &finals).await;
        }
    }
    done.map(|outcome| (outcome, kept))
}

/// Looks once more at what was pushed: a registry may have taken more away than the staging tag.
async fn keep(push: &Push, registries: &[Registry], finals: &[Manifest]) -> Result<()> {
    for (registry, manifest) in registries.iter().zip(finals) {
        let tags = push.images.iter().filter(|image| push.tagged && &image.repository == registry.repository());
        let digest = (!push.tagged).then_some(manifest.digest.as_str());
        for reference in tags.map(|image| image.tag.as_str()).chain(digest) {
            judge(registry.keep(reference, manifest).await, registry.repository(), reference)?;
        }
    }
    Ok(())
}

/// What a look at an image that was pushed and read back says. A registry that does not let us look says nothing of it.
fn judge(written_again: Result<bool>, repository: &Repository, reference: &str) -> Result<()> {
    match written_again {
        Ok(false) => {}
        Ok(true) => tracing::warn!("{repository} took {reference} away with the staging tag: it was written again"),
        Err(error) if matches!(error.cause(), Cause::Unreachable | Cause::Access | Cause::Timeout) => {
            tracing::warn!(
                "{reference} is pushed, but {repository} did not show it again after the staging tag was taken away: {}",
                error.full_text()
            );
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A registry that has a bad moment is no reason to fail: what is built is in the engine's cache.
async fn build_and_push(build: Build<'_>, engine: &Engine, stop: &Cancel) -> Result<Value> {
    http::retry(stop, || async {
        engine.build(build, stop).await.map_err(|error| {
            if is_transient(&error.full_text()) { Attempt::Again(error, None) } else { Attempt::Final(error) }
        })
    })
    .await
}

fn connect(logins: &Logins, repositories: &[Repository], cancel: &Cancel) -> Result<Vec<Registry>> {
    let mut registries = Vec::new();
    for (number, repository) in repositories.iter().enumerate() {
        let credentials = logins.credentials(&repository.registry);
        let before = repositories[..number].iter().filter(|other| other.registry == repository.registry);
        let from: Vec<_> = before.map(|other| other.name.as_str()).collect();
        registries.push(Registry::new(repository, credentials, &from, cancel)?);
    }
    Ok(registries)
}

/// Makes sure that every repository has each model's layer, while the engine builds.
async fn add_models(build: Build<'_>, registries: &[Registry], stop: &Cancel) -> Result<Vec<Added>> {
    let mut all = Vec::new();
    let grafts = build.recipe.way == Way::Graft;
    let Some((first, others)) = registries.split_first().filter(|_| grafts) else { return Ok(all) };
    for model in &build.plan.bento.models {
        let present = model.present(&build.ctx.env, stop).await?;
        let (layer, mut arrival) = first.add_layer(&layer::of_model(&present, &build.plan.place, stop)?).await?;
        for (number, registry) in others.iter().enumerate() {
            let same = |other: &&Registry| other.repository().registry == registry.repository().registry;
            let before = registries[..=number].iter().filter(same);
            let from: Vec<_> = before.map(|other| other.repository().name.as_str()).collect();
            if registry.ensure_layer(&layer, &from).await? == Arrival::Sent {
                arrival = Arrival::Sent;
            }
        }
        all.push(Added { layer, arrival });
    }
    Ok(all)
}

/// Puts the image together in every repository, before any has a tag of it; `finals` gets the document that the tags name,
/// in the repositories' order.
async fn finish(
    build: Build<'_>,
    push: &Push,
    registries: &[Registry],
    staging: Option<&str>,
    metadata: Value,
    added: Vec<Added>,
    finals: &mut Vec<Manifest>,
) -> Result<Outcome> {
    // Not every engine says what it pushed; the tag tells.
    let built = metadata.get("containerimage.digest").and_then(Value::as_str).or(staging);
    let built = built.ok_or_else(|| Error::failure("the engine did not say what it pushed"))?;
    let layers: Vec<_> = added.iter().map(|added| added.layer.clone()).collect();
    let mut result: Option<Made> = None;
    for registry in registries {
        let base =
            registry.manifest(built).await.context(|| "the image that the engine pushed cannot be read".into())?;
        let made = Assembly { plan: build.plan, registry, layers: &layers, ctx: build.ctx }.of(base).await?;
        finals.push(made.manifest.clone());
        result.get_or_insert(made);
    }
    for (registry, manifest) in registries.iter().zip(finals.iter()) {
        if !push.tagged {
            registry.put_manifest(manifest, &manifest.digest).await?;
            tracing::info!("pushed {}@{}", registry.repository(), manifest.digest);
        }
        for image in push.images.iter().filter(|image| push.tagged && &image.repository == registry.repository()) {
            registry.put_manifest(manifest, &image.tag).await?;
            registry.verify_tag(&image.tag, &manifest.digest).await?;
            tracing::info!("pushed {image} ({})", manifest.digest);
        }
    }
    let made = result.ok_or_else(|| Error::failure("there is nothing to push to"))?;
    Ok(Outcome::pushed(push, metadata, made, added))
}

/// Takes the staging tag away, in the registries and in the engine. What is left is no reason to fail.
async fn clean_up(registries: &[Registry], finals: &[Manifest], staging: &str, engine: &Engine) {
    let cancel = Cancel::default();
    let cleaning = registries.iter().enumerate().map(async |(number, registry)| {
        let registry = registry.with_cancel(&cancel);
        let name = format!("{}:{staging}", registry.repository());
        let removed = registry.remove_tag(staging, finals.get(number));
        let (removed, ()) = tokio::join!(removed, engine.forget(&name, &cancel));
        // An engine whose client was stopped may have named the image after the first time.
        engine.forget(&name, &cancel).await;
        match removed {
            Ok(true) => {}
            Ok(false) => tracing::info!("{name} stays, as another name of the image: the registry deletes nothing"),
            // Where nothing was put together and nobody answers, nothing was pushed either.
            Err(error) if finals.is_empty() && error.cause() == Cause::Unreachable => {}
            Err(error) => {
                tracing::warn!("the tag {name} is left in the registry, it can be deleted: {}", error.full_text());
            }
        }
    });
    join_all(cleaning).await;
}

/// How long taking the staging tag away may take after a cancellation.
const FAREWELL: Duration = Duration::from_secs(2);
/// The same, where there is time.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_a_registry_refuses_takes_no_success_away() {
        let image: Image = "r.x/a:1".parse().unwrap();
        let judged = |looked| judge(looked, &image.repository, "1");
        for cause in [Cause::Unreachable, Cause::Access, Cause::Timeout] {
            assert!(judged(Err(Error::new(cause, "503"))).is_ok(), "{cause:?}");
        }
        assert!(judged(Ok(true)).is_ok() && judged(Ok(false)).is_ok());
        assert!(judged(Err(Error::failure("a part is gone"))).is_err());
        assert!(judged(Err(Error::cancelled())).is_err());
    }
}
