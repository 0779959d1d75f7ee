//! Blobs: is it there, take it over from another repository, upload it, read it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use bento_core::bento::archive::Plan;
use bento_core::http::{self, Attempt};
use bento_core::{Context as _, Error, Result};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use crate::body;
use crate::client::{PATIENCE, Registry};
use crate::layer::{Layer, digest_of};

/// After a failed attempt a layer is sent in pieces of this size, bytes: what has arrived need not be sent again.
const PIECE: u64 = 32 * 1024 * 1024;
/// Slower than this, bytes per second, a transfer counts as stuck.
const SLOWEST: u64 = 16 * 1024;
const BINARY: &str = "application/octet-stream";

/// How a layer came to be in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was there.
    Reused,
    /// It was sent.
    Sent,
}

impl Registry {
    /// Makes sure that the registry has the layer; its bytes are sent only if neither this repository nor one of `from`
    /// has them.
    ///
    /// # Errors
    /// The registry refuses it or cannot be reached, or the model cannot be read.
    pub async fn ensure_layer(&self, layer: &Layer, from: &[&str]) -> Result<Arrival> {
        let failed = || format!("failed to push {} to {}", layer.title, self.repository);
        if self.has_blob(&layer.digest).await.context(failed)? {
            return Ok(Arrival::Reused);
        }
        for name in from {
            if self.mount(&layer.digest, name).await.context(failed)? {
                return Ok(Arrival::Reused);
            }
        }
        self.upload(layer).await.context(failed)?;
        Ok(Arrival::Sent)
    }

    async fn has_blob(&self, digest: &str) -> Result<bool> {
        Ok(self.ask(&Method::HEAD, &format!("blobs/{digest}"), None).await?.status().is_success())
    }

    /// Asks the registry to take a blob over from another of its repositories. It may start an upload instead.
    async fn mount(&self, digest: &str, from: &str) -> Result<bool> {
        let path = format!("blobs/uploads/?mount={digest}&from={from}");
        let response = self.ask(&Method::POST, &path, None).await?;
        if response.status() == StatusCode::ACCEPTED
            && let Ok(session) = self.session(&response)
        {
            let _ = self.send(|| self.http.delete(session.clone()).timeout(PATIENCE)).await;
        }
        Ok(response.status() == StatusCode::CREATED)
    }

    /// Sends the layer in one request; where that breaks off, in pieces that go on where the last attempt ended.
    async fn upload(&self, layer: &Layer) -> Result<()> {
        let first = Cell::new(true);
        let session = RefCell::new(None);
        http::retry(&self.cancel, || async {
            if first.replace(false) { self.put_whole(layer).await } else { self.put_pieces(layer, &session).await }
        })
        .await
    }

    async fn put_whole(&self, layer: &Layer) -> Result<(), Attempt> {
        let mut session = self.start_upload().await?;
        session.query_pairs_mut().append_pair("digest", &layer.digest);
        let length = layer.plan.len();
        let sent = self.send(|| {
            let request = self.http.put(session.clone()).timeout(PATIENCE + Duration::from_secs(length / SLOWEST));
            request
                .header(CONTENT_LENGTH, length)
                .header(CONTENT_TYPE, BINARY)
                .body(body::of_range(&layer.plan, 0..length))
        });
        match sent.await {
            // A proxy's limit of a body's size.
            Ok(response) if response.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Attempt::Again(self.refused(response).await, None))
            }
            Ok(response) => self.created(response).await,
            Err(error) => Err(error),
        }
    }

    async fn put_pieces(&self, layer: &Layer, known: &RefCell<Option<Url>>) -> Result<(), Attempt> {
        let before = known.take();
        let (mut session, mut at) = match before {
            Some(session) => match self.arrived(&session).await? {
                Some(at) => (session, at),
                None => (self.start_upload().await?, 0),
            },
            None => (self.start_upload().await?, 0),
        };
        while at < layer.plan.len() {
            known.replace(Some(session.clone()));
            let end = (at + PIECE).min(layer.plan.len());
            let response = self.piece(&layer.plan, &session, at, end).await?;
            if response.status() != StatusCode::ACCEPTED {
                known.take();
                return Err(Attempt::Again(self.refused(response).await, None));
            }
            session = self.session(&response)?;
            at = end;
        }
        session.query_pairs_mut().append_pair("digest", &layer.digest);
        let response = self.send(|| self.http.put(session.clone()).header(CONTENT_LENGTH, 0).timeout(PATIENCE)).await?;
        self.created(response).await
    }

    async fn piece(&self, plan: &Arc<Plan>, session: &Url, at: u64, end: u64) -> Result<Response, Attempt> {
        self.send(|| {
            let request =
                self.http.patch(session.clone()).timeout(PATIENCE + Duration::from_secs((end - at) / SLOWEST));
            request
                .header(CONTENT_LENGTH, end - at)
                .header(CONTENT_RANGE, format!("{at}-{}", end - 1))
                .header(CONTENT_TYPE, BINARY)
                .body(body::of_range(plan, at..end))
        })
        .await
    }

    /// How many bytes of an upload the registry has; none where it knows nothing of it any more.
    async fn arrived(&self, session: &Url) -> Result<Option<u64>, Attempt> {
        let response = self.send(|| self.http.get(session.clone()).timeout(PATIENCE)).await?;
        let range = response.headers().get(RANGE).and_then(|range| range.to_str().ok());
        let last: Option<u64> =
            range.and_then(|range| range.trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok());
        // `0-0` may be one byte or none.
        Ok(last
            .filter(|_| response.status() == StatusCode::NO_CONTENT)
            .map(|last| if last == 0 { 0 } else { last + 1 }))
    }

    async fn start_upload(&self) -> Result<Url, Attempt> {
        let address = self.address("blobs/uploads/")?;
        let start = || self.http.post(address.clone()).header(CONTENT_LENGTH, 0).timeout(PATIENCE);
        let response = self.send(start).await?;
        if response.status() == StatusCode::ACCEPTED {
            Ok(self.session(&response)?)
        } else {
            Err(Attempt::Final(self.refused(response).await))
        }
    }

    /// Where an upload goes on; the address may be relative.
    fn session(&self, response: &Response) -> Result<Url> {
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let session = location.and_then(|location| response.url().join(location).ok());
        session.ok_or_else(|| Error::failure(format!("{} started an upload without an address", self.repository)))
    }

    async fn created(&self, response: Response) -> Result<(), Attempt> {
        match response.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            // The session is gone, as after a restart of the registry.
            StatusCode::NOT_FOUND => Err(Attempt::Again(self.refused(response).await, None)),
            _ => Err(Attempt::Final(self.refused(response).await)),
        }
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
        let mut response = self.ask(&Method::GET, &format!("blobs/{digest}"), None).await?;
        if response.status().is_redirection() {
            // The storage behind the registry takes no authorization of the registry's.
            let address = self.session(&response)?;
            let sent = self.http.get(address).timeout(PATIENCE).send().await;
            response = sent.map_err(|error| http::transport_error("cannot read from the registry's storage", error))?;
        }
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        let bytes = response.bytes().await;
        let bytes = bytes.map_err(|error| http::transport_error(&format!("cannot read {digest}"), error))?;
        if digest_of(&bytes) == digest {
            Ok(bytes.into())
        } else {
            Err(Error::failure(format!("{} sent something else than {digest}", self.repository)))
        }
    }
}
