//! A Bento that is there already.

use std::fs;
use std::path::{Path, PathBuf};

use actions_core::action::Context;
use actions_core::{Cause, Error, Result};
use bento_format::{BentoInfo, Kind, Store, Tag};
use bentocloud::{Artifact, Client, UploadStatus};
use serde_json::Value;

use super::LABEL;
use super::name::Name;
use crate::Cloud;

/// Versions of a Bento that are looked through in a cloud, the newest first.
const LOOKED_THROUGH: usize = 100;
/// The end of a version of a checkout with changes: another one may have other changes.
const DIRTY: &str = "-dirty";

/// A Bento that is there already: nothing is built.
#[derive(Debug, Clone)]
pub(crate) enum Existing {
    /// In the local store, in this folder.
    Here(Tag, PathBuf),
    /// In the cloud.
    InCloud(Tag),
}

impl Existing {
    /// Its exact tag.
    pub(crate) fn tag(&self) -> &Tag {
        match self {
            Self::Here(tag, _) | Self::InCloud(tag) => tag,
        }
    }

    /// Brings it into the local store, without its models. Its folder there.
    ///
    /// # Errors
    /// It cannot be pulled.
    pub(crate) async fn bring(&self, store: &Store, cloud: Option<&Cloud>, ctx: &Context) -> Result<PathBuf> {
        match (self, cloud) {
            (Self::Here(_, folder), _) => Ok(folder.clone()),
            (Self::InCloud(tag), Some(cloud)) => {
                let client = Client::connect(cloud.endpoint.as_deref(), &cloud.token, ctx)?;
                let pulled = client.pull_bento(store, tag, false).await?;
                let version = pulled.tag().version().unwrap_or_default();
                Ok(store.path(Kind::Bento, pulled.tag().name(), version))
            }
            (Self::InCloud(tag), None) => {
                Err(Error::failure(format!("there is no access to the cloud that has {tag}")))
            }
        }
    }
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a Name,
    /// The version, where it is known before the build.
    pub(super) version: Option<&'a str>,
    pub(super) digest: &'a str,
}

/// What became of one that is there.
enum Fit {
    /// It is the one.
    Same,
    /// It has the version, and says nothing of its contents.
    Unlabelled,
    /// It was made of something else.
    Other,
}

impl Wanted<'_> {
    fn fit(&self, label: Option<&str>) -> Fit {
        match label {
            Some(label) if label == self.digest => Fit::Same,
            Some(_) => Fit::Other,
            None => Fit::Unlabelled,
        }
    }

    /// Is a Bento of the version that says nothing of its contents the one? Not where the name was only guessed.
    fn goes_by_version(&self) -> bool {
        matches!(self.name, Name::Given(_)) && self.version.is_some_and(|version| !version.ends_with(DIRTY))
    }

    /// An error where this version is there with other contents: no Bento can take its place.
    fn taken(&self, place: &str, tag: &Tag) -> Error {
        Error::new(Cause::Exists, format!("{place} has {tag} already, and it was built of something else"))
            .hint("Set another version, or let it follow from the contents: version-from: digest.")
    }
}

/// Looks in the local store.
///
/// # Errors
/// The store cannot be read, or has a Bento of this version that was built of something else.
pub(super) fn in_store(wanted: &Wanted<'_>, store: &Store) -> Result<Option<Existing>> {
    let names =
        wanted.name.as_str().map_or_else(|| folders(&store.home().join("bentos")), |name| vec![name.to_owned()]);
    for name in names {
        let versions = match wanted.version {
            Some(version) => vec![version.to_lowercase()],
            None => folders(&store.home().join("bentos").join(&name)),
        };
        for version in versions {
            let Ok(tag) = Tag::new(&name, &version) else { continue };
            let Some(folder) = store.get(Kind::Bento, &tag) else { continue };
            match wanted.fit(label_of(&folder)?.as_deref()) {
                Fit::Same => return Ok(Some(Existing::Here(tag, folder))),
                Fit::Unlabelled if wanted.goes_by_version() => return Ok(Some(Existing::Here(tag, folder))),
                Fit::Other if wanted.version.is_some() && matches!(wanted.name, Name::Given(_)) => {
                    return Err(wanted.taken("the local store", &tag));
                }
                Fit::Unlabelled | Fit::Other => {}
            }
        }
    }
    Ok(None)
}

/// Looks in the cloud.
///
/// # Errors
/// The cloud cannot be reached, or has a Bento of this version that was built of something else.
pub(super) async fn in_cloud(wanted: &Wanted<'_>, cloud: &Cloud, ctx: &Context) -> Result<Option<Existing>> {
    let Some(name) = wanted.name.as_str() else {
        tracing::info!(
            "the cloud is not asked for the Bento: its name is known only once it is built; set the input name"
        );
        return Ok(None);
    };
    let client = Client::connect(cloud.endpoint.as_deref(), &cloud.token, ctx)?;
    let there = match wanted.version {
        Some(version) => {
            let found = client.find(Kind::Bento, &Tag::new(name, version)?).await?;
            found.map(|(_, artifact)| artifact).into_iter().collect()
        }
        None => client.newest_of(Kind::Bento, name, LOOKED_THROUGH).await?,
    };
    for artifact in there.iter().filter(|artifact| artifact.upload_status == UploadStatus::Success) {
        let tag = Tag::new(name, &artifact.name)?;
        match wanted.fit(label_in(artifact)) {
            Fit::Same => return Ok(Some(Existing::InCloud(tag))),
            Fit::Unlabelled if wanted.goes_by_version() => return Ok(Some(Existing::InCloud(tag))),
            Fit::Other if wanted.version.is_some() && matches!(wanted.name, Name::Given(_)) => {
                return Err(wanted.taken(client.endpoint(), &tag));
            }
            Fit::Unlabelled | Fit::Other => {}
        }
    }
    Ok(None)
}

/// The digest that a Bento in the store carries.
fn label_of(folder: &Path) -> Result<Option<String>> {
    // Most Bentos carry none: their manifest, which may be long, need not be understood.
    let text = fs::read(folder.join("bento.yaml")).unwrap_or_default();
    if !text.windows(LABEL.len()).any(|window| window == LABEL.as_bytes()) {
        return Ok(None);
    }
    let info = BentoInfo::read(folder)?;
    let label = info.fields().get("labels").and_then(|labels| labels.get(LABEL)?.as_str());
    Ok(label.map(str::to_owned))
}

/// The digest that a Bento in the cloud carries.
fn label_in(artifact: &Artifact) -> Option<&str> {
    let labels = artifact.labels.as_ref()?.as_array()?;
    labels.iter().find(|label| label.get("key").and_then(Value::as_str) == Some(LABEL))?.get("value")?.as_str()
}

fn folders(of: &Path) -> Vec<String> {
    let entries = fs::read_dir(of).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
