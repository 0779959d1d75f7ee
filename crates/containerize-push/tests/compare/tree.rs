//! The files of an image, put together from its layers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use tar::EntryType;

/// What a layer says of a file that is gone, in front of its name.
const GONE: &str = ".wh.";
/// What a layer says of a folder of whose former contents nothing is left.
const EMPTIED: &str = ".wh..wh..opq";
/// In front of the extended attributes among the extended headers.
const ATTRIBUTE: &str = "SCHILY.xattr.";

/// A file, folder or link, without its times: they are those of the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: EntryType,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    pub(crate) size: u64,
    /// Of the contents, in hexadecimal.
    pub(crate) hash: String,
    /// Where a symbolic link leads, or a device's numbers.
    pub(crate) target: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// What a layer does.
#[derive(Debug)]
pub(crate) enum Change {
    Put(PathBuf, Entry),
    /// Another name for a file.
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    Empty(PathBuf),
}

/// All files by path, without the leading slash.
#[derive(Debug, Default)]
pub(crate) struct Tree(pub(crate) BTreeMap<PathBuf, Entry>);

impl Tree {
    /// With one layer more.
    pub(crate) fn apply(&mut self, changes: &[Change]) {
        // What a layer removes is what layers below it hold, wherever it says so.
        for change in changes {
            match change {
                Change::Remove(path) => self.remove(path, true),
                Change::Empty(path) => self.remove(path, false),
                Change::Put(..) | Change::Link(..) => {}
            }
        }
        for change in changes {
            match change {
                Change::Put(path, entry) => self.put(path, entry.clone()),
                Change::Link(path, to) => {
                    let entry = self.0.get(to).expect("a hard link leads to a file").clone();
                    self.put(path, entry);
                }
                Change::Remove(_) | Change::Empty(_) => {}
            }
        }
    }

    fn put(&mut self, path: &Path, entry: Entry) {
        if entry.kind != EntryType::Directory {
            self.remove(path, true);
        }
        self.0.insert(path.to_owned(), entry);
    }

    /// Takes away what stands below, and on demand the path itself.
    fn remove(&mut self, path: &Path, itself: bool) {
        let below = self.0.range(path.to_owned()..).map(|(below, _)| below).take_while(|below| below.starts_with(path));
        let gone: Vec<_> = below.filter(|below| itself || *below != path).cloned().collect();
        for path in gone {
            self.0.remove(&path);
        }
    }
}

/// Reads a layer.
pub(crate) fn changes(layer: impl Read) -> Vec<Change> {
    let mut archive = tar::Archive::new(layer);
    let mut changes = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = plain(&entry.path().unwrap());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        changes.push(if name == EMPTIED {
            Change::Empty(folder)
        } else if let Some(gone) = name.strip_prefix(GONE) {
            Change::Remove(folder.join(gone))
        } else if entry.header().entry_type() == EntryType::Link {
            Change::Link(path, plain(&entry.link_name().unwrap().unwrap()))
        } else {
            Change::Put(path, read(&mut entry))
        });
    }
    // Whoever writes into a pipe that nobody reads to its end fails.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).unwrap();
    changes
}

fn read(entry: &mut tar::Entry<'_, impl Read>) -> Entry {
    let attributes = entry.pax_extensions().unwrap().into_iter().flatten().map(Result::unwrap);
    let attributes = attributes.filter_map(|one| {
        let value = String::from_utf8_lossy(one.value_bytes()).into_owned();
        Some((one.key().ok()?.strip_prefix(ATTRIBUTE)?.to_owned(), value))
    });
    let attributes = attributes.collect();
    let header = entry.header().clone();
    let device = || header.device_major().unwrap().zip(header.device_minor().unwrap());
    let target = match header.entry_type() {
        EntryType::Symlink => entry.link_name().unwrap().unwrap().to_string_lossy().into_owned(),
        EntryType::Char | EntryType::Block => format!("{:?}", device()),
        _ => String::new(),
    };
    let mut hash = Sha256::new();
    std::io::copy(entry, &mut hash).unwrap();
    let hash = hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Entry {
        kind: header.entry_type(),
        mode: header.mode().unwrap() & 0o7777,
        owner: (header.uid().unwrap(), header.gid().unwrap()),
        size: header.size().unwrap(),
        hash,
        target,
        attributes,
    }
}

/// Without what a tar may put in front and behind.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

#[test]
fn layers_come_on_top_of_each_other() {
    let entry = |kind: EntryType, mode: u32| Entry {
        kind,
        mode,
        owner: (0, 0),
        size: 0,
        hash: String::new(),
        target: String::new(),
        attributes: BTreeMap::new(),
    };
    let put = |path: &str, kind: EntryType| Change::Put(path.into(), entry(kind, 0o644));
    let mut tree = Tree::default();
    tree.apply(&[put("a", EntryType::Directory), put("a/x", EntryType::Regular), put("a/y", EntryType::Regular)]);
    tree.apply(&[put("ab", EntryType::Regular), Change::Link("l".into(), "ab".into()), Change::Remove("a/x".into())]);
    let names = |tree: &Tree| tree.0.keys().map(|path| path.display().to_string()).collect::<Vec<_>>();
    assert_eq!(names(&tree), ["a", "a/y", "ab", "l"]);
    // Emptied by a layer that fills it again.
    tree.apply(&[put("a/z", EntryType::Regular), Change::Empty("a".into())]);
    assert_eq!(names(&tree), ["a", "a/z", "ab", "l"]);
    tree.apply(&[put("a", EntryType::Symlink)]);
    assert_eq!(names(&tree), ["a", "ab", "l"]);
}
