//! Uploads, in the way that the server names: single PUT, multipart, or through the API itself.

use std::sync::Arc;
use std::time::Duration;

use bento_core::bento::archive::Plan;
use bento_core::http::{self, Attempt, Pace};
use bento_core::{Cause, Context, Error, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::progress::Progress;
use crate::artifact::{Artifact, Remote, UploadStatus};
use crate::client::Peer;

/// The part size of the Python client, bytes; S3 asks for at least 5 MiB, and takes 10,000 parts.
const PART: u64 = 100 * 1024 * 1024;
const PARALLEL: usize = 8;
/// How long a server may take to put in its place what it has got.
const SETTLING: Duration = Duration::from_secs(600);
/// How long telling the server about a failure may take; a cancelled job has little time.
const FAREWELL: Duration = Duration::from_secs(2);

/// Uploads an archive to a registered version, and makes sure that the server has it.
///
/// # Errors
/// The transfer fails, or the job is cancelled: the server is told that the upload failed.
pub(crate) async fn upload(remote: &Remote<'_>, artifact: Artifact, plan: Plan) -> Result<()> {
    let plan = Arc::new(plan);
    let progress = Arc::new(Progress::new(format!("pushing {}", remote.noun()), Some(plan.len())));
    let sent = progress.during(send(remote, artifact, &plan, &progress)).await;
    if let Err(error) = sent {
        report_failure(remote, &error).await;
        return Err(error).context(|| format!("failed to push {}", remote.noun()));
    }
    // Yatai answers a model's PATCH with the state before it: only a look tells.
    match remote.get().await?.map(|artifact| artifact.upload_status) {
        Some(UploadStatus::Success) => Ok(()),
        status => Err(Error::failure(format!(
            "{} was sent, but the server does not call it complete (it says {status:?})",
            remote.noun()
        ))
        .hint("Push it again.")),
    }
}

async fn send(remote: &Remote<'_>, artifact: Artifact, plan: &Arc<Plan>, progress: &Arc<Progress>) -> Result<()> {
    match artifact.transmission_strategy.as_deref() {
        None => {
            let signed = remote.patch("presign_upload_url", None).await?.presigned_upload_url;
            match signed.filter(|address| !address.is_empty()) {
                Some(address) => single(remote, &address, plan, progress).await,
                None => proxy(remote, plan, progress).await,
            }
        }
        Some("proxy") => proxy(remote, plan, progress).await,
        Some(_) => multipart(remote, plan, progress).await,
    }
}

async fn single(remote: &Remote<'_>, address: &str, plan: &Arc<Plan>, progress: &Arc<Progress>) -> Result<()> {
    remote.patch("start_upload", None).await?;
    put(remote, Peer::Storage, plan, 0..plan.len(), progress, || async { Ok(remote.client.http.put(address)) }).await?;
    finish(remote).await
}

/// The server marks the upload complete by itself.
async fn proxy(remote: &Remote<'_>, plan: &Arc<Plan>, progress: &Arc<Progress>) -> Result<()> {
    remote.patch("start_upload", None).await?;
    let request =
        || async { Ok(remote.content(Method::PUT, "upload")?.header(CONTENT_TYPE, "application/octet-stream")) };
    put(remote, Peer::Api, plan, 0..plan.len(), progress, request).await?;
    Ok(())
}

async fn multipart(remote: &Remote<'_>, plan: &Arc<Plan>, progress: &Arc<Progress>) -> Result<()> {
    remote.patch("start_upload", None).await?;
    let started = remote.patch_once("start_multipart_upload", None).await?;
    let upload_id = started.upload_id.filter(|id| !id.is_empty());
    let upload_id = upload_id.ok_or_else(|| Error::failure("the server started a multipart upload without an id"))?;
    let parts: Vec<Value> = stream::iter(1..=plan.len().div_ceil(PART))
        .map(|number| part(remote, &upload_id, number, plan, progress))
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    remote.patch_once("complete_multipart_upload", Some(json!({"parts": parts, "upload_id": upload_id}))).await?;
    finish(remote).await
}

/// Uploads one part, signed anew for each attempt, and returns its entry for the completing call.
async fn part(
    remote: &Remote<'_>,
    upload_id: &str,
    number: u64,
    plan: &Arc<Plan>,
    progress: &Arc<Progress>,
) -> Result<Value> {
    let range = (number - 1) * PART..(number * PART).min(plan.len());
    let sign = || async {
        let body = json!({"upload_id": upload_id, "part_number": number});
        let address = remote.patch("presign_multipart_upload_url", Some(body)).await?.presigned_upload_url;
        let address = address.filter(|address| !address.is_empty());
        let address = address.ok_or_else(|| Error::failure("the server signed no address for a part"))?;
        Ok(remote.client.http.put(address))
    };
    let response = put(remote, Peer::Storage, plan, range, progress, sign).await?;
    let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
    let etag = etag.ok_or_else(|| Error::failure("the object storage named no ETag for a part"))?;
    Ok(json!({"part_number": number, "etag": etag}))
}

/// PUTs a range of the archive, up to four times.
async fn put<F: Future<Output = Result<RequestBuilder>>>(
    remote: &Remote<'_>,
    peer: Peer,
    plan: &Arc<Plan>,
    range: std::ops::Range<u64>,
    progress: &Arc<Progress>,
    request: impl Fn() -> F,
) -> Result<Response> {
    let length = range.end - range.start;
    http::retry(&remote.client.cancel, || async {
        let (pace, progress) = (Pace::default(), Arc::clone(progress));
        let bytes = plan.stream(range.clone()).inspect_ok(move |chunk| progress.add(chunk.len()));
        // Its length is told, so that it is not sent in chunks, which signed addresses refuse.
        let request = request().await?.header(CONTENT_LENGTH, length).body(pace.body(bytes, length));
        let sent = pace.keep(peer.name(), SETTLING, request.send()).await?;
        let response = sent.map_err(|error| {
            let unreadable = error.is_body();
            let error = http::transport_error("the transfer broke off", error);
            // A file that cannot be read will not get better.
            if unreadable { Attempt::Final(error) } else { Attempt::Again(error, None) }
        })?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let pause = http::retry_after(response.headers());
        let text = response.text().await.unwrap_or_default();
        let error = remote.client.transfer_refusal(peer, status, &text, "the upload");
        Err(if http::is_transient(status) { Attempt::Again(error, pause) } else { Attempt::Final(error) })
    })
    .await
}

async fn finish(remote: &Remote<'_>) -> Result<()> {
    remote.patch("finish_upload", Some(json!({"status": "success", "reason": ""}))).await.map(drop)
}

/// Best effort, also when the job is being cancelled: a half-finished upload must not look like one under way.
async fn report_failure(remote: &Remote<'_>, error: &Error) {
    let reason = if error.cause() == Cause::Cancelled { "cancelled".into() } else { error.full_text() };
    let Ok(request) = remote.content(Method::PATCH, "finish_upload") else { return };
    let telling = request.json(&json!({"status": "failed", "reason": reason})).timeout(FAREWELL).send();
    if telling.await.is_err() {
        tracing::debug!("the server could not be told that the upload failed");
    }
}
