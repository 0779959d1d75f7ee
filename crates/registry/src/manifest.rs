//! Manifests and indexes, by tag or digest; the tags that there are.

use actions_core::http;
use actions_core::http::Attempt;
use actions_core::{Context as _, Error, Result};
use reqwest::header::{CONTENT_TYPE, LINK};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::client::{PATIENCE, Registry};
use crate::layer::digest_of;
use crate::link;

/// Every kind of image that registries hold.
pub(crate) const TYPES: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// How many pages of tags are read.
const MOST_PAGES: usize = 1000;

/// A manifest or an index, with the bytes that its digest is of.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What it says.
    pub document: Value,
    /// Its type, as the registry or the document names it.
    pub media_type: String,
    /// What its digest is of.
    pub bytes: Vec<u8>,
    /// `sha256:…`.
    pub digest: String,
}

impl Manifest {
    /// A manifest that names its own type.
    pub fn new(document: Value) -> Self {
        let bytes = document.to_string().into_bytes();
        Self::read(bytes, document)
    }

    fn read(bytes: Vec<u8>, document: Value) -> Self {
        let media_type = document.get("mediaType").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { digest: digest_of(&bytes), media_type, document, bytes }
    }

    /// Its entry in an index.
    pub fn descriptor(&self) -> Value {
        serde_json::json!({"mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len()})
    }
}

impl Registry {
    /// Reads a manifest or an index, by tag or digest. What a digest names is compared with it; the header
    /// `Docker-Content-Digest` is the registry's word and no proof.
    ///
    /// # Errors
    /// It is not there, what comes is not a manifest, or not the one that was asked for.
    pub async fn manifest(&self, reference: &str) -> Result<Manifest> {
        let address = self.address(&format!("manifests/{reference}"))?;
        let wrong = || format!("{}@{reference} is not a manifest", self.repository);
        let whole = || async {
            let response = self.ask_once(&Method::GET, &address, Some(TYPES)).await?;
            if !response.status().is_success() {
                return Err(Attempt::Final(self.refused(response).await));
            }
            let header = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
            let what = format!("{}@{reference} cannot be read", self.repository);
            Ok((http::bytes(response, &what).await?, header))
        };
        let (bytes, header) = http::retry(&self.cancel, whole).await?;
        let document = serde_json::from_slice(&bytes).context(wrong)?;
        let mut manifest = Manifest::read(bytes, document);
        // No tag has a colon. Other digests than those of SHA-256 cannot be checked, and nothing here asks for one.
        if reference.contains(':') && manifest.digest != reference {
            let (repository, digest) = (&self.repository, &manifest.digest);
            return Err(Error::failure(format!("{repository} sent {digest} in place of {reference}")).hint(
                "The registry, or a mirror or proxy in front of it, mixes images up: do not use what was pushed.",
            ));
        }
        if manifest.media_type.is_empty() {
            manifest.media_type = header.unwrap_or_default();
        }
        Ok(manifest)
    }

    /// All tags of the repository, of the first thousand pages; none of one that does not exist yet.
    ///
    /// # Errors
    /// The registry does not list them or cannot be reached.
    pub async fn tags(&self) -> Result<Vec<String>> {
        let (mut all, mut next) = self.tags_page(self.address("tags/list")?).await?;
        for _ in 1..MOST_PAGES {
            let Some(address) = next else { break };
            let (tags, after) = self.tags_page(address).await?;
            // A page without tags that names another one would do so for ever.
            next = after.filter(|_| !tags.is_empty());
            all.extend(tags);
        }
        Ok(all)
    }

    /// Some tags, and where more are.
    pub(crate) async fn tags_page(&self, address: Url) -> Result<(Vec<String>, Option<Url>)> {
        let whole = || async {
            let response = self.ask_once(&Method::GET, &address, None).await?;
            match response.status() {
                StatusCode::NOT_FOUND => return Ok((Value::Null, None)),
                status if !status.is_success() => return Err(Attempt::Final(self.refused(response).await)),
                _ => {}
            }
            let links = response.headers().get_all(LINK).iter().filter_map(|link| link.to_str().ok());
            let next = links.filter_map(link::next).next().and_then(|link| address.join(link).ok());
            let what = format!("the tags of {} cannot be read", self.repository);
            Ok((http::json(response, &what).await?, next))
        };
        let (page, next) = http::retry(&self.cancel, whole).await?;
        let tags = page.get("tags").and_then(Value::as_array).into_iter().flatten();
        Ok((tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect(), next))
    }

    /// Writes a manifest or an index under its digest or a tag.
    ///
    /// # Errors
    /// The registry refuses it or cannot be reached.
    pub async fn put_manifest(&self, manifest: &Manifest, reference: &str) -> Result<()> {
        let address = self.address(&format!("manifests/{reference}"))?;
        http::retry(&self.cancel, || async {
            let request = || {
                let request =
                    self.http.put(address.clone()).timeout(PATIENCE).header(CONTENT_TYPE, &manifest.media_type);
                request.body(manifest.bytes.clone())
            };
            let response = self.send(request).await?;
            if response.status().is_success() { Ok(()) } else { Err(Attempt::Final(self.refused(response).await)) }
        })
        .await
        .context(|| format!("failed to write {}:{reference}", self.repository))
    }

    /// Reads a tag back: does it name what we pushed?
    ///
    /// # Errors
    /// It names something else, or nothing.
    pub async fn verify_tag(&self, tag: &str, digest: &str) -> Result<()> {
        let found = self.manifest(tag).await.context(|| format!("{}:{tag} cannot be read back", self.repository))?;
        if found.digest == digest {
            return Ok(());
        }
        Err(Error::failure(format!("{}:{tag} is {}, but {digest} was pushed", self.repository, found.digest))
            .hint("Another job may push to the same tag: run them one after the other."))
    }
}
