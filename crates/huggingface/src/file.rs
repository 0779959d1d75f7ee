//! One file from the hub into the cache: streamed to a temporary name, resumed where it broke off, checked, renamed.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use actions_core::disk::Growth;
use actions_core::http;
use actions_core::http::{Incoming, Policy, Resume};
use actions_core::{Context, Error, Result};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::cache::{Model, readable};
use super::hub::{Ask, Hub, Listed};
use super::reference::Reference;
use super::snapshot::SnapshotFile;

/// What is written at a time, bytes.
const BUFFER: usize = 256 * 1024;

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
    let failed = || format!("failed to fetch {} of {}", listed.name, reference.id);
    let address = hub.file(reference, commit, &listed.name)?;
    let (etag, folder, address) = (RefCell::new(None), model.blobs(), &address);
    let open = |resume: Resume| {
        let etag = &etag;
        async move {
            let opened = hub.open(address.clone(), &Ask::File(resume), reference).await?;
            etag.replace(opened.etag);
            Ok(opened.response)
        }
    };
    let count = |bytes: usize| {
        done.fetch_add(bytes as u64, Ordering::Relaxed);
    };
    let most = listed.size;
    let take = move |bytes| write(&folder, bytes, most);
    let written = http::download(&Policy::USUAL, &hub.cancel, count, open, take).await.context(failed)?;
    written.check(listed).context(failed)?;
    let blob = listed.blob().map(str::to_owned).or(etag.take()).ok_or_else(|| {
        Error::failure(format!("{}: the hub names no ETag for it", failed()))
            .hint("Check that HF_ENDPOINT is the address of a hub.")
    })?;
    let size = written.size;
    let target = model.blobs().join(&blob);
    written.file.persist(&target).context(|| format!("failed to write {}", target.display()))?;
    model.link(commit, &listed.name, &blob, size)
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

/// Writes what comes, but not much more than the hub announced, and while there is room: of some files it announces nothing.
fn write(folder: &Path, bytes: Incoming, announced: Option<u64>) -> Result<Written> {
    let mut hasher = Sha256::new();
    let failed = || format!("failed to write to {}", folder.display());
    std::fs::create_dir_all(folder).context(failed)?;
    let named = readable(&mut tempfile::Builder::new()).suffix(".incomplete").tempfile_in(folder);
    let (mut file, mut growth) = (named.context(failed)?, Growth::at(folder));
    let mut bytes = bytes.take(announced.map_or(u64::MAX, |size| size.saturating_add(1)));
    let (mut buffer, mut size) = (vec![0; BUFFER], 0_u64);
    loop {
        let read = bytes.read(&mut buffer).context(failed)?;
        let chunk = buffer.get(..read).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        growth.add(read as u64).context(failed)?;
        file.write_all(chunk).context(failed)?;
        hasher.update(chunk);
        size = size.saturating_add(read as u64);
    }
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Written { file, size, sha256 })
}
