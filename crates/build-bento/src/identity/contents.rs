//! Hashes the contents of many files on all cores.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use actions_core::action::Cancel;
use actions_core::{Context as _, Error, Result};

/// What one thread hashes in one go, bytes: a large file is shared among the threads.
const BLOCK: u64 = 4 * 1024 * 1024;
/// What is read at once, bytes: it stays in the core's own cache.
const CHUNK: usize = 128 * 1024;

/// A file whose contents are hashed.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) path: PathBuf,
    /// Its length, bytes.
    pub(super) length: u64,
}

/// The hash of each file: of a file that fits into one block that of its contents, else that of the hashes of its blocks.
///
/// # Errors
/// A file cannot be read, or the job is cancelled.
pub(super) fn hashes(files: &[Content], cancel: &Cancel) -> Result<Vec<blake3::Hash>> {
    let blocks: Vec<(usize, u64)> = files
        .iter()
        .enumerate()
        .flat_map(|(index, file)| (0..file.length.div_ceil(BLOCK).max(1)).map(move |block| (index, block)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut done, mut buffer) = (Vec::new(), vec![0; CHUNK]);
        while let Some(&(index, block)) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            let Some(file) = files.get(index) else { break };
            let hash = hash_block(&file.path, block, &mut buffer);
            done.push(((index, block), hash.context(|| format!("failed to read {}", file.path.display()))?));
        }
        Ok(done)
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(blocks.len().max(1));
    let mut done = Vec::with_capacity(blocks.len());
    thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            done.extend(worker.join().map_err(|_| Error::failure("a thread that hashes files ended early"))??);
        }
        Ok(())
    })?;
    done.sort_unstable_by_key(|(at, _)| *at);
    let of_files = done.chunk_by(|((one, _), _), ((other, _), _)| one == other).map(|blocks| match blocks {
        [(_, hash)] => *hash,
        blocks => {
            let mut whole = blake3::Hasher::new();
            for (_, hash) in blocks {
                whole.update(hash.as_bytes());
            }
            whole.finalize()
        }
    });
    Ok(of_files.collect())
}

fn hash_block(file: &Path, block: u64, buffer: &mut [u8]) -> io::Result<blake3::Hash> {
    let mut file = File::open(file)?;
    if block > 0 {
        file.seek(SeekFrom::Start(block.saturating_mul(BLOCK)))?;
    }
    let mut left = file.take(BLOCK);
    let mut hasher = blake3::Hasher::new();
    loop {
        match left.read(buffer) {
            Ok(0) => return Ok(hasher.finalize()),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_file_is_that_of_its_blocks_whoever_hashes_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, length: u64| {
            let path = folder.path().join(name);
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            (Content { path, length }, bytes)
        };
        let (small, bytes) = write("small", 1000);
        let (large, long) = write("large", 2 * BLOCK + 5);
        let (empty, _) = write("empty", 0);
        let cancel = Cancel::default();
        let hashes = |files: &[Content]| super::hashes(files, &cancel).unwrap();
        let blocks: Vec<u8> = long.chunks(BLOCK as usize).flat_map(|block| *blake3::hash(block).as_bytes()).collect();
        let expected = [blake3::hash(&bytes), blake3::hash(&blocks), blake3::hash(b"")];
        assert_eq!(hashes(&[small.clone(), large, empty]), expected);
        std::fs::remove_file(&small.path).unwrap();
        assert!(super::hashes(&[small], &cancel).unwrap_err().to_string().contains("small"));
        cancel.cancel();
        assert!(super::hashes(&[Content { path: "x".into(), length: 1 }], &cancel).is_err());
    }
}
