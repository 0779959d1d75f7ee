//! Unpacking what others made: nothing may leave the target, modes are kept.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use actions_core::disk::Growth;
use actions_core::{Context, Error, Result};
use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};

use super::guard::{ensure_plain_parents, inside, set_mode, stays_inside, symlink};
use crate::tar_limits::metered;

/// The size of the buffers that contents go through, bytes.
pub const BUFFER: usize = 1024 * 1024;
const BLOCK: u64 = 512;

/// What may stand behind the end of an archive, bytes: a record and some padding. Whoever sends more is not listened to.
const PADDING: u64 = 64 * 1024;

/// Unpacks a tar, plain or gzipped, into a folder that exists. Not much is read behind the archive's end.
///
/// # Errors
/// An entry that would leave the target, a hard link, a device, a link that points outside, a truncated archive, names of
/// more than a megabyte, a disk that is all but full: the target then holds what came before, and is the caller's to remove.
pub fn unpack(archive: impl Read, target: &Path) -> Result<()> {
    let mut archive = BufReader::with_capacity(BUFFER, archive);
    let magic = io::BufRead::fill_buf(&mut archive).context(|| "failed to read the archive".into())?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        unpack_compressed(&mut Writer::below(target), GzDecoder::new(archive), target)
    } else if magic.starts_with(b"BZh") || magic.starts_with(&[0xfd, b'7', b'z', b'X', b'Z']) {
        Err(Error::failure("the archive is compressed with bzip2 or xz, which only old clients did")
            .hint("Push it again with a current client."))
    } else {
        unpack_tar(&mut Writer::below(target), archive, target).map(drop)
    }
}

/// Unpacks a tar and reads to its end, which holds the checksum of what is compressed.
///
/// # Errors
/// Those of [`unpack_tar`], and when more stands behind the archive's end.
pub fn unpack_compressed(writer: &mut Writer, archive: impl Read, target: &Path) -> Result<()> {
    match unpack_tar(writer, archive, target)? {
        End::Reached => Ok(()),
        End::Beyond => Err(Error::failure("the archive is broken: much more stands behind its end")
            .hint("Send or save it again as a whole.")),
    }
}

/// Where reading stopped.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// At the end of what there is.
    Reached,
    /// Behind the archive's end; more may follow.
    Beyond,
}

/// Unpacks a tar as far as its end. What follows a short padding is not read: the caller says whether it may be there.
///
/// # Errors
/// The archive is broken or cut off, an entry would leave the target, or the disk is full.
pub fn unpack_tar(writer: &mut Writer, archive: impl Read, target: &Path) -> Result<End> {
    let (source, meter) = metered(archive);
    let mut archive = Archive::new(source);
    let broken = || "the archive is broken".to_owned();
    let mut end: u64 = 0;
    let mut entries = archive.entries().context(broken)?;
    while let Some(entry) = meter.headers(|| entries.next()) {
        let entry = entry.context(broken)?;
        // What stands in the archive: of a sparse file that is less than its size.
        let sparse = entry.header().entry_type() == EntryType::GNUSparse;
        let stored = if sparse { entry.header().entry_size().context(broken)? } else { entry.size() };
        let blocks = stored.checked_next_multiple_of(BLOCK);
        let after = blocks.and_then(|blocks| entry.raw_file_position().checked_add(blocks));
        end = after.ok_or_else(|| Error::failure("the archive is broken: an entry has no possible size"))?;
        unpack_entry(entry, target, writer)?;
    }
    // The rest of the last record. A server that has sent all of it keeps its connection usable.
    let mut rest = archive.into_inner().take(PADDING);
    io::copy(&mut rest, &mut io::sink()).context(broken)?;
    // Two blocks of zeros end an archive. One that stops between two entries would pass for a whole one.
    if meter.read() < end.saturating_add(2 * BLOCK) {
        return Err(Error::failure("the archive is cut off").hint("Send or save it again as a whole."));
    }
    Ok(if rest.limit() == 0 { End::Beyond } else { End::Reached })
}

/// Writes contents while there is room.
#[derive(Debug)]
pub struct Writer {
    growth: Growth,
    buffer: Vec<u8>,
    /// What is written of each file, bytes; the rest of it is a hole of the same length.
    most: u64,
}

