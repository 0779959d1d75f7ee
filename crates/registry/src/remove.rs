//! Taking a tag away, which registries do in different ways, and some not at all.

use actions_core::{Cause, Error, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::Registry;
use crate::layer::digest_of;
use crate::manifest::{Manifest, TYPES};

/// The empty config of a manifest that is not an image.
const EMPTY: &[u8] = b"{}";

impl Registry {
    /// Takes a tag away, and nothing else: what it names may be part of another image. Is it gone? If not, it names
    /// `instead`.
    ///
    /// Registries that delete by digest only get a manifest of its own under the tag, which is deleted. Those that delete
    /// nothing get `instead` under it: no unfinished image keeps a name.
    ///
    /// # Errors
    /// The registry does not delete and there is nothing instead, or it cannot be reached.
    pub async fn remove_tag(&self, tag: &str, instead: Option<&Manifest>) -> Result<bool> {
        let remover = self.for_removal();
        let answered = remover.delete(tag).await?;
        // Registries that delete no tags may say that there is none.
        if answered.is_success() || (answered == StatusCode::NOT_FOUND && self.lacks(tag).await?) {
            return Ok(true);
        }
        let stand_in = stand_in(tag);
        // It is not there yet. A registry that says something else of it deletes nothing, and would keep it for ever.
        if remover.delete(&stand_in.digest).await? == StatusCode::NOT_FOUND {
            self.put_blob(EMPTY).await?;
            self.put_manifest(&stand_in, tag).await?;
            if remover.delete(&stand_in.digest).await?.is_success() {
                return Ok(true);
            }
        }
        let none = || Error::failure(format!("{} answered {answered} to DELETE", self.repository()));
        self.put_manifest(instead.ok_or_else(none)?, tag).await?;
        Ok(false)
    }

    /// Makes sure that an image is still there under this tag or digest after another tag was taken away: some registries
    /// delete what a tag names in its place. Had it gone? Then it was written again.
    ///
    /// # Errors
    /// A part of the image is gone, or the registry refuses the image or cannot be reached.
    pub async fn keep(&self, reference: &str, image: &Manifest) -> Result<bool> {
        let parts = image.document.get("manifests").and_then(Value::as_array).into_iter().flatten();
        for part in parts.filter_map(|part| part.get("digest").and_then(Value::as_str)) {
            if self.lacks(part).await? {
                let (repository, digest) = (self.repository(), &image.digest);
                return Err(Error::failure(format!(
                    "{repository} deleted {part}, a part of {digest}, with another tag"
                ))
                .hint("Push the image again; if it stays, look at the registry's rules of deletion."));
            }
        }
        if !self.lacks(reference).await? {
            return Ok(false);
        }
        self.put_manifest(image, reference).await?;
        Ok(true)
    }

    /// What the registry answers; a right that we do not have is an answer too.
    async fn delete(&self, reference: &str) -> Result<StatusCode> {
        match self.ask(&Method::DELETE, &format!("manifests/{reference}"), None).await {
            Ok(response) => Ok(response.status()),
            Err(error) if error.cause() == Cause::Access => Ok(StatusCode::FORBIDDEN),
            Err(error) => Err(error),
        }
    }

    async fn lacks(&self, tag: &str) -> Result<bool> {
        let response = self.ask(&Method::HEAD, &format!("manifests/{tag}"), Some(TYPES)).await?;
        Ok(response.status() == StatusCode::NOT_FOUND)
    }
}

/// A manifest that no other repository or tag has.
fn stand_in(tag: &str) -> Manifest {
    Manifest::new(json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(EMPTY), "size": EMPTY.len()},
        "layers": [],
        "annotations": {"org.opencontainers.image.title": tag},
    }))
}
