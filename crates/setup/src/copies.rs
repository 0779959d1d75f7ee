//! Copies of whole environments. Whoever writes into a file of one changes nothing in another: no file has two names.
//!
//! Where the file system shares blocks between files until one of them is written to (btrfs, XFS, APFS, ReFS), the system's own
//! copying does so, and [`std::fs::copy`] asks for it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use actions_core::action::Cancel;

/// More threads than this wait for the disk, not for a processor.
const MOST_THREADS: usize = 8;

/// Copies a folder with all that is in it to a new folder, for this user alone: contents, permissions, times of change (Python compiles a
/// module anew whose time is another one), links as links.
///
/// # Errors
/// When something cannot be read or written, when `to` is there already, on cancellation. What was copied until then stays.
pub(crate) fn copy_all(from: &Path, to: &Path, cancel: &Cancel) -> io::Result<()> {
    let mut files = Vec::new();
    private_folder(to)?;
    copy_folders(from, to, &mut files)?;
    let next = AtomicUsize::new(0);
    let work = || -> io::Result<()> {
        while let Some((source, target)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.is_cancelled() {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled"));
            }
            copy_file(source, target)?;
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let gone = || Err(io::Error::other("a thread that copies has stopped"));
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| gone()))
    })
}

/// Makes the folders and links, and lists the files.
fn copy_folders(from: &Path, to: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, source, target) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy_folders(&source, &target, files)?;
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(source)?, target)?;
        } else {
            files.push((source, target));
        }
    }
    Ok(())
}

fn copy_file(source: &Path, target: &Path) -> io::Result<()> {
    fs::copy(source, target)?;
    // Windows copies it. Elsewhere the owner may set it whatever the permissions are.
    #[cfg(unix)]
    File::open(target)?.set_modified(fs::metadata(source)?.modified()?)?;
    Ok(())
}

/// Makes a folder that only this user may enter.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_copy_has_all_of_it_and_shares_nothing() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        fs::create_dir_all(from.join("a/empty")).unwrap();
        for number in 0..50 {
            fs::write(from.join(format!("a/{number}")), format!("text {number}")).unwrap();
        }
        let program = from.join("a/0");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o555)).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        File::open(&program).unwrap().set_modified(long_ago).unwrap();
        std::os::unix::fs::symlink("a/0", from.join("link")).unwrap();
        let to = root.path().join("to");
        copy_all(&from, &to, &Cancel::default()).unwrap();
        let copied = to.join("a/0");
        let (one, other) = (program.metadata().unwrap(), copied.metadata().unwrap());
        assert_ne!(one.ino(), other.ino());
        assert_eq!((other.mode() & 0o777, other.modified().unwrap()), (0o555, long_ago));
        assert_eq!(fs::read_to_string(to.join("a/49")).unwrap(), "text 49");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("a/0"));
        assert!(to.join("a/empty").is_dir());
        assert_eq!(to.metadata().unwrap().mode() & 0o777, 0o700);
        assert!(copy_all(&from, &to, &Cancel::default()).is_err(), "nothing is copied into what is there");
    }

    #[test]
    fn what_is_cancelled_or_cannot_be_read_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        fs::create_dir(&from).unwrap();
        fs::write(from.join("a"), "").unwrap();
        let cancel = Cancel::default();
        cancel.cancel();
        assert_eq!(copy_all(&from, &root.path().join("b"), &cancel).unwrap_err().kind(), io::ErrorKind::Interrupted);
        let missing = copy_all(&root.path().join("none"), &root.path().join("c"), &Cancel::default());
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
