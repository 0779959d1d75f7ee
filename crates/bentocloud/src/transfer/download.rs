//! Downloads: streamed into the unpacker, resumed where they broke off.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use bento_core::bento::archive;
use bento_core::http::{self, Attempt};
use bento_core::{Cause, Context, Error, Result};
use bytes::Bytes;
use reqwest::header::RANGE;
use reqwest::{Method, RequestBuilder, StatusCode};
use tokio::sync::mpsc;

use super::progress::Progress;
use crate::artifact::{Artifact, Remote};
use crate::client::Peer;

/// Downloads a version's archive and unpacks it into a folder, without keeping the archive.
///
/// # Errors
/// The folder then holds half of it, and is the caller's to remove.
pub(crate) async fn download(remote: &Remote<'_>, artifact: &Artifact, target: &Path) -> Result<()> {
    let progress = Arc::new(Progress::new(format!("pulling {}", remote.noun()), None));
    let (sender, receiver) = mpsc::channel(8);
    let folder = target.to_owned();
    let unpacking = tokio::task::spawn_blocking(move || {
        archive::unpack(Incoming { receiver, chunk: Bytes::new(), broken: false }, &folder)
    });
    let receiving = progress.during(receive(remote, artifact, &sender, &progress));
    let received = receiving.await;
    if received.is_err() {
        // The unpacker must not take a broken transfer for the end of the archive.
        let _ = sender.send(Err(io::Error::other("the transfer broke off"))).await;
    }
    drop(sender);
    let unpacked = unpacking.await.context(|| "the unpacker stopped".into())?;
    let failed = || format!("failed to pull {}", remote.noun());
    match (received, unpacked) {
        // Where the unpacker gave up, the transfer failed for want of a reader.
        (Err(error), Err(cause)) if error.to_string() == NO_READER => Err(cause).context(failed),
        (Err(error), _) => Err(error).context(failed),
        (Ok(()), unpacked) => unpacked.context(failed),
    }
}

const NO_READER: &str = "nobody reads the download any more";

async fn receive(
    remote: &Remote<'_>,
    artifact: &Artifact,
    sender: &mpsc::Sender<io::Result<Bytes>>,
    progress: &Progress,
) -> Result<()> {
    let received = std::cell::Cell::new(0_u64);
    http::retry(&remote.client.cancel, || async {
        let (mut request, peer) = request(remote, artifact).await?;
        let start = received.get();
        if start > 0 {
            request = request.header(RANGE, format!("bytes={start}-"));
        }
        let broken = |error| Attempt::Again(http::transport_error("the transfer broke off", error), None);
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        let mut repeated = match status {
            StatusCode::OK => start,
            StatusCode::PARTIAL_CONTENT if start > 0 => 0,
            _ => {
                let pause = http::retry_after(response.headers());
                let text = response.text().await.unwrap_or_default();
                let error = remote.client.transfer_refusal(peer, status, &text, "the download");
                return Err(if http::is_transient(status) {
                    Attempt::Again(error, pause)
                } else {
                    Attempt::Final(error)
                });
            }
        };
        while let Some(mut chunk) = response.chunk().await.map_err(broken)? {
            let known = usize::try_from(repeated).unwrap_or(usize::MAX).min(chunk.len());
            repeated -= known as u64;
            let chunk = chunk.split_off(known);
            received.set(received.get() + chunk.len() as u64);
            progress.add(chunk.len());
            if !chunk.is_empty() && sender.send(Ok(chunk)).await.is_err() {
                return Err(Attempt::Final(Error::new(Cause::Failure, NO_READER)));
            }
        }
        Ok(())
    })
    .await
}

/// The request for the content, signed anew each time.
async fn request(remote: &Remote<'_>, artifact: &Artifact) -> Result<(RequestBuilder, Peer)> {
    if artifact.transmission_strategy.as_deref() != Some("proxy") {
        let signed = remote.patch("presign_download_url", None).await?.presigned_download_url;
        if let Some(address) = signed.filter(|address| !address.is_empty()) {
            return Ok((remote.client.http.get(address), Peer::Storage));
        }
    }
    Ok((remote.content(Method::GET, "download")?, Peer::Api))
}

/// The downloaded bytes, for a blocking reader. An end without a word is an end of the download; an error is passed on.
struct Incoming {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
    broken: bool,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.broken {
            return Err(io::Error::other("the transfer broke off"));
        }
        while self.chunk.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(error)) => {
                    self.broken = true;
                    return Err(error);
                }
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        buffer[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}
