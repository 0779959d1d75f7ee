//! One file from the hub into the cache: streamed to a temporary name, resumed where it broke off, checked, renamed.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use reqwest::StatusCode;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use super::cache::{Model, readable};
use super::hub::{Hub, Listed};
use super::reference::Reference;
use super::snapshot::SnapshotFile;
use crate::http::{self, Attempt};
use crate::{Context, Error, Result};

/// Fetches a file, unless its contents are in the cache under another name. `done` counts the bytes that came.
pub(super) async fn fetch(
    hub: &Hub,
    reference: &Reference,
    model: &Model,
    commit: &str,
    listed: &Listed,
    done: &AtomicU64,
) -> Result<SnapshotFile> {
    let known = listed.blob().zip(listed.size);
    if let Some((blob, size)) = known
        && std::fs::metadata(model.blobs().join(blob)).is_ok_and(|meta| meta.is_file() && meta.len() == size)
    {
        return model.link(commit, &listed.name, blob, size);
    }
    let (sender, receiver) = mpsc::channel(8);
    let folder = model.blobs();
    let writing = tokio::task::spawn_blocking(move || write(folder, receiver));
    let received = receive(hub, reference, commit, listed, &sender, done).await;
    drop(sender);
    // Awaited in any case: what it wrote is removed before this returns.
    let written = writing.await.context(|| "writing stopped".into())?;
    let failed = || format!("failed to fetch {} of {}", listed.name, reference.id);
    let etag = match received {
        // Nobody takes the bytes where writing failed.
        Err(Ended::Refused) => {
            return Err(written.err().unwrap_or_else(|| Error::failure(failed())));
        }
        Err(Ended::Failed(error)) => return Err(error).context(failed),
        Ok(etag) => etag,
    };
    let written = written.context(failed)?;
    written.check(listed).context(failed)?;
    let blob = listed.blob().map(str::to_owned).or(etag).ok_or_else(|| {
        Error::failure(format!("{}: the hub names no ETag for it", failed()))
            .hint("Check that HF_ENDPOINT is the address of a hub.")
    })?;
    let size = written.size;
    let target = model.blobs().join(&blob);
    written.file.persist(&target).context(|| format!("failed to write {}", target.display()))?;
    model.link(commit, &listed.name, &blob, size)
}

enum Ended {
    /// Nobody takes the bytes.
    Refused,
    Failed(Error),
}

/// Sends on what comes, and returns the file's ETag.
async fn receive(
    hub: &Hub,
    reference: &Reference,
    commit: &str,
    listed: &Listed,
    sender: &mpsc::Sender<Bytes>,
    done: &AtomicU64,
) -> Result<Option<String>, Ended> {
    let address = hub.file(reference, commit, &listed.name).map_err(Ended::Failed)?;
    let (count, refused) = (Cell::new(0_u64), Cell::new(false));
    let received = http::retry(&hub.cancel, || async {
        let start = count.get();
        if start > 0 && listed.size == Some(start) {
            // It broke off behind the last byte.
            return Ok(None);
        }
        let mut opened = hub.open(address.clone(), start, None, reference).await?;
        let mut repeated = if opened.response.status() == StatusCode::PARTIAL_CONTENT { 0 } else { start };
        let broken = |error| Attempt::Again(http::transport_error("the transfer broke off", error), None);
        while let Some(mut chunk) = opened.response.chunk().await.map_err(broken)? {
            let known = usize::try_from(repeated).unwrap_or(usize::MAX).min(chunk.len());
            repeated -= known as u64;
            let chunk = chunk.split_off(known);
            count.set(count.get() + chunk.len() as u64);
            done.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if !chunk.is_empty() && sender.send(chunk).await.is_err() {
                refused.set(true);
                return Err(Attempt::Final(Error::failure("nobody takes the bytes")));
            }
        }
        Ok(opened.etag)
    });
    received.await.map_err(|error| if refused.get() { Ended::Refused } else { Ended::Failed(error) })
}

/// What was written; removed when dropped.
struct Written {
    file: NamedTempFile,
    size: u64,
    sha256: String,
}

impl Written {
    fn check(&self, listed: &Listed) -> Result<()> {
        let again = |why: String| Error::failure(why).hint("Run it again: the hub or a proxy sent something else.");
        if let Some(size) = listed.size.filter(|size| *size != self.size) {
            return Err(again(format!("it has {} bytes and should have {size}", self.size)));
        }
        match &listed.sha256 {
            Some(wanted) if *wanted != self.sha256 => {
                Err(again(format!("its SHA-256 is {} and should be {wanted}", self.sha256)))
            }
            _ => Ok(()),
        }
    }
}

fn write(folder: PathBuf, mut receiver: mpsc::Receiver<Bytes>) -> Result<Written> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    let mut written = || -> io::Result<NamedTempFile> {
        std::fs::create_dir_all(&folder)?;
        let mut file = readable(&mut tempfile::Builder::new()).suffix(".incomplete").tempfile_in(&folder)?;
        while let Some(chunk) = receiver.blocking_recv() {
            file.write_all(&chunk)?;
            hasher.update(&chunk);
            size += chunk.len() as u64;
        }
        Ok(file)
    };
    let file = written().context(|| format!("failed to write to {}", folder.display()))?;
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Written { file, size, sha256 })
}
