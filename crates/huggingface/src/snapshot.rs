//! A model at one commit, complete in the cache; and what an image needs of it.

use std::path::PathBuf;

/// All files that a Bento means of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// `…/models--OWNER--NAME`.
    pub root: PathBuf,
    /// The commit.
    pub commit: String,
    /// The branch or tag, where bento.yaml names one in place of the commit.
    pub reference: Option<String>,
    /// Sorted by name, each once.
    pub files: Vec<SnapshotFile>,
    /// What the hub has at the commit, as `trees/<commit>.json` holds it; none where that is not known.
    pub tree: Option<String>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Relative to the snapshot's folder, with slashes.
    pub name: String,
    /// The name of its contents below `blobs/`.
    pub blob: String,
    /// Where its contents are on this machine: a regular file, or a link to one.
    pub content: PathBuf,
    /// Bytes.
    pub size: u64,
}

/// Something of an image, below BentoML's folder `hf-models`; paths are relative, with slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Folder(String),
    /// A file with the contents of a file of this machine.
    File(String, PathBuf),
    /// A file with these contents.
    Text(String, String),
    /// A symbolic link, and where it points to, relative to its folder.
    Link(String, String),
}

impl Snapshot {
    /// The folder that the hub's client hands to a program.
    pub fn folder(&self) -> PathBuf {
        self.root.join("snapshots").join(&self.commit)
    }

    /// The sum of the sizes of its files, bytes; contents that two files share count once.
    pub fn size(&self) -> u64 {
        self.contents().iter().map(|file| file.size).fold(0, u64::saturating_add)
    }

    /// What an image needs, folders before what is in them, in an order that depends on names alone: the same model gives
    /// the same list on every machine, whoever fetched it.
    pub fn entries(&self) -> Vec<Entry> {
        let root = self.root.file_name().unwrap_or_default().to_string_lossy();
        let mut tree = Tree::default();
        tree.folder(&root);
        tree.folder(&format!("{root}/blobs"));
        for file in self.contents() {
            tree.add(Entry::File(format!("{root}/blobs/{}", file.blob), file.content.clone()));
        }
        if let Some(reference) = &self.reference {
            tree.below(&format!("{root}/refs/{reference}"));
            tree.add(Entry::Text(format!("{root}/refs/{reference}"), self.commit.clone()));
        }
        let snapshot = format!("{root}/snapshots/{}", self.commit);
        tree.below(&snapshot);
        tree.folder(&snapshot);
        for file in &self.files {
            let path = format!("{snapshot}/{}", file.name);
            tree.below(&path);
            tree.add(Entry::Link(path, link_to(&file.name, &file.blob)));
        }
        if let Some(text) = &self.tree {
            let path = format!("{root}/trees/{}.json", self.commit);
            tree.below(&path);
            tree.add(Entry::Text(path, text.clone()));
        }
        tree.entries
    }

    /// One file for each content, sorted by blob.
    fn contents(&self) -> Vec<&SnapshotFile> {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by(|one, other| one.blob.cmp(&other.blob));
        files.dedup_by(|one, other| one.blob == other.blob);
        files
    }
}

/// Where a file's link points to, as the hub's own client writes it.
pub(super) fn link_to(name: &str, blob: &str) -> String {
    format!("{}../../blobs/{blob}", "../".repeat(name.matches('/').count()))
}

/// Entries, with the folders above them.
#[derive(Default)]
struct Tree {
    entries: Vec<Entry>,
    folders: std::collections::BTreeSet<String>,
}

impl Tree {
    fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    fn folder(&mut self, path: &str) {
        if self.folders.insert(path.to_owned()) {
            self.add(Entry::Folder(path.to_owned()));
        }
    }

    /// The folders above this path that are not there yet.
    fn below(&mut self, path: &str) {
        let above: Vec<_> = path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect();
        for folder in above {
            self.folder(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_image_gets_contents_once_and_links_in_a_fixed_order() {
        let file = |name: &str, blob: &str| SnapshotFile {
            name: name.into(),
            blob: blob.into(),
            content: Path::new("/c/models--o--n/blobs").join(blob),
            size: 5,
        };
        let files = vec![file("a.txt", "bb"), file("deep/er/b", "aa"), file("deep/er/c", "bb")];
        let root = PathBuf::from("/c/models--o--n");
        let mut snapshot = Snapshot { root, commit: "c0".into(), reference: None, files, tree: None };
        assert_eq!(snapshot.size(), 10);
        let folder = |path: &str| Entry::Folder(format!("models--o--n{path}"));
        let content = |blob: &str| {
            Entry::File(format!("models--o--n/blobs/{blob}"), Path::new("/c/models--o--n/blobs").join(blob))
        };
        let link = |path: &str, target: &str| Entry::Link(format!("models--o--n/snapshots/c0/{path}"), target.into());
        let expected = [
            folder(""),
            folder("/blobs"),
            content("aa"),
            content("bb"),
            folder("/snapshots"),
            folder("/snapshots/c0"),
            link("a.txt", "../../blobs/bb"),
            folder("/snapshots/c0/deep"),
            folder("/snapshots/c0/deep/er"),
            link("deep/er/b", "../../../../blobs/aa"),
            link("deep/er/c", "../../../../blobs/bb"),
        ];
        assert_eq!(snapshot.entries(), expected);
        snapshot.reference = Some("refs/pr/1".into());
        let entries = snapshot.entries();
        let at = entries.iter().position(|entry| matches!(entry, Entry::Text(..))).unwrap();
        assert_eq!(entries[at], Entry::Text("models--o--n/refs/refs/pr/1".into(), "c0".into()));
        assert_eq!(entries[at - 1], folder("/refs/refs/pr"));
        snapshot.tree = Some("{}".into());
        let entries = snapshot.entries();
        let listed = Entry::Text("models--o--n/trees/c0.json".into(), "{}".into());
        assert_eq!(entries[entries.len() - 2..], [folder("/trees"), listed]);
    }
}
