//! An archive that is never written: what stands where is in memory, headers and file contents are made and read in place.
//!
//! Its size is known before the first byte, any range of it can be read again, and memory stays flat at any size. The
//! bytes are an uncompressed tar as Python's `tarfile` reads it: `./` first, entries sorted by name, records of 10 KiB.

use std::fs::{self, Metadata};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actions_core::{Context, Error, Result};

use super::entry::{BLOCK, Entry, Tree, linked_size};
use super::range::RangeReader;

const RECORD: u64 = 10_240;

/// The layout of an archive: what stands at which byte.
#[derive(Debug)]
pub struct Plan {
    segments: Vec<Segment>,
    len: u64,
    content: u64,
}

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) source: Source,
}

impl Segment {
    pub(super) fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }
}

#[derive(Debug)]
pub(super) enum Source {
    Bytes(Vec<u8>),
    /// Header, contents, and zeros up to a full block.
    Entry(Box<Entry>),
    Zeros,
}

impl Plan {
    /// Lays out a folder. `skip` takes paths relative to it; what is skipped is left out with all below.
    pub fn of_folder(root: &Path, skip: impl Fn(&Path) -> bool) -> Result<Self> {
        let mut plan = Self::empty();
        let tree = Tree { root: root.to_owned(), name: PathBuf::from("."), owner: (0, 0), has_times: true };
        plan.add(&Arc::new(tree), Path::new(""), &skip).context(|| format!("failed to read {}", root.display()))?;
        Ok(plan.ended())
    }

    pub(super) fn empty() -> Self {
        Self { segments: Vec::new(), len: 0, content: 0 }
    }

    /// With the end of a tar: two empty blocks, up to a full record.
    pub(super) fn ended(mut self) -> Self {
        let end = self.len.saturating_add(2 * BLOCK).div_ceil(RECORD).saturating_mul(RECORD);
        self.push(end.saturating_sub(self.len), Source::Zeros);
        self
    }

    /// Adds contents, up to a full block.
    pub(super) fn push_contents(&mut self, contents: Vec<u8>) {
        let len = contents.len() as u64;
        self.content = self.content.saturating_add(len);
        self.push(len, Source::Bytes(contents));
        self.push(len.div_ceil(BLOCK).saturating_mul(BLOCK).saturating_sub(len), Source::Zeros);
    }

    pub(super) fn push_entry(&mut self, entry: Entry) {
        self.content = self.content.saturating_add(entry.size());
        self.push(entry.len(), Source::Entry(Box::new(entry)));
    }

    /// The archive's size, bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// An archive is never empty.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The sum of the sizes of the files in it, bytes; a link to a file counts as BentoML counts it, like the file.
    pub fn content_size(&self) -> u64 {
        self.content
    }

    /// Reads these bytes of the archive. May be called again for the same range, and for several at a time.
    pub fn read_range(&self, range: Range<u64>) -> RangeReader<'_> {
        let first = self.segments.partition_point(|segment| segment.end() <= range.start);
        RangeReader::new(self.segments.get(first..).unwrap_or_default(), range.start..range.end.min(self.len))
    }

    fn add(&mut self, tree: &Arc<Tree>, relative: &Path, skip: &impl Fn(&Path) -> bool) -> Result<()> {
        let path = tree.root.join(relative);
        let failed = || format!("failed to read {}", path.display());
        let not_laid_out = || format!("failed to lay out {}", relative.display());
        let meta = fs::symlink_metadata(&path).context(failed)?;
        if meta.is_dir() {
            self.push_entry(Entry::new(tree, relative, &meta, mode(&meta)).context(not_laid_out)?);
            let mut names = fs::read_dir(&path)
                .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>())
                .context(failed)?;
            names.sort();
            for name in names {
                let below = relative.join(name);
                if !skip(&below) {
                    self.add(tree, &below, skip)?;
                }
            }
        } else if meta.is_symlink() {
            let target = fs::read_link(&path).context(failed)?;
            self.content = self.content.saturating_add(linked_size(&path));
            self.push_entry(Entry::link(tree, relative, &meta, mode(&meta), target).context(not_laid_out)?);
        } else if meta.is_file() {
            self.push_entry(Entry::new(tree, relative, &meta, mode(&meta)).context(not_laid_out)?);
        } else {
            return Err(Error::input(format!("{} is neither file, folder nor link", path.display()))
                .hint("Remove it from the Bento or model."));
        }
        Ok(())
    }

    pub(super) fn push(&mut self, len: u64, source: Source) {
        if len == 0 {
            return;
        }
        self.segments.push(Segment { start: self.len, len, source });
        self.len = self.len.saturating_add(len);
    }
}

