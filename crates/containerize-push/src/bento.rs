//! The Bento to put into an image: its folder, its Dockerfile, its models.

use std::path::{Path, PathBuf};

use actions_core::action::inputs::nearest;
use actions_core::{Error, Result, text};
use bento_format::{BentoInfo, Kind, Store, Tag};

use crate::dockerfile::{Dockerfile, LONGEST};
use crate::model::Model;

/// A Bento of the local store, or of a file.
#[derive(Debug)]
pub(crate) struct Bento {
    pub(crate) tag: Tag,
    pub(crate) folder: PathBuf,
    pub(crate) info: BentoInfo,
    pub(crate) models: Vec<Model>,
}

impl Bento {
    /// Finds the Bento and every model that it names.
    ///
    /// # Errors
    /// The store does not have it, or lacks one of its models.
    pub(crate) fn find(wanted: &str, store: &Store) -> Result<Self> {
        let tag: Tag = wanted.parse()?;
        let Some((tag, folder)) = store.find(Kind::Bento, &tag)? else { return Err(missing(&tag, store)) };
        Self::of(tag, folder, &[store])
    }

    /// A Bento that came in a file, with models beside it; others are in the store.
    ///
    /// # Errors
    /// One of its models is nowhere.
    pub(crate) fn unpacked(folder: &Path, store: &Store) -> Result<Self> {
        let tag = BentoInfo::read(folder)?.tag;
        Self::of(tag, folder.to_owned(), &[&Store::at(folder), store])
    }

    fn of(tag: Tag, folder: PathBuf, stores: &[&Store]) -> Result<Self> {
        let info = BentoInfo::read(&folder)?;
        let models = info.models.iter().map(|model| {
            match model.registry.as_str() {
                "huggingface" => return Ok(Model::OnHub(model.clone())),
                "bentoml" => {}
                other => {
                    let error = Error::input(format!("{tag} needs {}, a model of the registry {other}", model.tag));
                    return Err(error.hint("Known are models of the store and of the Hugging Face hub."));
                }
            }
            let mut found = stores.iter().filter_map(|store| store.find(Kind::Model, &model.tag).transpose());
            let (tag, folder) = found.next().transpose()?.ok_or_else(|| {
                Error::not_found(format!("{tag} needs the model {}, which is not in the local store", model.tag))
                    .hint(format!("Pull it first: `bentoml models pull {}`.", model.tag))
            })?;
            Ok(Model::Stored(tag, folder))
        });
        let mut models = models.collect::<Result<Vec<_>>>()?;
        // Of several versions of a model the image's `latest` is to name the newest, as in BentoML's store. Each layer
        // names its own, and the last one counts.
        models.sort_by_cached_key(Model::creation_time);
        Ok(Self { tag, folder, info, models })
    }

    /// The Dockerfile that BentoML wrote for it.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(crate) fn dockerfile(&self) -> Result<Dockerfile> {
        read_dockerfile(&self.folder.join("env/docker/Dockerfile"), &format!("{} has no Dockerfile", self.tag))
    }
}

/// Reads a Dockerfile; `missing` says what it means when there is none.
///
/// # Errors
/// It cannot be read, or is larger than anybody writes.
pub(crate) fn read_dockerfile(file: &Path, missing: &str) -> Result<Dockerfile> {
    let text = text::read_if_there_up_to(file, LONGEST)?.ok_or_else(|| {
        Error::input(format!("{missing}: {} does not exist", file.display()))
            .hint("Build the Bento again, or name a Dockerfile by the input file.")
    })?;
    Dockerfile::parse(text, file)
}

fn missing(tag: &Tag, store: &Store) -> Error {
    let error = Error::not_found(format!("{tag} is not in the local store {}", store.home().display()));
    let names = names(&store.home().join("bentos"));
    let versions = names_below(store, tag.name());
    if !versions.is_empty() {
        return error.hint(format!("It has {}.", versions.join(", ")));
    }
    match nearest(tag.name(), names.iter().map(String::as_str)) {
        Some(name) => error.hint(format!("Did you mean {}?", names_below(store, name).join(" or "))),
        None => error.hint("Build it first, with build-bento in the same job, or pull it: `bentoml pull`."),
    }
}

fn names_below(store: &Store, name: &str) -> Vec<String> {
    let versions = names(&store.home().join("bentos").join(name));
    versions.iter().take(5).map(|version| format!("{name}:{version}")).collect()
}

/// The folders in a folder, sorted; none where it cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
