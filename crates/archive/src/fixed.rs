//! An archive whose bytes depend on names and contents alone: no time, owner or mode of this machine is in it.
//!
//! The same files give the same digest on every machine, which is what lets a registry know a layer that it has.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use actions_core::action::Cancel;
use actions_core::{Context, Error, Result};
use tar::{EntryType, Header};

use super::bound::Bound;
use super::entry::{Entry, Tree, laid_out};
use super::plan::{Plan, Source};

/// Deeper than this a tree is taken for a link that leads back into itself.
const DEEPEST: usize = 64;

/// An archive in the making: entries stand in the order in which they are added.
#[derive(Debug)]
pub struct FixedPlan {
    plan: Plan,
    uid: u64,
    gid: u64,
    bound: Bound,
}

impl FixedPlan {
    /// An empty archive whose entries all have this owner.
    pub fn new(uid: u64, gid: u64) -> Self {
        Self { plan: Plan::empty(), uid, gid, bound: Bound::new(&Cancel::default()) }
    }

    /// The same, which ends with the job.
    #[must_use]
    pub fn cancelled_by(self, cancel: &Cancel) -> Self {
        Self { bound: Bound::new(cancel), ..self }
    }

    /// Adds a folder, mode 0755.
    ///
    /// # Errors
    /// The path cannot be written down in a tar.
    pub fn folder(&mut self, path: &str) -> Result<()> {
        self.header(&format!("{path}/"), EntryType::Directory, 0o755, 0, None)
    }

    /// Adds a file with these contents, mode 0644.
    ///
    /// # Errors
    /// The path cannot be written down in a tar.
    pub fn file(&mut self, path: &str, contents: &[u8]) -> Result<()> {
        self.header(path, EntryType::Regular, 0o644, contents.len() as u64, None)?;
        self.plan.push_contents(contents.to_vec());
        Ok(())
    }

    /// Adds a symbolic link, mode 0777, that holds this text.
    ///
    /// # Errors
    /// The path or the target cannot be written down in a tar.
    pub fn link(&mut self, path: &str, target: &str) -> Result<()> {
        self.header(path, EntryType::Symlink, 0o777, 0, Some(target))
    }

    /// Adds a file of this machine, or a folder with all below, sorted by name; links are followed, as BentoML copies what they
    /// point to. Modes are 0755 for folders and executable files, 0644 for other files.
    ///
    /// # Errors
    /// Something in it cannot be read, is neither file nor folder, or has a name that is not valid Unicode; the trees of the
    /// archive have too many entries; the job is cancelled.
    pub fn tree(&mut self, path: &str, root: &Path) -> Result<()> {
        let tree = Tree { root: root.into(), name: path.into(), owner: (self.uid, self.gid), has_times: false };
        self.below(&Arc::new(tree), Path::new(""), 0)
    }

    /// The finished archive.
    pub fn finish(self) -> Plan {
        self.plan.ended()
    }