#[cfg(unix)]
pub(super) fn mode(meta: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
pub(super) fn mode(meta: &Metadata) -> u32 {
    if meta.is_dir() { 0o755 } else { 0o644 }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::Path;

    use super::*;
    use crate::unpack;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        };
        write("bento.yaml", b"name: x");
        write("empty", b"");
        write("models/big", &[1; 10]);
        write(&format!("src/{}/{}.txt", "d".repeat(90), "é".repeat(60)), &[7; 513]);
        #[cfg(unix)]
        std::os::unix::fs::symlink("bento.yaml", folder.path().join("link")).unwrap();
        folder
    }

    #[test]
    fn any_range_reads_the_same_bytes() {
        let folder = folder();
        let plan = Plan::of_folder(folder.path(), |_| false).unwrap();
        let mut whole = Vec::new();
        plan.read_range(0..plan.len()).read_to_end(&mut whole).unwrap();
        assert_eq!((whole.len() as u64, plan.len() % RECORD), (plan.len(), 0));
        for step in [1, 511, 513, 4096] {
            let mut pieces = Vec::new();
            let mut at = 0;
            while at < plan.len() {
                plan.read_range(at..at + step).read_to_end(&mut pieces).unwrap();
                at += step;
            }
            assert!(pieces == whole, "in steps of {step}");
        }
    }

    #[test]
    fn a_file_or_folder_takes_its_name_and_128_bytes_of_memory() {
        let folder = folder();
        let plan = Plan::of_folder(folder.path(), |_| false).unwrap();
        let entries = plan.segments.iter().filter(|segment| matches!(segment.source, Source::Entry(_))).count();
        // The last one is the end of the archive.
        assert_eq!(entries, plan.segments.len() - 1, "one segment for each");
        assert!(size_of::<Segment>() + size_of::<Entry>() <= 128, "{}", size_of::<Entry>());
    }

    #[test]
    fn what_is_skipped_is_left_out_and_the_rest_comes_back() {
        let folder = folder();
        let plan = Plan::of_folder(folder.path(), |path| path == Path::new("models")).unwrap();
        let target = tempfile::tempdir().unwrap();
        unpack(plan.read_range(0..plan.len()), target.path()).unwrap();
        assert!(!target.path().join("models").exists());
        assert_eq!(fs::read(target.path().join("bento.yaml")).unwrap(), b"name: x");
        let long = format!("src/{}/{}.txt", "d".repeat(90), "é".repeat(60));
        assert_eq!(fs::read(target.path().join(long)).unwrap(), [7; 513]);
        #[cfg(unix)]
        assert_eq!(fs::read_link(target.path().join("link")).unwrap(), Path::new("bento.yaml"));
        assert_eq!(plan.content_size(), 7 + 513 + if cfg!(unix) { 7 } else { 0 });
    }

    #[test]
    fn a_file_that_changes_is_an_error_and_never_another_archive() {
        for (text, expected) in [("", "became shorter"), ("longer than before", "changed"), ("123456789?", "changed")] {
            let folder = folder();
            let plan = Plan::of_folder(folder.path(), |_| false).unwrap();
            let file = folder.path().join("models/big");
            fs::write(&file, text).unwrap();
            let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
            fs::File::options().write(true).open(file).unwrap().set_modified(later).unwrap();
            let error = plan.read_range(0..plan.len()).read_to_end(&mut Vec::new()).unwrap_err().to_string();
            assert!(error.contains("models/big") && error.contains(expected), "{error}");
            assert!(error.contains("while it was being sent"), "{error}");
        }
    }

    #[test]
    fn a_file_that_changes_after_its_first_bytes_were_read_is_an_error_too() {
        let folder = folder();
        let plan = Plan::of_folder(folder.path(), |_| false).unwrap();
        let mut reader = plan.read_range(0..plan.len());
        let mut byte = [0];
        while byte != [1] {
            reader.read_exact(&mut byte).unwrap();
        }
        let file = fs::File::options().write(true).open(folder.path().join("models/big")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("changed while it was being sent"), "{error}");
    }
}
