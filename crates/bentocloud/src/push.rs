//! Pushing Bentos with their models.

use std::error::Error as _;
use std::path::Path;

use actions_core::{Context, Env, Error, Result};
use archive::Plan;
use bento_format::{BentoInfo, BentoModel, Kind, ModelInfo, Store, Tag, description, size_of, wire_time};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::artifact::{Artifact, Remote, UploadStatus};
use crate::refusal::TooLarge;
use crate::transfer::upload;
use crate::{Client, huggingface};

/// How many models go up at a time; each may send several parts.
const PARALLEL: usize = 2;
/// Yatai takes JSON bodies of at most 262,144 bytes; a README may be shortened to fit.
const SHORT_DESCRIPTION: usize = 32 * 1024;

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The content was sent.
    Sent {
        /// The size of the archive, bytes.
        bytes: u64,
    },
    /// The server had it already.
    Skipped,
    /// The server keeps a reference; the content stays on the Hugging Face hub.
    Reference,
}

impl Client {
    /// Pushes a Bento and every model of it that the local store has; what the server has complete is skipped, unless
    /// `force` is set.
    pub async fn push_bento(&self, store: &Store, tag: &Tag, force: bool, env: &Env) -> Result<Pushed> {
        let (tag, folder) = found(store, Kind::Bento, tag)?;
        let info = BentoInfo::read(&folder)?;
        let models_size = self.push_models(store, &info, force, env).await?;
        let remote = Remote::new(self, Kind::Bento, &tag)?;
        remote.ensure_repository().await?;
        let plan = Plan::of_folder(&folder, |path| path == Path::new("models"))?;
        let manifest = info.manifest(plan.content_size().saturating_add(models_size));
        let (known, labels) = (remote.get().await?, info.labels());
        if skip(&remote, known.as_ref(), force) {
            return Ok(Pushed::Skipped);
        }
        let register = |description: String| {
            let mut body = json!({"description": description, "manifest": manifest, "labels": labels});
            let known = known.is_some();
            if let (false, Some(fields)) = (known, body.as_object_mut()) {
                fields.insert("version".into(), json!(tag.version()));
                fields.insert("build_at".into(), json!(wire_time(info.creation_time)));
            }
            let remote = &remote;
            async move { if known { remote.update(body).await } else { remote.create(body).await } }
        };
        let full = description(&folder)?;
        let artifact = match register(full.clone()).await {
            Err(error) if full.len() > SHORT_DESCRIPTION && is_too_large(&error) => {
                tracing::info!(
                    "the server takes no README of {} bytes; the Bento's description is shortened",
                    full.len()
                );
                register(shortened(&full)).await
            }
            registered => registered,
        };
        send(&remote, artifact?, plan).await
    }

    /// Pushes the models of a Bento and returns the sum of their sizes in the local store, bytes. When one fails, the
    /// others are told to stop and may still tell the server so.
    async fn push_models(&self, store: &Store, info: &BentoInfo, force: bool, env: &Env) -> Result<u64> {
        let scope = self.scoped();
        let pushed: Vec<Result<u64>> = stream::iter(&info.models)
            .map(|model| async {
                let pushed = scope.push_model_of(store, info, model, force, env).await;
                if pushed.is_err() {
                    scope.cancel.cancel();
                }
                pushed
            })
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        // The first in time: those after it may have failed only because they were told to stop.
        pushed.into_iter().sum()
    }

    async fn push_model_of(
        &self,
        store: &Store,
        info: &BentoInfo,
        model: &BentoModel,
        force: bool,
        env: &Env,
    ) -> Result<u64> {
        if model.registry == "huggingface" {
            let remote = Remote::new(self, Kind::Model, &model.tag)?;
            remote.ensure_repository().await?;
            if remote.get().await?.is_none() {
                remote.create(huggingface::registration(self, model, info.bentoml_version(), env).await?).await?;
            }
            return Ok(0);
        }
        // A model that only the cloud has is not an obstacle: the server refuses a Bento whose models it lacks.
        let Some(folder) = store.get(Kind::Model, &model.tag) else { return Ok(0) };
        self.push_model(store, &model.tag, force).await?;
        size_of(&folder).context(|| format!("failed to read {}", folder.display()))
    }

    /// Pushes a model of the local store, unless the server has it complete and `force` is not set.
    pub async fn push_model(&self, store: &Store, tag: &Tag, force: bool) -> Result<Pushed> {
        let (tag, folder) = found(store, Kind::Model, tag)?;
        let info = ModelInfo::read(&folder)?;
        let remote = Remote::new(self, Kind::Model, &tag)?;
        remote.ensure_repository().await?;
        let known = remote.get().await?;
        if skip(&remote, known.as_ref(), force) {
            return Ok(Pushed::Skipped);
        }
        let plan = Plan::of_folder(&folder, |_| false)?;
        let artifact = match known {
            Some(known) => known,
            None => {
                remote
                    .create(json!({
                        "description": "",
                        "version": tag.version(),
                        "manifest": info.manifest(plan.content_size()),
                        "build_at": wire_time(info.creation_time),
                        "labels": Value::Array(info.labels()),
                    }))
                    .await?
            }
        };
        send(&remote, artifact, plan).await
    }
}

fn found(store: &Store, kind: Kind, tag: &Tag) -> Result<(Tag, std::path::PathBuf)> {
    store.find(kind, tag)?.ok_or_else(|| {
        Error::not_found(format!("{} {tag} is not in the local store {}", kind.noun(), store.home().display()))
            .hint("Build or pull it first, or check the tag.")
    })
}

fn skip(remote: &Remote<'_>, known: Option<&Artifact>, force: bool) -> bool {
    let skip = !force && known.is_some_and(|known| known.upload_status == UploadStatus::Success);
    if skip {
        tracing::info!("{} is in the cloud already", remote.noun());
    }
    skip
}

async fn send(remote: &Remote<'_>, artifact: Artifact, plan: Plan) -> Result<Pushed> {
    let (bytes, started) = (plan.len(), std::time::Instant::now());
    upload(remote, artifact, plan).await?;
    tracing::info!("pushed {} ({bytes} bytes in {:.1} s)", remote.noun(), started.elapsed().as_secs_f32());
    Ok(Pushed::Sent { bytes })
}

fn is_too_large(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<TooLarge>())
}

fn shortened(text: &str) -> String {
    let end = (0..=SHORT_DESCRIPTION).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}\n\n…", text.get(..end).unwrap_or_default())
}