    fn below(&mut self, tree: &Arc<Tree>, relative: &Path, depth: usize) -> Result<()> {
        let from = if depth == 0 { tree.root.clone() } else { tree.root.join(relative) };
        let failed = || format!("failed to read {}", from.display());
        self.bound.count(&from)?;
        let meta = fs::metadata(&from).context(failed)?;
        let is_endless = meta.is_dir() && depth > DEEPEST;
        if is_endless || !(meta.is_file() || meta.is_dir()) {
            let why = if is_endless { "is in a folder that contains itself" } else { "is neither file nor folder" };
            return Err(Error::input(format!("{} {why}", from.display())).hint("Remove it from the model."));
        }
        let mode = if meta.is_file() && super::plan::mode(&meta) & 0o100 == 0 { 0o644 } else { 0o755 };
        let entry = Entry::new(tree, relative, &meta, mode);
        self.plan.push_entry(entry.context(|| format!("failed to lay out {}", from.display()))?);
        if meta.is_file() {
            return Ok(());
        }
        let names = fs::read_dir(&from)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>())
            .context(failed)?;
        let names = names.into_iter().map(|name| {
            name.into_string().map_err(|name| {
                Error::input(format!("{} has a name that is not valid Unicode", from.join(name).display()))
                    .hint("Rename it and save the model again.")
            })
        });
        let mut names = names.collect::<Result<Vec<_>>>()?;
        names.sort();
        for name in names {
            self.below(tree, &relative.join(name), depth.saturating_add(1))?;
        }
        Ok(())
    }

    fn header(&mut self, path: &str, kind: EntryType, mode: u32, size: u64, link: Option<&str>) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(mode);
        header.set_mtime(0);
        header.set_uid(self.uid);
        header.set_gid(self.gid);
        let bytes = laid_out(&mut header, Path::new(path), link.map(Path::new));
        let bytes = bytes.context(|| format!("failed to lay out {path}"))?;
        self.plan.push(bytes.len() as u64, Source::Bytes(bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use sha2::{Digest, Sha256};

    use super::*;

    fn bytes(root: &Path) -> Vec<u8> {
        let mut fixed = FixedPlan::new(1034, 1034);
        fixed.folder("home/models").unwrap();
        fixed.file("home/models/latest", b"v1").unwrap();
        fixed.tree("home/models/v1", root).unwrap();
        let plan = fixed.finish();
        let mut bytes = Vec::new();
        plan.read_range(0..plan.len()).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[cfg(unix)]
    #[test]
    fn times_modes_and_links_make_no_difference() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let long = format!("{}.bin", "w".repeat(120));
        for root in [one.path(), other.path()] {
            fs::create_dir(root.join("sub")).unwrap();
            fs::write(root.join(&long), [1; 1000]).unwrap();
        }
        fs::write(one.path().join("sub/a"), "same").unwrap();
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        fs::write(&elsewhere, "same").unwrap();
        symlink(&elsewhere, other.path().join("sub/a")).unwrap();
        fs::set_permissions(other.path().join(&long), fs::Permissions::from_mode(0o600)).unwrap();
        fs::File::open(other.path().join(&long)).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        let (first, second) = (bytes(one.path()), bytes(other.path()));
        assert!(first == second, "the same contents give other bytes");
        let digest: String = Sha256::digest(&first).iter().map(|byte| format!("{byte:02x}")).collect();
        // Registries hold layers with such digests: a change here sends every model again, everywhere.
        assert_eq!(digest, "0a9233df12ff1dca6ab57d6a2b7bd5d9fe91e69e270dca68cdc30558beb48e98");
        let mut archive = tar::Archive::new(first.as_slice());
        let entries: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                (entry.path().unwrap().display().to_string(), header.mode().unwrap(), header.uid().unwrap())
            })
            .collect();
        let names = [
            ("home/models/", 0o755),
            ("home/models/latest", 0o644),
            ("home/models/v1/", 0o755),
            ("home/models/v1/sub/", 0o755),
            ("home/models/v1/sub/a", 0o644),
        ];
        let mut expected: Vec<_> = names.map(|(name, mode)| (name.to_owned(), mode, 1034)).into();
        expected.push((format!("home/models/v1/{long}"), 0o644, 1034));
        assert_eq!(entries, expected);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_multiply_a_tree_end_in_an_error_and_a_cancelled_job_ends_at_once() {
        let root = tempfile::tempdir().unwrap();
        for level in 0..30 {
            let folder = root.path().join(format!("d{level}"));
            fs::create_dir(&folder).unwrap();
            for name in ["x", "y"] {
                std::os::unix::fs::symlink(format!("../d{}", level + 1), folder.join(name)).unwrap();
            }
        }
        fs::create_dir(root.path().join("d30")).unwrap();
        let mut fixed = FixedPlan::new(0, 0);
        fixed.bound = Bound::of(1000, &Cancel::default());
        let error = fixed.tree("m", root.path()).unwrap_err();
        assert!(
            error.cause() == actions_core::Cause::Input && error.full_text().contains("d0/x/x/"),
            "{}",
            error.full_text()
        );
        let cancel = Cancel::default();
        cancel.cancel();
        let error = FixedPlan::new(0, 0).cancelled_by(&cancel).tree("m", root.path()).unwrap_err();
        assert_eq!(error.cause(), actions_core::Cause::Cancelled);
    }

    #[test]
    fn links_of_any_length_keep_their_text() {
        let targets = ["../../blobs/aa".to_owned(), format!("../../blobs/{}", "b".repeat(150)), "../x y/\u{fc}".into()];
        let mut fixed = FixedPlan::new(7, 8);
        for (number, target) in targets.iter().enumerate() {
            fixed.link(&format!("snapshots/{number}"), target).unwrap();
        }
        let plan = fixed.finish();
        let mut archive = tar::Archive::new(plan.read_range(0..plan.len()));
        let found = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            assert_eq!((entry.header().entry_type(), entry.header().mode().unwrap()), (EntryType::Symlink, 0o777));
            assert_eq!((entry.header().uid().unwrap(), entry.header().gid().unwrap()), (7, 8));
            String::from_utf8(entry.link_name_bytes().unwrap().into_owned()).unwrap()
        });
        assert_eq!(found.collect::<Vec<_>>(), targets);
    }
}
