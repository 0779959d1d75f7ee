//! Unpacking what others made: nothing may leave the target, modes are kept.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::{Context, Error, Result};

pub(super) const BUFFER: usize = 1024 * 1024;
const BLOCK: u64 = 512;

/// Unpacks a tar, plain or gzipped, into a folder that exists.
///
/// # Errors
/// An entry that would leave the target, a hard link, a device, a link that points outside, a truncated archive: the
/// target then holds what came before, and is the caller's to remove.
pub fn unpack(archive: impl Read, target: &Path) -> Result<()> {
    let mut archive = BufReader::with_capacity(BUFFER, archive);
    let magic = io::BufRead::fill_buf(&mut archive).context(|| "failed to read the archive".into())?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        unpack_tar(GzDecoder::new(archive), target)
    } else if magic.starts_with(b"BZh") || magic.starts_with(&[0xfd, b'7', b'z', b'X', b'Z']) {
        Err(Error::failure("the archive is compressed with bzip2 or xz, which only old clients did")
            .hint("Push it again with a current client."))
    } else {
        unpack_tar(archive, target)
    }
}

pub(super) fn unpack_tar(archive: impl Read, target: &Path) -> Result<()> {
    let mut archive = Archive::new(Counted { inner: archive, count: 0 });
    let mut buffer = vec![0; BUFFER];
    let broken = || "the archive is broken".to_owned();
    let mut end = 0;
    for entry in archive.entries().context(broken)? {
        let entry = entry.context(broken)?;
        // What stands in the archive: of a sparse file that is less than its size.
        let sparse = entry.header().entry_type() == EntryType::GNUSparse;
        let stored = if sparse { entry.header().entry_size().context(broken)? } else { entry.size() };
        end = entry.raw_file_position() + stored.next_multiple_of(BLOCK);
        unpack_entry(entry, target, &mut buffer)?;
    }
    // A server may stop sending only after the end of the archive; reading on keeps its connection usable.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).context(broken)?;
    // Two blocks of zeros end an archive. One that stops between two entries would pass for a whole one.
    if rest.count < end + 2 * BLOCK {
        return Err(Error::failure("the archive is cut off").hint("Send or save it again as a whole."));
    }
    Ok(())
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

fn unpack_entry(mut entry: Entry<'_, impl Read>, target: &Path, buffer: &mut [u8]) -> Result<()> {
    let name = entry.path().context(|| "an entry of the archive has no valid name".into())?.into_owned();
    let refused = |why: &str| {
        Error::failure(format!("refused to unpack {}: {why}", name.display()))
            .hint("Whoever made it may have tampered with it; make it again on a trusted machine.")
    };
    let relative = inside(&name).ok_or_else(|| refused("it would leave the target"))?;
    let path = target.join(&relative);
    ensure_plain_parents(target, &relative).map_err(|why| refused(&why))?;
    let failed = || format!("failed to write {}", path.display());
    match entry.header().entry_type() {
        EntryType::Directory => match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(refused("something else has its name already")),
            Err(_) => fs::create_dir(&path).context(failed)?,
        },
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            // An entry that comes twice replaces the first; it never writes through a link.
            if path.symlink_metadata().is_ok() {
                fs::remove_file(&path).context(failed)?;
            }
            let mut file = File::create_new(&path).context(failed)?;
            copy(&mut entry, &mut file, buffer).context(failed)?;
        }
        EntryType::Symlink => {
            let link = entry.link_name().context(failed)?.ok_or_else(|| refused("it is a link to nothing"))?;
            let parent = relative.parent().unwrap_or(Path::new(""));
            if !stays_inside(&link, parent) {
                return Err(refused("it is a link that points outside"));
            }
            symlink(&link, &path).context(failed)?;
            return Ok(());
        }
        EntryType::XGlobalHeader => return Ok(()),
        other => return Err(refused(&format!("entries of type {other:?} have no place in a Bento or model"))),
    }
    if !relative.as_os_str().is_empty() {
        set_mode(&path, entry.header().mode().unwrap_or(0o644)).context(failed)?;
    }
    Ok(())
}

