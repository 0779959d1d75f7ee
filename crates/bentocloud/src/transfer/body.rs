//! A range of an archive as a request's body, read from the files while it is sent.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bento_core::bento::archive::Plan;
use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use reqwest::header::{CONTENT_LENGTH, HeaderValue};
use tokio::sync::mpsc;

use super::progress::Progress;

const CHUNK: usize = 256 * 1024;

/// The body, and its length as a header: with it the body is not sent in chunks, which signed addresses refuse.
pub(super) fn of_range(
    plan: &Arc<Plan>,
    range: Range<u64>,
    progress: &Arc<Progress>,
) -> (Body, (reqwest::header::HeaderName, HeaderValue)) {
    let length = HeaderValue::from(range.end - range.start);
    let (sender, receiver) = mpsc::channel(2);
    let (plan, progress) = (Arc::clone(plan), Arc::clone(progress));
    tokio::task::spawn_blocking(move || read(&plan, range, &sender, &progress));
    let body = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    (Body::wrap_stream(body), (CONTENT_LENGTH, length))
}

/// Ends early when nobody listens any more: the request failed or was cancelled.
fn read(plan: &Plan, range: Range<u64>, sender: &mpsc::Sender<io::Result<Bytes>>, progress: &Progress) {
    let mut left = range.end - range.start;
    let mut reader = plan.read_range(range);
    while left > 0 {
        let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        let read = reader.read_exact(&mut chunk);
        let failed = read.is_err();
        left -= chunk.len() as u64;
        progress.add(chunk.len());
        if sender.blocking_send(read.map(|()| Bytes::from(chunk))).is_err() || failed {
            return;
        }
    }
}
