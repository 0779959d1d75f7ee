//! Everything below a folder, for comparing what was sent with what came back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Folder,
    Link(PathBuf),
    /// Size and SHA-256.
    File(u64, String),
}

/// Every entry below a folder, by relative path; modes are left out.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    walk(root, Path::new(""), false, &mut entries);
    entries
}

/// The same with what links point to in their place, as `bentoml` saves models.
pub(crate) fn tree_without_links(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    walk(root, Path::new(""), true, &mut entries);
    entries
}

/// The relative paths of all executable files below a folder.
pub(crate) fn executables(root: &Path) -> Vec<PathBuf> {
    let executable =
        |path: &PathBuf| fs::metadata(root.join(path)).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
    let files = tree(root).into_iter().filter(|(_, entry)| matches!(entry, Entry::File(..)));
    files.map(|(path, _)| path).filter(executable).collect()
}

fn walk(root: &Path, relative: &Path, follow: bool, entries: &mut BTreeMap<PathBuf, Entry>) {
    for entry in fs::read_dir(root.join(relative)).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = relative.join(entry.file_name());
        let meta = if follow { fs::metadata(entry.path()) } else { fs::symlink_metadata(entry.path()) };
        let kind = meta.expect("a link to something").file_type();
        let described = if kind.is_symlink() {
            Entry::Link(fs::read_link(entry.path()).expect("a link"))
        } else if kind.is_dir() {
            walk(root, &path, follow, entries);
            Entry::Folder
        } else {
            let mut hash = Sha256::new();
            let size = io::copy(&mut File::open(entry.path()).expect("a file"), &mut hash).expect("its content");
            Entry::File(size, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
        };
        entries.insert(path, described);
    }
}
