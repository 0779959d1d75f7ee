//! The entries and which of them answers a key.

use std::path::{Path, PathBuf};

/// An entry of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: u64,
    /// Its key.
    pub key: String,
    /// The digest of what a client may restore it for: paths, compression.
    pub version: String,
    /// Bytes; none while it is being uploaded.
    pub size: Option<u64>,
}

/// All entries, the oldest first, and the folder of their blobs.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    entries: Vec<Entry>,
}

impl Store {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), entries: Vec::new() }
    }

    /// Takes the key and version for an upload; none where they are taken.
    pub(super) fn reserve(&mut self, key: &str, version: &str) -> Option<u64> {
        if self.position(key, version).is_some() {
            return None;
        }
        let id = self.entries.len() as u64 + 1;
        self.entries.push(Entry { id, key: key.to_owned(), version: version.to_owned(), size: None });
        Some(id)
    }

    /// Ends an upload of this many bytes.
    pub(super) fn finalize(&mut self, key: &str, version: &str, size: u64) -> Result<u64, String> {
        let found = self.position(key, version).and_then(|at| self.entries.get_mut(at));
        let entry = found.filter(|entry| entry.size.is_none()).ok_or("there is no upload for this key and version")?;
        let stored = std::fs::metadata(blob(&self.folder, entry.id)).map(|metadata| metadata.len());
        match stored {
            Ok(stored) if stored == size => {
                entry.size = Some(size);
                Ok(entry.id)
            }
            Ok(stored) => Err(format!("{stored} bytes were uploaded, not {size}")),
            Err(_) => Err("nothing was uploaded".to_owned()),
        }
    }

    /// The entry of exactly this key, else the newest whose key starts with it, else the same for each of the others in turn.
    pub(super) fn find(&self, key: &str, others: &[String], version: &str) -> Option<&Entry> {
        let complete = || self.entries.iter().rev().filter(|entry| entry.size.is_some() && entry.version == version);
        let exact = complete().find(|entry| entry.key == key);
        let mut prefixes = std::iter::once(key).chain(others.iter().map(String::as_str));
        exact.or_else(|| prefixes.find_map(|prefix| complete().find(|entry| entry.key.starts_with(prefix))))
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn position(&self, key: &str, version: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.key == key && entry.version == version)
    }
}

/// The file of an entry's blob.
pub(super) fn blob(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id}.blob"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(store: &mut Store, key: &str, version: &str) -> u64 {
        let id = store.reserve(key, version).expect("free");
        std::fs::write(blob(store.folder(), id), "123").expect("writable");
        store.finalize(key, version, 3).expect("complete")
    }

    #[test]
    fn the_exact_key_wins_over_the_newest_of_a_prefix_and_versions_are_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::new(folder.path());
        let (a1, a2) = (add(&mut store, "a-1", "v"), add(&mut store, "a-2", "v"));
        add(&mut store, "a-3", "w");
        let find = |key: &str, others: &[&str]| {
            let others: Vec<_> = others.iter().map(|&other| other.to_owned()).collect();
            store.find(key, &others, "v").map(|entry| entry.id)
        };
        assert_eq!(find("a-1", &["a-"]), Some(a1));
        assert_eq!(find("a-", &[]), Some(a2));
        assert_eq!(find("b", &["a-1", "a-"]), Some(a1));
        assert_eq!(find("b", &[]), None);
    }

    #[test]
    fn a_key_is_taken_from_the_reservation_on_and_found_when_it_is_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::new(folder.path());
        let id = store.reserve("k", "v").expect("free");
        assert_eq!(store.reserve("k", "v"), None);
        assert_eq!(store.find("k", &[], "v"), None);
        assert!(store.finalize("k", "v", 3).expect_err("empty").contains("nothing was uploaded"));
        std::fs::write(blob(folder.path(), id), "12").expect("writable");
        assert!(store.finalize("k", "v", 3).expect_err("short").contains("2 bytes were uploaded"));
        assert_eq!(store.finalize("k", "v", 2), Ok(id));
        assert!(store.finalize("k", "v", 2).is_err(), "once");
    }
}
