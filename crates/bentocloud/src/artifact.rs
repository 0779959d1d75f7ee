//! Bento and model repositories: the same calls under two prefixes.

use std::fmt;
use std::time::Duration;

use actions_core::{Cause, Error, Result};
use bento_format::{Kind, Tag};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Client;
use crate::client::Call;

/// An object of many parts takes a storage minutes to put together.
const STORAGE_PATIENCE: Duration = Duration::from_secs(900);

/// A Bento or model as the server keeps it.
#[derive(Debug, Clone, Deserialize)]
pub struct Artifact {
    /// Equals the version.
    pub name: String,
    /// Where the content stands.
    #[serde(default)]
    pub upload_status: UploadStatus,
    /// How to transfer the content: nothing (single PUT), `proxy`, or `presigned_url` (multipart).
    #[serde(default)]
    pub(crate) transmission_strategy: Option<String>,
    #[serde(default)]
    pub(crate) presigned_upload_url: Option<String>,
    #[serde(default)]
    pub(crate) presigned_download_url: Option<String>,
    #[serde(default)]
    pub(crate) upload_id: Option<String>,
    /// Present on Bentos and models that were created with one.
    #[serde(default)]
    pub manifest: Option<Value>,
    /// Keys and values, as a list.
    #[serde(default)]
    pub labels: Option<Value>,
    /// When it was built, by its maker's clock.
    #[serde(default)]
    pub build_at: Option<String>,
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadStatus {
    /// Registered; no content yet.
    #[default]
    Pending,
    /// Under way, or given up half-way.
    Uploading,
    /// Complete.
    Success,
    /// Given up, and said so.
    Failed,
    /// A word that this version does not know.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for UploadStatus {
    /// The cloud's own words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Uploading => "uploading",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Unknown => "a word that is not known here",
        })
    }
}

#[derive(Deserialize)]
struct List {
    items: Vec<Artifact>,
}

/// One version in a repository: its address in the API.
#[derive(Debug, Clone)]
pub(crate) struct Remote<'a> {
    pub client: &'a Client,
    pub kind: Kind,
    pub tag: Tag,
    repository: String,
    path: String,
}

impl<'a> Remote<'a> {
    /// The address of a full tag.
    pub(crate) fn new(client: &'a Client, kind: Kind, tag: &Tag) -> Result<Self> {
        let version = tag.exact_version().ok_or_else(|| Error::failure(format!("{tag} has no version")))?;
        let repository = repository_path(kind, tag.name());
        let path = format!("{repository}/{}/{version}", collection(kind));
        Ok(Self { client, kind, tag: tag.clone(), repository, path })
    }

    /// Makes sure that the repository exists.
    pub(crate) async fn ensure_repository(&self) -> Result<()> {
        if self.client.try_send::<Value>(Call::get(&self.repository)).await?.is_some() {
            return Ok(());
        }
        let prefix = self.repository.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let body = json!({"name": self.tag.name(), "description": ""});
        match self.client.send::<Value>(Call::post(prefix, body)).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.cause(), Cause::Cancelled | Cause::Access) => Err(error),
            // Another job may have made it meanwhile, or the answer got lost.
            Err(error) => match self.client.try_send::<Value>(Call::get(&self.repository)).await {
                Ok(Some(_)) => Ok(()),
                _ => Err(error),
            },
        }
    }

    pub(crate) async fn get(&self) -> Result<Option<Artifact>> {
        self.client.try_send(Call::get(&self.path)).await
    }

    /// Registers the version; one that another job registered meanwhile is as good.
    pub(crate) async fn create(&self, body: Value) -> Result<Artifact> {
        let path = format!("{}/{}", self.repository, collection(self.kind));
        match self.client.send(Call::post(&path, body)).await {
            Ok(artifact) => Ok(artifact),
            Err(error) if matches!(error.cause(), Cause::Cancelled | Cause::Access) => Err(error),
            Err(error) => match self.get().await {
                Ok(Some(artifact)) => Ok(artifact),
                _ => Err(error),
            },
        }
    }

    pub(crate) async fn update(&self, body: Value) -> Result<Artifact> {
        self.client.send(Call::patch(&self.path, Some(body))).await
    }

    /// One of the PATCH calls below a version, such as `start_upload`.
    pub(crate) async fn patch(&self, verb: &str, body: Option<Value>) -> Result<Artifact> {
        self.client.send(Call::patch(&format!("{}/{verb}", self.path), body)).await
    }

    /// Like [`Self::patch`], for what may take a storage its time.
    pub(crate) async fn patch_slow(&self, verb: &str, body: Option<Value>) -> Result<Artifact> {
        let path = format!("{}/{verb}", self.path);
        self.client.send(Call { patience: STORAGE_PATIENCE, ..Call::patch(&path, body) }).await
    }

    /// Like [`Self::patch_slow`], once: whoever asks looks before it is done again.
    pub(crate) async fn patch_once(&self, verb: &str, body: Option<Value>) -> Result<Artifact> {
        let path = format!("{}/{verb}", self.path);
        self.client.send(Call { repeatable: false, patience: STORAGE_PATIENCE, ..Call::patch(&path, body) }).await
    }

    /// A request for the content through the API itself: `upload` or `download`.
    pub(crate) fn content(&self, method: Method, verb: &str) -> Result<reqwest::RequestBuilder> {
        self.client.request(method, &format!("{}/{verb}", self.path))
    }

    /// In a sentence: `model iris:1`.
    pub(crate) fn noun(&self) -> String {
        format!("{} {}", self.kind.noun(), self.tag)
    }
}

impl Client {
    /// The newest version of a repository, by build time; `None` where there is none. `filter` is of the API's `q`
    /// language, which Yatai ignores here.
    pub async fn newest(&self, kind: Kind, name: &str, filter: Option<&str>) -> Result<Option<Artifact>> {
        let path = format!("{}/{}", repository_path(kind, name), collection(kind));
        let query = match kind {
            Kind::Bento => vec![("count", "1")],
            Kind::Model => vec![("start", "0"), ("count", "10"), ("q", filter.unwrap_or_default())],
        };
        let query: Vec<_> = query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let list: Option<List> = self.try_send(Call::get(&path).query(&query)).await?;
        Ok(list.and_then(|list| list.items.into_iter().next()))
    }

    /// The newest versions of a repository, by build time, at most so many; none where there is no repository.
    pub async fn newest_of(&self, kind: Kind, name: &str, count: usize) -> Result<Vec<Artifact>> {
        let path = format!("{}/{}", repository_path(kind, name), collection(kind));
        let count = count.to_string();
        let list: Option<List> = self.try_send(Call::get(&path).query(&[("start", "0"), ("count", &count)])).await?;
        Ok(list.map(|list| list.items).unwrap_or_default())
    }

    /// Looks a Bento or model up; without a version, or with `latest`, the newest. The tag in the answer is exact.
    pub async fn find(&self, kind: Kind, tag: &Tag) -> Result<Option<(Tag, Artifact)>> {
        let found = match tag.exact_version() {
            Some(_) => Remote::new(self, kind, tag)?.get().await?,
            None => self.newest(kind, tag.name(), None).await?,
        };
        found.map(|artifact| Ok((tag.with_version(&artifact.name)?, artifact))).transpose()
    }
}

fn repository_path(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Bento => format!("/api/v1/bento_repositories/{name}"),
        Kind::Model => format!("/api/v1/model_repositories/{name}"),
    }
}

fn collection(kind: Kind) -> &'static str {
    match kind {
        Kind::Bento => "bentos",
        Kind::Model => "models",
    }
}
