//! Download: ranges of the archive, several at once, unpacked as they come.

use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use actions_core::http;
use actions_core::http::{Attempt, ContentRange};
use actions_core::{Cause, Error, Result};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use reqwest::header::RANGE;
use secrecy::ExposeSecret;
use tokio::sync::mpsc;

use super::{Cache, Found, unpack};

/// Bytes of a range.
const RANGE_LENGTH: u64 = 2 * 1024 * 1024;
const AT_ONCE: usize = 4;
const DOING: &str = "reading from the cache's storage";

/// Unpacks an entry and returns its size, bytes. The deadline is for what is received: unpacking, which cannot be stopped from
/// outside, ends when nothing comes any more, and is awaited, so that the caller may remove the folder.
pub(super) async fn restore(cache: &Cache, found: &Found, target: &Path, deadline: Duration) -> Result<u64> {
    let (sender, receiver) = mpsc::channel(1);
    let target = target.to_owned();
    let unpacking =
        tokio::task::spawn_blocking(move || unpack::unpack(Ranges { current: Bytes::new(), receiver }, &target));
    let receiving = tokio::time::timeout(deadline, receive(cache, found, &sender));
    let received =
        cache.cancel.run(receiving).await.map(|received| received.unwrap_or_else(|_| Err(too_late(deadline))));
    if !matches!(received, Ok(Ok(_))) {
        // What came so far must not pass for the whole.
        let _ = sender.send(Err(io::Error::other("the download has ended"))).await;
    }
    drop(sender);
    let unpacked = unpacking.await.map_err(|error| Error::failure("unpacking stopped").caused_by(error))?;
    match received? {
        // When unpacking fails, receiving ends because nobody takes its bytes.
        Ok(size) => unpacked.map(|()| size),
        Err(Ended::Refused) => {
            unpacked.and_then(|()| Err(Error::failure("the entry is damaged: more stands behind its end")))
        }
        Err(Ended::Failed(error)) => Err(error),
    }
}

enum Ended {
    /// Nobody takes the bytes.
    Refused,
    Failed(Error),
}

fn too_late(deadline: Duration) -> Ended {
    let error = format!("{DOING}: the entry did not come within {} s", deadline.as_secs_f32());
    Ended::Failed(Error::new(Cause::Timeout, error))
}

type Sender = mpsc::Sender<io::Result<Bytes>>;

async fn receive(cache: &Cache, found: &Found, sender: &Sender) -> Result<u64, Ended> {
    let (first, size) = range(cache, found, 0..RANGE_LENGTH, None).await.map_err(Ended::Failed)?;
    let start = first.len() as u64;
    sender.send(Ok(first)).await.map_err(|_| Ended::Refused)?;
    let starts = (start..size).step_by(usize::try_from(RANGE_LENGTH).unwrap_or(usize::MAX));
    let mut rest = stream::iter(starts)
        .map(|start| range(cache, found, start..start.saturating_add(RANGE_LENGTH).min(size), Some(size)))
        .buffered(AT_ONCE)
        .map_err(Ended::Failed);
    while let Some((bytes, _)) = rest.try_next().await? {
        sender.send(Ok(bytes)).await.map_err(|_| Ended::Refused)?;
    }
    Ok(size)
}

/// The bytes of a range, which is not empty, and the size of the whole, which must be the one that is known.
async fn range(cache: &Cache, found: &Found, range: Range<u64>, known: Option<u64>) -> Result<(Bytes, u64)> {
    http::retry(&cache.cancel, || async {
        let again = |error| Attempt::Again(http::transport_error(DOING, error), None);
        let request = cache.client.get(found.address.expose_secret());
        let request = request.header(RANGE, format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let mut answer = request.send().await.map_err(again)?;
        let status = answer.status();
        if status != StatusCode::PARTIAL_CONTENT {
            let error = Error::failure(format!("{DOING}: it answered {status} to a request for a range"));
            return Err(if http::is_transient(status) {
                Attempt::Again(error, http::retry_after(answer.headers()))
            } else {
                Attempt::Final(error)
            });
        }
        let (start, size) = ContentRange::of(answer.headers())
            .and_then(|range| Some((range.start?, range.total?)))
            .ok_or_else(|| Error::failure(format!("{DOING}: it does not say how much there is")))?;
        if start != range.start || known.is_some_and(|known| known != size) {
            return Err(Attempt::Again(Error::failure(format!("{DOING}: it sent another range")), None));
        }
        let wanted = usize::try_from(range.end.min(size).saturating_sub(range.start)).unwrap_or(0);
        // Collected by the client it would take twice the memory.
        let mut bytes = BytesMut::with_capacity(wanted);
        while let Some(chunk) = answer.chunk().await.map_err(again)? {
            if bytes.len().saturating_add(chunk.len()) > wanted {
                break;
            }
            bytes.extend_from_slice(&chunk);
        }
        if bytes.len() == wanted {
            return Ok((bytes.freeze(), size));
        }
        Err(Attempt::Again(Error::failure(format!("{DOING}: it sent another range")), None))
    })
    .await
}

/// The ranges as one stream.
struct Ranges {
    current: Bytes,
    receiver: mpsc::Receiver<io::Result<Bytes>>,
}

impl Read for Ranges {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(next) => self.current = next?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}
