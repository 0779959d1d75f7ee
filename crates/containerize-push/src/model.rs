//! The models of a Bento, wherever they are, as what an image gets of them.

use std::path::PathBuf;

use actions_core::action::Cancel;
use actions_core::{Context as _, Env, Result};
use bento_format::{BentoModel, ModelInfo, Tag, size_of};
use huggingface::{self, Entry};

/// BentoML's folder for models of the store, in the image.
pub(crate) const MODELS: &str = "models";
/// Its folder for models of the Hugging Face hub.
pub(crate) const HUB_MODELS: &str = "hf-models";

/// A model that a Bento names.
#[derive(Debug)]
pub(crate) enum Model {
    /// In the store.
    Stored(Tag, PathBuf),
    /// On the Hugging Face hub, and perhaps in its cache here.
    OnHub(BentoModel),
}

/// A model that is on this machine.
#[derive(Debug)]
pub(crate) struct Present {
    /// For people.
    pub(crate) title: String,
    /// What the image gets, below the Bento's folder. A file of this machine may be a folder with all below.
    pub(crate) entries: Vec<Entry>,
}

impl Model {
    /// For people.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Stored(tag, _) => format!("model {tag}"),
            Self::OnHub(model) => format!("model {} of the Hugging Face hub", model.tag),
        }
    }

    /// The folder below the Bento's that its own build context is copied to.
    pub(crate) fn target(&self) -> String {
        match self {
            Self::Stored(tag, _) => format!("{MODELS}/{}/{}", tag.name(), tag.version().unwrap_or_default()),
            Self::OnHub(_) => HUB_MODELS.to_owned(),
        }
    }

    /// Bytes, where known without asking the hub.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Self::Stored(_, folder) => size_of(folder).ok(),
            Self::OnHub(_) => None,
        }
    }

    /// Is there a `.dockerignore` at its top?
    pub(crate) fn has_ignore_file(&self) -> bool {
        matches!(self, Self::Stored(_, folder) if folder.join(".dockerignore").is_file())
    }

    /// When it was saved, where the store tells.
    pub(crate) fn creation_time(&self) -> Option<impl Ord + use<>> {
        match self {
            Self::Stored(_, folder) => ModelInfo::read(folder).ok().map(|info| info.creation_time),
            Self::OnHub(_) => None,
        }
    }

    /// Fetches it where it is not here.
    ///
    /// # Errors
    /// The hub refuses it or cannot be reached, the disk is full, or the job is cancelled.
    pub(crate) async fn present(&self, env: &Env, cancel: &Cancel) -> Result<Present> {
        let title = self.title();
        match self {
            Self::Stored(tag, folder) => {
                let (name, version) = (tag.name(), tag.version().unwrap_or_default());
                let entries = vec![
                    Entry::Folder(MODELS.to_owned()),
                    Entry::Folder(format!("{MODELS}/{name}")),
                    Entry::Text(format!("{MODELS}/{name}/latest"), version.to_owned()),
                    Entry::File(format!("{MODELS}/{name}/{version}"), folder.clone()),
                ];
                Ok(Present { title, entries })
            }
            Self::OnHub(model) => {
                let fetched = huggingface::download(model, env, cancel).await;
                let snapshot = fetched.context(|| format!("failed to fetch {title}"))?;
                let below = |path: String| format!("{HUB_MODELS}/{path}");
                let moved = snapshot.entries().into_iter().map(|entry| match entry {
                    Entry::Folder(path) => Entry::Folder(below(path)),
                    Entry::File(path, from) => Entry::File(below(path), from),
                    Entry::Text(path, text) => Entry::Text(below(path), text),
                    Entry::Link(path, to) => Entry::Link(below(path), to),
                });
                let entries = [Entry::Folder(HUB_MODELS.to_owned())].into_iter().chain(moved).collect();
                Ok(Present { title, entries })
            }
        }
    }
}
