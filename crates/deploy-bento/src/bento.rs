//! Which Bento is deployed, and how it gets into the cloud.

use std::path::PathBuf;

use actions_core::action::Context;
use actions_core::{Error, Result};
use bento_format::{BentoInfo, Kind, Store, Tag};
use bentocloud::{Artifact, Client, UploadStatus};
use serde_json::Value;

/// A Bento that is there.
#[derive(Debug, Clone)]
pub(crate) enum Existing {
    /// In the local store; it is pushed first.
    Local(Tag, Facts),
    /// In the cloud only.
    Remote(Tag, Facts),
}

impl Existing {
    /// Its exact tag, and its facts.
    pub(crate) fn parts(&self) -> (&Tag, &Facts) {
        match self {
            Self::Local(tag, facts) | Self::Remote(tag, facts) => (tag, facts),
        }
    }
}

/// What a Deployment needs to know of its Bento.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The service that answers from outside.
    pub entry_service: String,
    /// All its services; empty where it does not say.
    pub services: Vec<String>,
    /// Its environment variables: name, value, stage.
    pub envs: Vec<Value>,
}

impl Facts {
    pub(crate) fn of(info: &BentoInfo) -> Self {
        Self::new(info.entry_service(), info.fields().get("services"), info.envs())
    }

    fn new(entry_service: &str, services: Option<&Value>, envs: Vec<Value>) -> Self {
        let services = services.and_then(Value::as_array).into_iter().flatten();
        let services = services.filter_map(|service| Some(service.get("name")?.as_str()?.to_owned())).collect();
        // Bentos of BentoML before 1.2 name no entry service; the cloud calls it so.
        let entry_service = if entry_service.is_empty() { "apiserver" } else { entry_service };
        Self { entry_service: entry_service.to_owned(), services, envs }
    }
}

/// Finds a Bento: of an exact version in the local store, then in the cloud, and only then by a prefix of the version in
/// the local store; the newest in the local store first.
pub(crate) async fn find(tag: &Tag, store: Option<&Store>, client: &Client) -> Result<Existing> {
    let local = |found: Option<(Tag, PathBuf)>| {
        found.map(|(tag, path)| Ok(Existing::Local(tag, Facts::of(&BentoInfo::read(&path)?)))).transpose()
    };
    let at_once = match (store, tag.exact_version()) {
        (Some(store), Some(_)) => store.get(Kind::Bento, tag).map(|path| (tag.clone(), path)),
        (Some(store), None) => store.find(Kind::Bento, tag)?,
        (None, _) => None,
    };
    if let Some(found) = local(at_once)? {
        return Ok(found);
    }
    if let Some((tag, artifact)) = client.find(Kind::Bento, tag).await? {
        return remote(tag, &artifact, client);
    }
    if let Some(found) = local(store.map(|store| store.find(Kind::Bento, tag)).transpose()?.flatten())? {
        tracing::info!("{tag} stands for {}, the only one of the local store that begins so", found.parts().0);
        return Ok(found);
    }
    let local = store.map(|store| format!("the local store {}", store.home().display()));
    let local = local.unwrap_or_else(|| "a local store (there is none)".into());
    Err(Error::not_found(format!("the Bento {tag} is neither in {local} nor at {}", client.endpoint()))
        .hint("Check bento-tag, build it in this job, or push it first."))
}

/// A Bento of the cloud, if it is whole.
fn remote(tag: Tag, artifact: &Artifact, client: &Client) -> Result<Existing> {
    let status = artifact.upload_status;
    if matches!(status, UploadStatus::Pending | UploadStatus::Uploading | UploadStatus::Failed) {
        let status = format!("{status:?}").to_lowercase();
        return Err(Error::failure(format!(
            "the Bento {tag} at {} is not whole: its upload is {status}",
            client.endpoint()
        ))
        .hint("Push it again from the machine that has it, or wait for the job that pushes it."));
    }
    let manifest = artifact.manifest.as_ref().filter(|manifest| manifest.is_object()).ok_or_else(|| {
        Error::failure(format!("{} does not say what the Bento {tag} holds: it has no manifest", client.endpoint()))
            .hint("Push it again.")
    })?;
    let entry = manifest.get("entry_service").and_then(Value::as_str).unwrap_or_default();
    let envs = manifest.get("envs").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Existing::Remote(tag, Facts::new(entry, manifest.get("services"), envs)))
}

/// The local store by an absolute path; `None` where this machine has no place for one.
pub(crate) fn store(ctx: &Context) -> Option<Store> {
    Store::of(&ctx.env).ok().map(|store| store.within(ctx.workspace()).cancelled_by(&ctx.cancel))
}
