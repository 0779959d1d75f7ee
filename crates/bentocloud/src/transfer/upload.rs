//! Uploads, in the way that the server names: single PUT, multipart, or through the API itself.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use actions_core::{Cause, Context, Error, Result};
use archive::Plan;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ETAG};
use serde_json::{Value, json};

use super::complete;
use super::progress::Progress;
use super::put::Sending;
use crate::artifact::{Artifact, Remote, UploadStatus};
use crate::client::Peer;

const MIB: u64 = 1024 * 1024;
/// The part size of the Python client, bytes.
const PART: u64 = 100 * MIB;
/// The most parts that S3 takes.
const MOST_PARTS: u64 = 10_000;
/// The most that S3 takes in one PUT, of an object or a part, bytes.
const LARGEST_PUT: u64 = 5 * 1024 * MIB;
const PARALLEL: usize = 8;
/// How long telling the server about a failure may take; a cancelled job has little time.
const FAREWELL: Duration = Duration::from_secs(2);

/// Uploads an archive to a registered version, and makes sure that the server has it.
///
/// # Errors
/// The transfer fails, or the job is cancelled: the server is told that the upload failed.
pub(crate) async fn upload(remote: &Remote<'_>, artifact: Artifact, plan: Plan) -> Result<()> {
    let progress = Arc::new(Progress::new(format!("pushing {}", remote.noun()), Some(plan.len())));
    let sending = Sending::new(remote, Arc::new(plan), Arc::clone(&progress));
    let sent = progress.during(send(&sending, &artifact)).await;
    if let Err(error) = sent {
        report_failure(remote, &error).await;
        return Err(error).context(|| format!("failed to push {}", remote.noun()));
    }
    // Yatai answers a model's PATCH with the state before it: only a look tells.
    match remote.get().await?.map(|artifact| artifact.upload_status) {
        Some(UploadStatus::Success) => Ok(()),
        status => Err(Error::failure(format!(
            "{} was sent, but the server does not call it complete ({})",
            remote.noun(),
            status.map_or_else(|| "it knows nothing of it".to_owned(), |status| format!("it says {status}"))
        ))
        .hint("Push it again.")),
    }
}

async fn send(sending: &Sending<'_>, artifact: &Artifact) -> Result<()> {
    match artifact.transmission_strategy.as_deref() {
        // One PUT takes no more, whatever the server signs.
        None if sending.plan.len() > LARGEST_PUT => multipart(sending, artifact).await,
        None => match signed(sending.remote).await? {
            Some(address) => single(sending, address).await,
            None => proxy(sending).await,
        },
        Some("proxy") => proxy(sending).await,
        Some(_) => multipart(sending, artifact).await,
    }
}

async fn signed(remote: &Remote<'_>) -> Result<Option<String>> {
    let address = remote.patch("presign_upload_url", None).await?.presigned_upload_url;
    Ok(address.filter(|address| !address.is_empty()))
}

/// Signed anew for each attempt after the first.
async fn single(sending: &Sending<'_>, address: String) -> Result<()> {
    let remote = sending.remote;
    remote.patch("start_upload", None).await?;
    let first = RefCell::new(Some(address));
    let request = || async {
        let known = first.take();
        let address = match known {
            Some(address) => address,
            None => signed(remote).await?.ok_or_else(|| Error::failure("the server signed no second address"))?,
        };
        remote.client.at_storage(Method::PUT, &address)
    };
    sending.put(Peer::Storage, 0..sending.plan.len(), request).await?;
    finish(remote).await
}

/// The server marks the upload complete by itself.
async fn proxy(sending: &Sending<'_>) -> Result<()> {
    let remote = sending.remote;
    remote.patch("start_upload", None).await?;
    let request =
        || async { Ok(remote.content(Method::PUT, "upload")?.header(CONTENT_TYPE, "application/octet-stream")) };
    sending.put(Peer::Api, 0..sending.plan.len(), request).await?;
    Ok(())
}