impl Writer {
    /// A writer of a folder, which measures the room on its disk.
    pub fn below(target: &Path) -> Self {
        Self { growth: Growth::at(target), buffer: vec![0; BUFFER], most: u64::MAX }
    }

    /// Writes this much of each file; the rest of it is a hole of the same length.
    pub fn at_most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// An entry, and so many folders above it that were made for it.
    pub fn entry(&mut self, folders: u64) -> Result<()> {
        self.growth.add_entries(folders.saturating_add(1))
    }

    /// A file that is not there yet, with all that comes.
    pub fn write(&mut self, from: &mut impl Read, path: &Path) -> Result<()> {
        let failed = || format!("failed to write {}", path.display());
        let mut file = File::create_new(path).context(failed)?;
        let mut length: u64 = 0;
        loop {
            let read = match from.read(&mut self.buffer) {
                Ok(0) if length > self.most => return file.set_len(length).context(failed),
                Ok(0) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.context(failed)?,
            };
            length = length.saturating_add(read as u64);
            if length <= self.most {
                file.write_all(self.buffer.get(..read).unwrap_or_default()).context(failed)?;
                self.growth.add(read as u64).context(failed)?;
            }
        }
    }
}

fn unpack_entry(mut entry: Entry<'_, impl Read>, target: &Path, writer: &mut Writer) -> Result<()> {
    let name = entry.path().context(|| "an entry of the archive has no valid name".into())?.into_owned();
    let refused = |why: &str| {
        Error::failure(format!("refused to unpack {}: {why}", name.display()))
            .hint("Whoever made it may have tampered with it; make it again on a trusted machine.")
    };
    let relative = inside(&name).ok_or_else(|| refused("it would leave the target"))?;
    let path = target.join(&relative);
    let failed = || format!("failed to write {}", path.display());
    let folders = ensure_plain_parents(target, &relative).map_err(|why| refused(&why))?;
    writer.entry(folders).context(failed)?;
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
            writer.write(&mut entry, &path)?;
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
    fn what_comes_behind_the_end_is_not_waited_for() {
        let plain = archive(&[("a", EntryType::Regular, "x")]);
        let target = tempfile::tempdir().unwrap();
        unpack(plain.as_slice().chain(io::repeat(0)), target.path()).unwrap();
        assert_eq!(fs::read(target.path().join("a")).unwrap(), b"x");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        io::copy(&mut io::repeat(0).take(2 * PADDING), &mut gzip).unwrap();
        let target = tempfile::tempdir().unwrap();
        let error = unpack(gzip.finish().unwrap().as_slice(), target.path()).unwrap_err();
        assert!(error.to_string().contains("behind its end"), "{error}");
    }

    #[test]
    fn an_entry_of_no_possible_size_or_an_endless_name_is_an_error() {
        let mut sparse = Header::new_gnu();
        sparse.set_entry_type(EntryType::GNUSparse);
        sparse.set_path("a").unwrap();
        sparse.set_size(u64::MAX);
        sparse.set_cksum();
        let mut pax = Builder::new(Vec::new());
        pax.append_pax_extensions([("size", b"0".as_slice())]).unwrap();
        let mut bytes = pax.into_inner().unwrap();
        bytes.truncate(1024);
        bytes.extend(sparse.as_bytes());
        bytes.extend([0; 2048]);
        let target = tempfile::tempdir().unwrap();
        let error = unpack(bytes.as_slice(), target.path()).unwrap_err().full_text();
        assert!(error.contains("the archive is broken"), "{error}");

        let mut name = Header::new_gnu();
        name.set_entry_type(EntryType::GNULongName);
        name.set_size(1 << 40);
        name.set_cksum();
        let endless = name.as_bytes().chain(io::repeat(b'a'));
        let error = unpack(endless, target.path()).unwrap_err().full_text();
        assert!(error.contains("extended headers of an entry take more than"), "{error}");
    }

    #[test]
    fn entries_without_contents_take_room_too() {
        use EntryType::{Directory, Regular, Symlink};
        let bytes = archive(&[("a", Directory, ""), ("b/c/d", Directory, ""), ("e", Regular, ""), ("f", Symlink, "e")]);
        let target = tempfile::tempdir().unwrap();
        let mut writer = Writer::below(target.path());
        unpack_tar(&mut writer, bytes.as_slice(), target.path()).unwrap();
        assert_eq!(writer.growth.since_look(), 6 * 4096, "four entries and two folders above one of them");
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
