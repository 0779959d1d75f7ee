//! Blobs: is it there, take it over from another repository, upload it, read it.

use actions_core::http;
use actions_core::http::Attempt;
use actions_core::{Error, Result};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use crate::client::{PATIENCE, Registry};
use crate::layer::digest_of;
use crate::upload::BINARY;

impl Registry {
    pub(crate) async fn has_blob(&self, digest: &str) -> Result<bool> {
        let status = self.ask(&Method::HEAD, &format!("blobs/{digest}"), None).await?.status();
        // Registries that keep blobs elsewhere send us there.
        Ok(status.is_success() || status.is_redirection())
    }

    /// Asks the registry to take a blob over from another of its repositories. It may start an upload instead.
    pub(crate) async fn mount(&self, digest: &str, from: &str) -> Result<bool> {
        let path = format!("blobs/uploads/?mount={digest}&from={from}");
        let address = self.address(&path)?;
        let post = || self.http.post(address.clone()).header(CONTENT_LENGTH, 0).timeout(PATIENCE);
        let response = http::retry(&self.cancel, || self.send(post)).await?;
        if response.status() == StatusCode::ACCEPTED
            && let Ok(session) = self.location(&response)
        {
            let _ = self.send(|| self.http.delete(session.clone()).timeout(PATIENCE)).await;
        }
        Ok(response.status() == StatusCode::CREATED)
    }

    /// Uploads a small blob, unless it is there, and returns its digest.
    ///
    /// # Errors
    /// The registry refuses it or cannot be reached.
    pub async fn put_blob(&self, bytes: &[u8]) -> Result<String> {
        let digest = digest_of(bytes);
        if self.has_blob(&digest).await? {
            return Ok(digest);
        }
        http::retry(&self.cancel, || async {
            let mut session = self.start_upload().await?;
            session.query_pairs_mut().append_pair("digest", &digest);
            let put =
                || self.http.put(session.clone()).timeout(PATIENCE).header(CONTENT_TYPE, BINARY).body(bytes.to_vec());
            let response = self.send(put).await?;
            self.created(response).await
        })
        .await?;
        Ok(digest)
    }

    /// Reads a small blob.
    ///
    /// # Errors
    /// It is not there, or what comes is not it.
    pub async fn blob(&self, digest: &str) -> Result<Vec<u8>> {
        let address = self.address(&format!("blobs/{digest}"))?;
        let whole = || async {
            let mut response = self.ask_once(&Method::GET, &address, None).await?;
            if response.status().is_redirection() {
                // `send` keeps our authorization from storage that is not the registry.
                let address = self.location(&response)?;
                response = self.ask_once(&Method::GET, &address, None).await?;
            }
            if !response.status().is_success() {
                return Err(Attempt::Final(self.refused(response).await));
            }
            http::bytes(response, &format!("cannot read {digest}")).await
        };
        let bytes = http::retry(&self.cancel, whole).await?;
        if digest_of(&bytes) == digest {
            Ok(bytes)
        } else {
            Err(Error::failure(format!("{} sent something else than {digest}", self.repository)))
        }
    }

    pub(crate) async fn start_upload(&self) -> Result<Url, Attempt> {
        let address = self.address("blobs/uploads/")?;
        let start = || self.http.post(address.clone()).header(CONTENT_LENGTH, 0).timeout(PATIENCE);
        let response = self.send(start).await?;
        if response.status() == StatusCode::ACCEPTED {
            Ok(self.location(&response)?)
        } else {
            Err(Attempt::Final(self.refused(response).await))
        }
    }

    /// The address that an answer names; it may be relative.
    pub(crate) fn location(&self, response: &Response) -> Result<Url> {
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let location = location.and_then(|location| response.url().join(location).ok());
        location.ok_or_else(|| Error::failure(format!("{} answered without an address", self.repository())))
    }

    pub(crate) async fn created(&self, response: Response) -> Result<(), Attempt> {
        match response.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            // The session is gone, as after a restart of the registry.
            StatusCode::NOT_FOUND => Err(Attempt::Again(self.refused(response).await, None)),
            _ => Err(Attempt::Final(self.refused(response).await)),
        }
    }
}
