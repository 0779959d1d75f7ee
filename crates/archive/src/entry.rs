//! A file, folder or link of this machine as it stands in an archive. A Bento or model may have a million of them: each is kept
//! in a few bytes, and its header is made whenever it is read.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tar::{Builder, EntryType, Header};

/// A tar consists of blocks of so many bytes.
pub(super) const BLOCK: u64 = 512;

/// What tells a file from a changed one without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Self { len: meta.len(), modified: meta.modified().ok() }
    }
}

/// What all entries of a tree have in common.
#[derive(Debug)]
pub(super) struct Tree {
    /// Where it stands on this machine.
    pub(super) root: PathBuf,
    /// Where it stands in the archive.
    pub(super) name: PathBuf,
    /// The owner and the group of all entries.
    pub(super) owner: (u64, u64),
    /// Does each entry have the time of its file? Else it has none.
    pub(super) has_times: bool,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    tree: Arc<Tree>,
    /// Below the tree's root; empty for the root itself.
    relative: Box<Path>,
    kind: EntryType,
    mode: u32,
    target: Option<Box<Path>>,
    stamp: Stamp,
    /// How long its header is, bytes.
    head: u32,
}

impl Entry {
    /// A file or folder.
    ///
    /// # Errors
    /// Its name cannot be written down in a tar.
    pub(super) fn new(tree: &Arc<Tree>, relative: &Path, meta: &Metadata, mode: u32) -> io::Result<Self> {
        let kind = if meta.is_dir() { EntryType::Directory } else { EntryType::Regular };
        Self::of(tree, relative, meta, mode, kind, None)
    }

    /// A symbolic link with this text.
    ///
    /// # Errors
    /// Its name or its text cannot be written down in a tar.
    pub(super) fn link(
        tree: &Arc<Tree>,
        relative: &Path,
        meta: &Metadata,
        mode: u32,
        target: PathBuf,
    ) -> io::Result<Self> {
        Self::of(tree, relative, meta, mode, EntryType::Symlink, Some(target.into()))
    }

    fn of(
        tree: &Arc<Tree>,
        relative: &Path,
        meta: &Metadata,
        mode: u32,
        kind: EntryType,
        target: Option<Box<Path>>,
    ) -> io::Result<Self> {
        let (tree, relative, stamp) = (Arc::clone(tree), relative.into(), Stamp::of(meta));
        let mut entry = Self { tree, relative, kind, mode, target, stamp, head: 0 };
        entry.head = u32::try_from(entry.header()?.len()).map_err(io::Error::other)?;
        Ok(entry)
    }

    /// The file on this machine.
    pub(super) fn file(&self) -> PathBuf {
        below(&self.tree.root, &self.relative)
    }

    /// The length of its header, bytes.
    pub(super) fn head(&self) -> u64 {
        self.head.into()
    }

    /// The length of its contents, bytes.
    pub(super) fn size(&self) -> u64 {
        if self.kind == EntryType::Regular { self.stamp.len } else { 0 }
    }

    /// The length of all of it, up to a full block.
    pub(super) fn len(&self) -> u64 {
        self.head().saturating_add(self.size().div_ceil(BLOCK).saturating_mul(BLOCK))
    }

    /// Its header. Long names and links are entries of their own in front of it.
    pub(super) fn header(&self) -> io::Result<Vec<u8>> {
        let mut header = Header::new_gnu();
        header.set_entry_type(self.kind);
        header.set_size(self.size());
        header.set_mode(self.mode);
        let modified = self.stamp.modified.filter(|_| self.tree.has_times);
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        header.set_mtime(since.map_or(0, |since| since.as_secs()));
        header.set_uid(self.tree.owner.0);
        header.set_gid(self.tree.owner.1);
        let mut name = below(&self.tree.name, &self.relative);
        if self.kind == EntryType::Directory {
            // With a slash at its end.
            name.push("");
        }
        laid_out(&mut header, &name, self.target.as_deref())
    }

    /// Is the opened file what it was when the archive was laid out?
    pub(super) fn check(&self, file: &File) -> io::Result<()> {
        let now = Stamp::of(&file.metadata()?);
        match now == self.stamp {
            true => Ok(()),
            false if now.len < self.stamp.len => Err(self.shorter()),
            false => Err(io::Error::other(format!("{} changed while it was being sent", self.file().display()))),
        }
    }

    /// The error of a file that ends too soon.
    pub(super) fn shorter(&self) -> io::Error {
        io::Error::other(format!("{} became shorter while it was being sent", self.file().display()))
    }
}

/// The bytes of a header with this name, and this text of a link.
pub(super) fn laid_out(header: &mut Header, name: &Path, target: Option<&Path>) -> io::Result<Vec<u8>> {
    // The builder writes long names as extra entries; it sees no contents.
    let mut builder = Builder::new(Vec::new());
    match target {
        Some(target) => builder.append_link(header, name, target)?,
        None => builder.append_data(header, name, io::empty())?,
    }
    Ok(std::mem::take(builder.get_mut()))
}

fn below(root: &Path, relative: &Path) -> PathBuf {
    if relative.as_os_str().is_empty() { root.to_owned() } else { root.join(relative) }
}

/// The size of the file that a link points to; links to folders and to nothing count nothing.
pub fn linked_size(link: &Path) -> u64 {
    std::fs::metadata(link).ok().filter(Metadata::is_file).map_or(0, |meta| meta.len())
}
