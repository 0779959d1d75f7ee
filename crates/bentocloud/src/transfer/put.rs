//! One PUT of a range of an archive, as often as it takes.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actions_core::http;
use actions_core::http::{Attempt, Pace, Refusal};
use actions_core::{Cause, Error, Result};
use archive::Plan;
use futures_util::TryStreamExt;
use md5::{Digest, Md5};
use reqwest::header::{CONTENT_LENGTH, ETAG, HeaderMap};
use reqwest::{RequestBuilder, StatusCode};

use super::progress::Progress;
use crate::artifact::Remote;
use crate::client::Peer;

/// How long a server may take to put in its place what it has got.
const SETTLING: Duration = Duration::from_secs(600);

/// An upload under way.
pub(super) struct Sending<'a> {
    pub(super) remote: &'a Remote<'a>,
    pub(super) plan: Arc<Plan>,
    progress: Arc<Progress>,
    /// The storage's ETags look like an MD5, and are not one: those of encrypted objects are not.
    has_other_etags: Cell<bool>,
}

/// What arrived.
pub(super) struct Sent {
    pub(super) headers: HeaderMap,
    /// Of the bytes as they were sent.
    pub(super) md5: [u8; 16],
}

impl<'a> Sending<'a> {
    pub(super) fn new(remote: &'a Remote<'a>, plan: Arc<Plan>, progress: Arc<Progress>) -> Self {
        Self { remote, plan, progress, has_other_etags: Cell::new(false) }
    }

    /// Are the ETags of this storage known to be no digests?
    pub(super) fn has_other_etags(&self) -> bool {
        self.has_other_etags.get()
    }

    /// PUTs a range of the archive; `request` is asked anew for each attempt.
    pub(super) async fn put<F: Future<Output = Result<RequestBuilder>>>(
        &self,
        peer: Peer,
        range: Range<u64>,
        request: impl Fn() -> F,
    ) -> Result<Sent> {
        let before = RefCell::new(None);
        let attempt = || async {
            let sent = self.once(peer, range.clone(), request().await?).await?;
            if peer == Peer::Storage && !self.has_other_etags.get() && is_of_other_bytes(&sent) {
                if before.replace(Some(sent.md5)) != Some(sent.md5) {
                    let error = "the object storage got other bytes than were sent";
                    return Err(Attempt::Once(Error::new(Cause::Unreachable, error)));
                }
                // The same bytes gave such an ETag twice: it is made of something else.
                self.has_other_etags.set(true);
            }
            Ok(sent)
        };
        http::transfer(&self.remote.client.cancel, || 0, attempt).await
    }

    async fn once(&self, peer: Peer, range: Range<u64>, request: RequestBuilder) -> Result<Sent, Attempt> {
        let length = range.end.saturating_sub(range.start);
        let (pace, progress, digest) = (Pace::default(), Arc::clone(&self.progress), Arc::new(Mutex::new(Md5::new())));
        let hashed = Arc::clone(&digest);
        let see = move |chunk: &[u8]| hashed.lock().unwrap_or_else(PoisonError::into_inner).update(chunk);
        let bytes = self.plan.stream_seen(range, see).inspect_ok(move |chunk| progress.add(chunk.len()));
        // The length keeps the client from sending chunks, which signed addresses refuse.
        let request = request.header(CONTENT_LENGTH, length).body(pace.body(bytes, length));
        let sent = pace.keep(peer.name(), SETTLING, request.send()).await?;
        let response =
            sent.map_err(|error| Attempt::Again(http::transport_error("the transfer broke off", error), None))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let refusal = Refusal::of(response).await;
        // A storage may find out late, and say so behind a 200.
        if status == StatusCode::OK && (peer == Peer::Api || refusal.xml("Code").is_none()) {
            let md5 = digest.lock().unwrap_or_else(PoisonError::into_inner).finalize_reset();
            return Ok(Sent { headers, md5: md5.into() });
        }
        Err(refusal.judge(self.remote.client.transfer_refusal(peer, &refusal, "the upload")))
    }
}

/// Does the ETag look like an MD5, and is not that of what was sent?
fn is_of_other_bytes(sent: &Sent) -> bool {
    let etag = sent.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().trim_matches('"');
    let looks_like_one = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    looks_like_one && !has_etag_of_its_own(&sent.headers) && !etag.eq_ignore_ascii_case(&hex(&sent.md5))
}

/// Is the object encrypted with a key of KMS or of a customer? Its ETag looks like an MD5 then, and is not one.
///
/// Source: "Object" of the S3 API, `ETag`.
pub(super) fn has_etag_of_its_own(headers: &HeaderMap) -> bool {
    let by = headers.get("x-amz-server-side-encryption");
    by.is_some_and(|by| by.as_bytes().starts_with(b"aws:kms"))
        || headers.contains_key("x-amz-server-side-encryption-customer-algorithm")
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