async fn multipart(sending: &Sending<'_>, artifact: &Artifact) -> Result<()> {
    let (remote, len) = (sending.remote, sending.plan.len());
    let size = part_size(len)?;
    remote.patch("start_upload", None).await?;
    // Where the answer is lost another upload is begun; the first one stays without a part.
    let started = remote.patch_slow("start_multipart_upload", None).await?;
    let upload_id = started.upload_id.filter(|id| !id.is_empty());
    let upload_id = upload_id.ok_or_else(|| Error::failure("the server started a multipart upload without an id"))?;
    let parts: Vec<Part> = stream::iter((0..len).step_by(usize::try_from(size).unwrap_or(usize::MAX)).zip(1..))
        .map(|(start, number)| part(sending, &upload_id, number, start..start.saturating_add(size).min(len)))
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    complete::complete(sending, artifact, &upload_id, &parts).await?;
    finish(remote).await
}

/// The size of the parts of an archive, bytes: the usual one, or as large as 10,000 parts have to be.
fn part_size(len: u64) -> Result<u64> {
    let least = len.div_ceil(MOST_PARTS).div_ceil(MIB).saturating_mul(MIB);
    let size = PART.max(least);
    if size > LARGEST_PUT {
        return Err(Error::failure(format!(
            "{len} bytes are more than an object storage takes: 10,000 parts of 5 GiB"
        ))
        .hint("Split the model."));
    }
    Ok(size)
}

/// A part that arrived.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) number: u64,
    /// As the storage wrote it, with its quotes.
    pub(super) etag: String,
    pub(super) md5: [u8; 16],
}

/// Uploads one part, signed anew for each attempt.
async fn part(sending: &Sending<'_>, upload_id: &str, number: u64, range: std::ops::Range<u64>) -> Result<Part> {
    let remote = sending.remote;
    let sign = || async {
        let body = json!({"upload_id": upload_id, "part_number": number});
        let address = remote.patch("presign_multipart_upload_url", Some(body)).await?.presigned_upload_url;
        let address = address.filter(|address| !address.is_empty());
        let address = address.ok_or_else(|| Error::failure("the server signed no address for a part"))?;
        remote.client.at_storage(Method::PUT, &address)
    };
    let sent = sending.put(Peer::Storage, range, sign).await?;
    let etag = sent.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
    let etag = etag.ok_or_else(|| Error::failure("the object storage named no ETag for a part"))?;
    Ok(Part { number, etag: etag.to_owned(), md5: sent.md5 })
}

impl Part {
    /// Its entry in the completing call.
    pub(super) fn entry(&self) -> Value {
        json!({"part_number": self.number, "etag": self.etag})
    }
}

async fn finish(remote: &Remote<'_>) -> Result<()> {
    remote.patch("finish_upload", Some(json!({"status": "success", "reason": ""}))).await.map(drop)
}

/// Best effort, also when the job is being cancelled: a half-finished upload must not look like one under way. The reason is
/// of the kind alone: an error's text may hold paths of this machine.
async fn report_failure(remote: &Remote<'_>, error: &Error) {
    let reason = match error.cause() {
        Cause::Cancelled => "cancelled",
        Cause::Unreachable | Cause::Timeout => "the server or its storage could not be reached",
        Cause::Access => "access was refused",
        _ => "the client could not send it",
    };
    let Ok(request) = remote.content(Method::PATCH, "finish_upload") else { return };
    let telling = request.json(&json!({"status": "failed", "reason": reason})).timeout(FAREWELL).send();
    if telling.await.is_err() {
        tracing::debug!("the server could not be told that the upload failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_archive_has_more_parts_than_a_storage_takes() {
        for len in [1, PART, PART + 1, PART * MOST_PARTS, PART * MOST_PARTS + 1, LARGEST_PUT * MOST_PARTS] {
            let size = part_size(len).unwrap();
            assert!(len.div_ceil(size) <= MOST_PARTS && (PART..=LARGEST_PUT).contains(&size), "{len}: {size}");
            assert_eq!(size % MIB, 0);
        }
        assert_eq!(part_size(PART * MOST_PARTS).unwrap(), PART, "what the Python client takes");
        for len in [LARGEST_PUT * MOST_PARTS + 1, u64::MAX] {
            assert!(part_size(len).unwrap_err().to_string().contains("10,000 parts"));
        }
    }
}
