//! Pulling Bentos and models into the local store.

use std::path::PathBuf;

use actions_core::{Cause, Context, Error, Result};
use bento_format::{BentoInfo, Kind, ModelWanted, Store, Tag};
use serde_json::Value;

use crate::Client;
use crate::artifact::{Artifact, Remote, UploadStatus};
use crate::transfer::download;

/// What became of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    /// It is in the local store now.
    Fetched(Tag, PathBuf),
    /// It was there before.
    Present(Tag, PathBuf),
    /// A model that stays on the Hugging Face hub: there is nothing to fetch.
    Reference(Tag),
}

impl Pulled {
    /// The exact tag.
    pub fn tag(&self) -> &Tag {
        match self {
            Self::Fetched(tag, _) | Self::Present(tag, _) | Self::Reference(tag) => tag,
        }
    }
}

impl Client {
    /// Pulls a Bento, unless the local store has it, and with `models` every model of it.
    pub async fn pull_bento(&self, store: &Store, tag: &Tag, models: bool) -> Result<Pulled> {
        let pulled = self.pull(store, Kind::Bento, tag, None).await?;
        if let (true, Pulled::Fetched(_, folder) | Pulled::Present(_, folder)) = (models, &pulled) {
            for model in BentoInfo::read(folder)?.models.iter().filter(|model| model.registry != "huggingface") {
                self.pull(store, Kind::Model, &model.tag, None).await?;
            }
        }
        Ok(pulled)
    }

    /// Pulls a model, unless the local store has it. Without a version, or with `latest`, the newest of the cloud counts,
    /// but one in the store that is as new stays.
    pub async fn pull_model(&self, store: &Store, wanted: &ModelWanted) -> Result<Pulled> {
        self.pull(store, Kind::Model, &wanted.tag, wanted.filter.as_deref()).await
    }

    async fn pull(&self, store: &Store, kind: Kind, tag: &Tag, filter: Option<&str>) -> Result<Pulled> {
        let missing = || {
            Error::not_found(format!("{} has no {} {tag}", self.endpoint(), kind.noun()))
                .hint("Check the tag, and that it was pushed.")
        };
        let tag = match tag.exact_version() {
            Some(_) => tag.clone(),
            None => {
                let newest = self.newest(kind, tag.name(), filter).await?;
                match newest {
                    Some(newest) => tag.with_version(&newest.name)?,
                    None => {
                        return store
                            .find(kind, tag)?
                            .map(|(tag, path)| Pulled::Present(tag, path))
                            .ok_or_else(missing);
                    }
                }
            }
        };
        if let Some(path) = store.get(kind, &tag) {
            return Ok(Pulled::Present(tag, path));
        }
        let remote = Remote::new(self, kind, &tag)?;
        let artifact = remote.get().await?.ok_or_else(missing)?;
        if is_reference(&artifact) {
            return Ok(Pulled::Reference(tag));
        }
        if artifact.upload_status != UploadStatus::Success {
            return Err(Error::not_found(format!(
                "{} was registered at {}, but its content is not there (its upload: {})",
                remote.noun(),
                self.endpoint(),
                artifact.upload_status
            ))
            .hint("Push it again."));
        }
        let started = std::time::Instant::now();
        let staging = download(&remote, &artifact, store).await?;
        // Another process may hold the store's lock for seconds: a thread waits, not the job.
        let (own, expected) = (store.clone().cancelled_by(&self.cancel), tag.clone());
        let adopting = tokio::task::spawn_blocking(move || own.adopt_as(kind, staging, &expected));
        let adopted = adopting.await.context(|| "what writes to the local store stopped".into())?;
        let saved = match adopted {
            // Another process pulled the same meanwhile.
            Err(error) if error.cause() == Cause::Exists => {
                return store.get(kind, &tag).map(|path| Pulled::Present(tag, path)).ok_or(error);
            }
            saved => saved,
        };
        let (saved, path) = saved.context(|| format!("failed to pull {}", remote.noun()))?;
        tracing::info!("pulled {} in {:.1} s", remote.noun(), started.elapsed().as_secs_f32());
        Ok(Pulled::Fetched(saved, path))
    }
}

fn is_reference(artifact: &Artifact) -> bool {
    let registry = artifact.manifest.as_ref().and_then(|manifest| manifest.pointer("/metadata/registry"));
    registry.and_then(Value::as_str) == Some("huggingface")
}
