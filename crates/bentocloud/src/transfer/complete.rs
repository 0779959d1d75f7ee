//! The end of a multipart upload, which may have happened although nobody heard of it.

use actions_core::http;
use actions_core::http::{Attempt, ContentRange};
use actions_core::{Cause, Result};
use md5::{Digest, Md5};
use reqwest::StatusCode;
use reqwest::header::{ETAG, RANGE};
use serde_json::{Value, json};

use super::download;
use super::put::{Sending, has_etag_of_its_own, hex};
use super::upload::Part;
use crate::artifact::{Artifact, UploadStatus};

/// Has the storage put the parts together. It takes minutes for many of them, and a proxy on the way may give up before: after
/// a failure the object is looked for, and only where it is not there the call is made again.
pub(super) async fn complete(sending: &Sending<'_>, before: &Artifact, upload_id: &str, parts: &[Part]) -> Result<()> {
    let entries: Vec<Value> = parts.iter().map(Part::entry).collect();
    let body = json!({"parts": entries, "upload_id": upload_id});
    let attempt = || async {
        let error = match sending.remote.patch_once("complete_multipart_upload", Some(body.clone())).await {
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.cause(), Cause::Cancelled | Cause::Access) => return Err(error.into()),
            Err(error) => error,
        };
        match is_there(sending, before, parts).await {
            Ok(true) => Ok(()),
            _ if error.cause() == Cause::Unreachable => Err(Attempt::Again(error, None)),
            _ => Err(Attempt::Final(error)),
        }
    };
    http::transfer(&sending.remote.client.cancel, || 0, attempt).await
}

/// Is the object there, and is it this one? By its length and by its ETag, which of several parts is made of theirs; where the
/// storage makes it otherwise, by the length, unless there was an object before.
///
/// Source: "Checking object integrity" of the S3 user guide.
async fn is_there(sending: &Sending<'_>, before: &Artifact, parts: &[Part]) -> Result<bool> {
    let (request, _) = download::request(sending.remote, before).await?;
    let looking = request.header(RANGE, "bytes=0-0").timeout(http::PATIENCE).send();
    let response = looking.await.map_err(|error| http::transport_error("the object cannot be looked at", error))?;
    let total = ContentRange::of(response.headers()).and_then(|range| range.total);
    if response.status() != StatusCode::PARTIAL_CONTENT || total != Some(sending.plan.len()) {
        return Ok(false);
    }
    let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().trim_matches('"');
    let is_digest = !sending.has_other_etags() && !has_etag_of_its_own(response.headers());
    Ok(match etag.rsplit_once('-') {
        Some((_, count)) if is_digest && count.parse::<usize>().is_ok() => etag.eq_ignore_ascii_case(&etag_of(parts)),
        _ => before.upload_status != UploadStatus::Success,
    })
}

/// The ETag that S3 gives an object of these parts.
fn etag_of(parts: &[Part]) -> String {
    let mut all = Md5::new();
    parts.iter().for_each(|part| all.update(part.md5));
    format!("{}-{}", hex(&all.finalize()), parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_of_several_parts_is_that_of_their_digests() {
        let part = |number, text: &str| {
            let md5 = Md5::digest(text).into();
            Part { number, etag: String::new(), md5 }
        };
        // printf a | md5sum | xxd -r -p >x; printf b | md5sum | xxd -r -p >>x; md5sum x
        let expected = "96e024ba2074fe77e8e965ba43a704be-2";
        assert_eq!(etag_of(&[part(1, "a"), part(2, "b")]), expected);
    }
}
