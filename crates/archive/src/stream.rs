//! A range of an archive as a stream, read from the files while somebody takes it.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;

use super::Plan;

/// What is read at a time, bytes.
const CHUNK: usize = 256 * 1024;
/// How many chunks are read ahead.
const AHEAD: usize = 4;

impl Plan {
    /// The bytes of a range. A thread of its own reads them; it ends with the stream. Memory stays flat.
    pub fn stream(self: &Arc<Self>, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        self.stream_seen(range, |_| {})
    }

    /// The same; `see` is shown the bytes on that thread, in their order.
    pub fn stream_seen(
        self: &Arc<Self>,
        range: Range<u64>,
        see: impl FnMut(&[u8]) + Send + 'static,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let plan = Arc::clone(self);
        tokio::task::spawn_blocking(move || plan.send(range, &sender, see));
        stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) })
    }

    /// Ends early when nobody listens any more.
    fn send(&self, range: Range<u64>, sender: &mpsc::Sender<io::Result<Bytes>>, mut see: impl FnMut(&[u8])) {
        let mut left = range.end.saturating_sub(range.start);
        let mut reader = self.read_range(range);
        while left > 0 {
            let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
            let read = reader.read_exact(&mut chunk);
            let failed = read.is_err();
            left = left.saturating_sub(chunk.len() as u64);
            see(&chunk);
            if sender.blocking_send(read.map(|()| Bytes::from(chunk))).is_err() || failed {
                return;
            }
        }
    }
}
