//! A range of a layer as a request's body, read from the store while it is sent.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bento_core::action::Cancel;
use bento_core::bento::archive::Plan;
use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use tokio::sync::mpsc;

const CHUNK: usize = 256 * 1024;

/// The body, which ends early when it is told to. Memory stays flat: a few pieces are read ahead.
pub(crate) fn of_range(plan: &Arc<Plan>, range: Range<u64>, end: &Cancel) -> Body {
    let (sender, receiver) = mpsc::channel(4);
    let plan = Arc::clone(plan);
    tokio::task::spawn_blocking(move || read(&plan, range, &sender));
    let body = stream::unfold((receiver, end.clone()), |(mut receiver, end)| async {
        let chunk = end.run(receiver.recv()).await.ok()??;
        Some((chunk, (receiver, end)))
    });
    Body::wrap_stream(body)
}

/// Ends early when nobody listens any more: the request failed or was cancelled.
fn read(plan: &Plan, range: Range<u64>, sender: &mpsc::Sender<io::Result<Bytes>>) {
    let mut left = range.end - range.start;
    let mut reader = plan.read_range(range);
    while left > 0 {
        let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
        let read = reader.read_exact(&mut chunk);
        let failed = read.is_err();
        left -= chunk.len() as u64;
        if sender.blocking_send(read.map(|()| Bytes::from(chunk))).is_err() || failed {
            return;
        }
    }
}
