//! A push: the engine pushes the image without models, under no name of the user's; the models are added; then the tags
//! are written, and read back.

use std::time::Duration;

use bento_core::action::{Cancel, Context};
use bento_core::runner::Event;
use bento_core::{Cause, Context as _, Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::buildx::Buildx;
use crate::graft;
use crate::layer;
use crate::plan::{Plan, Way};
use crate::provenance;
use crate::report::Outcome;
use crate::workspace::Workspace;
use registry::{Arrival, Image, Layer, Logins, Manifest, Registry, Repository, digest_of};

/// The repositories that are pushed to, each once, in the order of the tags.
fn repositories(images: &[Image]) -> Vec<&Repository> {
    let mut repositories: Vec<&Repository> = Vec::new();
    for image in images {
        if !repositories.contains(&&image.repository) {
            repositories.push(&image.repository);
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

/// Builds and pushes.
pub(crate) async fn push(
    plan: &Plan,
    images: &[Image],
    engine: &Buildx,
    workspace: &Workspace,
    ctx: &Context,
) -> Result<Outcome> {
    // Whoever fails stops the other.
    let stop = ctx.cancel.child();
    let registries = connect(&plan.logins, images, &stop)?;
    let staging = (!engine.by_digest).then(|| format!("bento-staging-{}", Uuid::new_v4().simple()));
    let building = async {
        let built = engine.build(plan, &[output(&registries, staging.as_deref())], workspace, ctx, &stop).await;
        built.inspect_err(|_| stop.cancel())
    };
    let adding = async {
        let added = add_models(plan, &registries).await;
        added.inspect_err(|_| stop.cancel())
    };
    let (metadata, added) = tokio::join!(building, adding);
    let done = match (metadata, added) {
        (Ok(metadata), Ok(added)) => finish(plan, images, &registries, metadata, added, &ctx.event).await,
        (Err(error), Ok(_)) => Err(error),
        (Ok(_), Err(error)) => Err(error),
        // The one that was stopped says so.
        (Err(build), Err(add)) => Err(if build.cause() == Cause::Cancelled { add } else { build }),
    };
    if let Some(staging) = &staging {
        // Also after a failure or a cancellation, which leaves little time.
        let cleaning = clean_up(&registries, staging, engine);
        if tokio::time::timeout(FAREWELL, cleaning).await.is_err() {
            tracing::warn!("the tag {staging} may be left in the registry, it can be deleted");
        }
    }
    done
}

fn connect(logins: &Logins, images: &[Image], cancel: &Cancel) -> Result<Vec<Registry>> {
    let repositories = repositories(images);
    let mut registries = Vec::new();
    for (number, repository) in repositories.iter().enumerate() {
        let credentials = logins.credentials(&repository.registry);
        let before = repositories[..number].iter().filter(|other| other.registry == repository.registry);
        let from: Vec<_> = before.map(|other| other.name.as_str()).collect();
        registries.push(Registry::new(repository, credentials, &from, cancel)?);
    }
    Ok(registries)
}

/// The engine's `--output`: every repository, by digest or under a tag that goes again.
fn output(registries: &[Registry], staging: Option<&str>) -> String {
    let names = registries.iter().map(|registry| match staging {
        Some(tag) => format!("{}:{tag}", registry.repository()),
        None => registry.repository().to_string(),
    });
    let names = names.collect::<Vec<_>>().join(",");
    // Nobody runs it here: unpacking would cost seconds.
    let how = if staging.is_some() { "unpack=false" } else { "push-by-digest=true" };
    format!("type=image,\"name={names}\",push=true,{how}")
}

/// Reads each model and makes sure that every repository has its layer, while the engine builds.
async fn add_models(plan: &Plan, registries: &[Registry]) -> Result<Vec<Added>> {
    let mut all = Vec::new();
    let Some((first, others)) = registries.split_first().filter(|_| plan.way == Way::Graft) else { return Ok(all) };
    for model in &plan.bento.models {
        let (layer, mut arrival) = first.add_layer(&layer::of_model(model, &plan.place)?).await?;
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

async fn finish(
    plan: &Plan,
    images: &[Image],
    registries: &[Registry],
    metadata: Value,
    added: Vec<Added>,
    event: &Event,
) -> Result<Outcome> {
    let built = metadata.get("containerimage.digest").and_then(Value::as_str);
    let built = built.ok_or_else(|| Error::failure("the engine did not say what it pushed"))?.to_owned();
    let layers: Vec<_> = added.iter().map(|added| added.layer.clone()).collect();
    let states = plan.inputs.provenance.as_deref() != Some("false");
    let mut result = None;
    for registry in registries {
        let base =
            registry.manifest(&built).await.context(|| "the image that the engine pushed cannot be read".into())?;
        let made = if layers.is_empty() {
            Made::plain(registry, base).await?
        } else {
            let graft = Graft { plan, registry, layers: &layers, states, event };
            graft.onto(base).await?
        };
        for image in images.iter().filter(|image| &image.repository == registry.repository()) {
            registry.put_manifest(&made.manifest, &image.tag).await?;
            registry.verify_tag(&image.tag, &made.manifest.digest).await?;
            tracing::info!("pushed {image} ({})", made.manifest.digest);
        }
        result.get_or_insert(made);
    }
    let made = result.ok_or_else(|| Error::failure("there is nothing to push to"))?;
    Ok(Outcome::pushed(images, metadata, &made, added))
}

/// What the tags name.
pub(crate) struct Made {
    pub(crate) manifest: Manifest,
    /// The config's digest; of several platforms, the index's.
    pub(crate) image_id: String,
    /// Of all platforms together, bytes.
    pub(crate) size: u64,
}

impl Made {
    /// An image as the engine pushed it.
    async fn plain(registry: &Registry, manifest: Manifest) -> Result<Self> {
        let entries = manifest.document.get("manifests").and_then(Value::as_array);
        let Some(entries) = entries else {
            let config = manifest.document.pointer("/config/digest").and_then(Value::as_str).unwrap_or_default();
            let (image_id, size) = (config.to_owned(), graft::size(&manifest.document));
            return Ok(Self { manifest, image_id, size });
        };
        let mut size = 0;
        let mut ids = Vec::new();
        for digest in
            entries.iter().filter(|entry| graft::is_image(entry)).filter_map(|entry| entry.get("digest")?.as_str())
        {
            let image = registry.manifest(digest).await?;
            size += graft::size(&image.document);
            ids.extend(image.document.pointer("/config/digest").and_then(Value::as_str).map(str::to_owned));
        }
        let image_id = if ids.len() == 1 { ids.remove(0) } else { manifest.digest.clone() };
        Ok(Self { manifest, image_id, size })
    }
}

struct Graft<'a> {
    plan: &'a Plan,
    registry: &'a Registry,
    layers: &'a [Layer],
    /// Is provenance wanted?
    states: bool,
    event: &'a Event,
}

impl Graft<'_> {
    /// Adds the layers to every platform of what the engine pushed.
    async fn onto(&self, base: Manifest) -> Result<Made> {
        let Some(entries) = base.document.get("manifests").and_then(Value::as_array) else {
            let (manifest, image_id, size) = self.platform(&base).await?;
            return Ok(Made { manifest, image_id, size });
        };
        let (mut images, mut statements, mut ids, mut sum) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for entry in entries.iter().filter(|entry| graft::is_image(entry)) {
            let digest = entry.get("digest").and_then(Value::as_str).unwrap_or_default();
            let below = self.registry.manifest(digest).await?;
            let (manifest, image_id, size) = self.platform(&below).await?;
            self.registry.put_manifest(&manifest, &manifest.digest).await?;
            if self.states {
                let bento = self.plan.bento.tag.to_string();
                let attached = provenance::attach(self.registry, &manifest, digest, self.layers, &bento, self.event);
                statements.push(attached.await?);
            }
            let mut image = entry.clone();
            image["digest"] = manifest.digest.clone().into();
            image["size"] = manifest.bytes.len().into();
            images.push(image);
            ids.push(image_id);
            sum += size;
        }
        images.append(&mut statements);
        let mut index = base.document.clone();
        index["manifests"] = json!(images);
        if index.get("mediaType").is_none() {
            index["mediaType"] = base.media_type.clone().into();
        }
        let manifest = Manifest::new(index);
        let image_id = if ids.len() == 1 { ids.remove(0) } else { manifest.digest.clone() };
        Ok(Made { manifest, image_id, size: sum })
    }

    /// One platform's manifest with the layers, its config's digest, and its size.
    async fn platform(&self, base: &Manifest) -> Result<(Manifest, String, u64)> {
        let digest = base.document.pointer("/config/digest").and_then(Value::as_str);
        let digest = digest.ok_or_else(|| Error::failure(format!("{} names no config", base.digest)))?;
        let original = self.registry.blob(digest).await?;
        let config = graft::config(&original, self.layers)?;
        self.check_place(&config)?;
        let config = config.to_string().into_bytes();
        self.registry.put_blob(&config).await?;
        let config_digest = digest_of(&config);
        let mut document = graft::manifest(&base.document, &config_digest, config.len(), self.layers)?;
        if document.get("mediaType").is_none() {
            document["mediaType"] = base.media_type.clone().into();
        }
        let size = graft::size(&document);
        Ok((Manifest::new(document), config_digest, size))
    }

    /// The layers were laid out by what the Dockerfile says: is it what the image says?
    fn check_place(&self, config: &Value) -> Result<()> {
        let variables = config.pointer("/config/Env").and_then(Value::as_array).into_iter().flatten();
        let path = variables.filter_map(|variable| variable.as_str()?.strip_prefix("BENTO_PATH=")).next();
        match path {
            Some(path) if path.trim_end_matches('/') != self.plan.place.folder => Err(Error::input(format!(
                "the image keeps the Bento in {path}, but its Dockerfile says {}",
                self.plan.place.folder
            ))
            .hint("Declare BENTO_PATH by an ARG of the Dockerfile, or set it by build-args.")),
            _ => Ok(()),
        }
    }
}

/// Takes the staging tag away, in the registry and in the engine. What is left is no reason to fail.
async fn clean_up(registries: &[Registry], staging: &str, engine: &Buildx) {
    let cancel = Cancel::default();
    let stand_in = Manifest::new(json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": EMPTY, "size": 2},
        "layers": [],
        "annotations": {"org.opencontainers.image.title": staging},
    }));
    for registry in registries {
        let registry = registry.with_cancel(&cancel);
        let name = format!("{}:{staging}", registry.repository());
        let removed = async {
            registry.put_blob(b"{}").await?;
            registry.remove_tag(staging, &stand_in).await
        };
        if let Err(error) = removed.await {
            tracing::warn!("the tag {name} is left in the registry, it can be deleted: {}", error.full_text());
        }
        // There is none where the build failed.
        let _ = engine.docker(["image", "rm", "--force", &name]).output(&cancel).await;
    }
}

/// How long taking the staging tag away may take.
const FAREWELL: Duration = Duration::from_millis(2500);

/// The digest of `{}`.
const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