/// The path without `.` and with `..` resolved, if it stays below where it starts.
pub(super) fn inside(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => clean.push(part),
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

/// Does a link in this folder (relative to the target) stay below the target, whatever other links it goes through?
///
/// It may climb first, over folders that are none of them links, and then only descend: `..` after a name could climb from
/// where another link leads.
fn stays_inside(link: &Path, folder: &Path) -> bool {
    let mut depth = folder.components().count();
    let mut descended = false;
    link.components().all(|component| match component {
        Component::CurDir => true,
        Component::Normal(_) => {
            descended = true;
            true
        }
        Component::ParentDir if !descended && depth > 0 => {
            depth -= 1;
            true
        }
        Component::ParentDir | Component::RootDir | Component::Prefix(_) => false,
    })
}

/// Makes the folders above an entry. One of them may not be a link: later entries must not write through it.
pub(super) fn ensure_plain_parents(target: &Path, relative: &Path) -> std::result::Result<(), String> {
    let mut path = target.to_owned();
    for part in relative.parent().unwrap_or(Path::new("")) {
        path.push(part);
        match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(format!("{} is no folder", path.display())),
            Err(_) => fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?,
        }
    }
    Ok(())
}

pub(super) fn copy(from: &mut impl Read, to: &mut impl Write, buffer: &mut [u8]) -> io::Result<()> {
    loop {
        match from.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => to.write_all(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn symlink(link: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(link, path)
}

#[cfg(windows)]
fn symlink(link: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(link, path)
}

/// The owner can always read and enter, so that what was unpacked can be removed; set-id bits are dropped.
#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let least = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o777 | least))
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use tar::{Builder, Header};

    use super::*;

    fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (name, kind, content) in entries {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o755);
            header.set_size(if kind.is_file() { content.len() as u64 } else { 0 });
            // The checked setters refuse what these tests need.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            if !kind.is_file() {
                header.as_old_mut().linkname[..content.len()].copy_from_slice(content.as_bytes());
            }
            header.set_cksum();
            builder.append(&header, if kind.is_file() { content.as_bytes() } else { &[] }).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn what_leaves_the_target_is_refused() {
        let cases: &[&[(&str, EntryType, &str)]] = &[
            &[("../evil", EntryType::Regular, "x")],
            &[("/tmp/evil", EntryType::Regular, "x")],
            &[("a/../../evil", EntryType::Regular, "x")],
            &[("link", EntryType::Symlink, "/etc/passwd")],
            &[("a/link", EntryType::Symlink, "../../x")],
            &[("link", EntryType::Symlink, "folder"), ("link/x", EntryType::Regular, "x")],
            &[("a/b/up", EntryType::Symlink, "../.."), ("out", EntryType::Symlink, "a/b/up/../../x")],
            &[("link", EntryType::Symlink, "folder"), ("link", EntryType::Directory, "")],
            &[("hard", EntryType::Link, "other")],
            &[("device", EntryType::Char, "")],
        ];
        for case in cases {
            let outer = tempfile::tempdir().unwrap();
            let target = outer.path().join("target");
            fs::create_dir(&target).unwrap();
            let error = unpack(archive(case).as_slice(), &target).unwrap_err();
            assert!(error.to_string().contains("refused"), "{case:?}: {error}");
            assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1, "{case:?}");
        }
    }

    #[test]
    fn plain_and_gzipped_archives_come_out_with_their_modes() {
        let plain = archive(&[("./run.sh", EntryType::Regular, "#!"), ("dir/../b", EntryType::Regular, "b")]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        for bytes in [plain, gzip.finish().unwrap()] {
            let target = tempfile::tempdir().unwrap();
            unpack(bytes.as_slice(), target.path()).unwrap();
            assert_eq!(fs::read(target.path().join("b")).unwrap(), b"b");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(fs::metadata(target.path().join("run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
            }
        }
    }

    #[test]
    fn a_truncated_archive_is_an_error() {
        let bytes = archive(&[("a", EntryType::Regular, &"x".repeat(2000))]);
        let target = tempfile::tempdir().unwrap();
        // In a file, after it, and before the second block of zeros.
        for end in [1000, 512 + 2048, 512 + 2048 + 512] {
            let target = tempfile::tempdir().unwrap();
            assert!(unpack(&bytes[..end], target.path()).is_err(), "{end}");
        }
        let html = b"<!DOCTYPE html><html></html>".repeat(40);
        assert!(unpack(html.as_slice(), target.path()).is_err());
    }
}
