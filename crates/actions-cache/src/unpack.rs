//! Unpacking an entry: whoever can write to the cache may have written it, so nothing in it is trusted.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use actions_core::disk::Growth;
use actions_core::{Context, Error, Result};
use archive::{inside, stays_inside, tar_limits};
use tar::{Archive, Entry, EntryType};
use zstd::Decoder;

use super::pack::FORMAT;
use super::time;

const BUFFER: usize = 256 * 1024;
/// Larger windows than any level writes would be a way to take the machine's memory.
const WINDOW_LOG: u32 = 23;
/// Bytes behind the last entry: the archive's end, padded to a record.
const LONGEST_END: u64 = 64 * 1024;
/// The names of all folders without the right to write, bytes. An environment of Python has next to none.
const LONGEST_READ_ONLY: usize = 16 * 1024 * 1024;

/// Unpacks into a folder that exists and is empty.
pub(crate) fn unpack(archive: impl Read, target: &Path) -> Result<()> {
    let broken = || "the entry is damaged".to_owned();
    let mut decoder = Decoder::new(archive).context(broken)?;
    decoder.window_log_max(WINDOW_LOG).context(broken)?;
    let (source, meter) = tar_limits::metered(io::BufReader::with_capacity(BUFFER, decoder));
    let mut archive = Archive::new(source);
    let mut work = Work { target, buffer: vec![0; BUFFER], folders: Folders::default(), growth: Growth::at(target) };
    let mut entries = archive.entries().context(broken)?;
    let first = meter.headers(|| entries.next()).transpose().context(broken)?;
    check_format(first)?;
    while let Some(entry) = meter.headers(|| entries.next()) {
        entry.context(broken).and_then(|entry| work.unpack(entry))?;
    }
    // The end of the stream holds its checksum, and tells a whole one from one that was cut off.
    let end = io::copy(&mut archive.into_inner().take(LONGEST_END), &mut io::sink()).context(broken)?;
    if end == LONGEST_END {
        return Err(Error::failure("the entry is damaged: more stands behind its end"));
    }
    let folders = work.folders;
    // Read-only folders become so when everything is in them.
    for (folder, mode) in folders.read_only.into_iter().rev() {
        set_mode(&folder, mode).context(|| format!("failed to write {}", folder.display()))?;
    }
    Ok(())
}

/// The folders that were made here.
#[derive(Default)]
struct Folders {
    /// The last one, below the target. Entries come in the order of a walk, so that only it and the folders above it, which
    /// were made here too, take entries: the name of another one may lead through a link.
    last: PathBuf,
    /// Those to be without the right to write, and their modes.
    read_only: Vec<(PathBuf, u32)>,
    /// The length of their names, bytes.
    length: usize,
}

fn check_format(first: Option<Entry<'_, impl Read>>) -> Result<()> {
    let mut text = String::new();
    let is_ours = first.is_some_and(|entry| {
        entry.path_bytes() == FORMAT.0.as_bytes() && entry.take(64).read_to_string(&mut text).is_ok()
    });
    if is_ours && text == FORMAT.1 {
        return Ok(());
    }
    Err(Error::failure("the entry is of another format"))
}

/// What the entries of an archive are unpacked with.
struct Work<'a> {
    target: &'a Path,
    buffer: Vec<u8>,
    folders: Folders,
    growth: Growth,
}

impl Work<'_> {
    fn unpack(&mut self, mut entry: Entry<'_, impl Read>) -> Result<()> {
        let name = entry.path().context(|| "an entry has no valid name".into())?.into_owned();
        let refused = |why: &str| Error::failure(format!("refused to unpack {}: {why}", name.display()));
        let relative = inside(&name).filter(|path| !path.as_os_str().is_empty());
        let relative = relative.ok_or_else(|| refused("it would leave the folder"))?;
        let path = self.target.join(&relative);
        let failed = || format!("failed to write {}", path.display());
        let parent = relative.parent().unwrap_or(Path::new(""));
        if !self.folders.last.starts_with(parent) {
            return Err(refused("it does not stand behind the folder above it"));
        }
        self.growth.add_entries(1)?;
        let mode = entry.header().mode().unwrap_or(0o644) & 0o777;
        match entry.header().entry_type() {
            EntryType::Directory => {
                fs::create_dir(&path).context(failed)?;
                if mode & 0o200 == 0 {
                    self.folders.length = self.folders.length.saturating_add(path.as_os_str().len());
                    if self.folders.length > LONGEST_READ_ONLY {
                        return Err(refused("the names of the folders that cannot be written take more than 16 MiB"));
                    }
                    self.folders.read_only.push((path, mode));
                }
                self.folders.last = relative;
            }
            EntryType::Regular => {
                let mut file = create(&path, mode).context(failed)?;
                loop {
                    match entry.read(&mut self.buffer).context(|| "the entry is damaged".into())? {
                        0 => break,
                        read => {
                            self.growth.add(read as u64)?;
                            file.write_all(self.buffer.get(..read).unwrap_or_default()).context(failed)?;
                        }
                    }
                }
                // Python compares a source's time with the one in its bytecode. One that no clock shows stays now.
                if let Some(time) = time::read(entry.header()) {
                    file.set_times(FileTimes::new().set_modified(time)).context(failed)?;
                }
            }
            EntryType::Symlink => {
                let link = entry.link_name().context(failed)?.ok_or_else(|| refused("it is a link to nothing"))?;
                if !stays_inside(&link, parent) {
                    return Err(refused("it is a link that points outside"));
                }
                symlink(&link, &path).context(failed)?;
            }
            other => return Err(refused(&format!("it is of type {other:?}"))),
        }
        Ok(())
    }
}

#[cfg(unix)]
fn create(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: u32) -> io::Result<File> {
    File::create_new(path)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn symlink(link: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(link, path)
}

#[cfg(windows)]
fn symlink(link: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(link, path)
}

#[cfg(test)]
mod tests {
    use tar::{Builder, Header};

    use super::super::pack::pack;
    use super::*;

    /// An archive of these entries (name, type, link or text), behind the format's own.
    fn archive(format: &str, entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for (name, kind, text) in [(FORMAT.0, EntryType::Regular, format)].iter().chain(entries) {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            // `set_path` would refuse what is tested here.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            if *kind == EntryType::Regular {
                header.set_size(text.len() as u64);
            } else {
                header.set_size(0);
                header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
            }
            header.set_cksum();
            tar.append(&header, if *kind == EntryType::Regular { text.as_bytes() } else { b"" }).unwrap();
        }
        zstd::encode_all(&*tar.into_inner().unwrap(), 1).unwrap()
    }

    fn error(bytes: &[u8]) -> String {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        fs::create_dir(&target).unwrap();
        let error = unpack(bytes, &target).unwrap_err().full_text();
        let beside: Vec<_> = fs::read_dir(root.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(beside, ["target"], "{error}");
        error
    }

    #[test]
    fn what_leaves_the_folder_is_refused() {
        use EntryType::{Block, Directory, Link, Regular, Symlink};
        for entries in [
            vec![("../x", Regular, "x")],
            vec![("/x", Regular, "x")],
            vec![("a/../../x", Regular, "x")],
            vec![("l", Symlink, "/etc")],
            vec![("l", Symlink, "../..")],
            vec![("l", Symlink, "."), ("l/x", Regular, "x")],
            vec![("d", Directory, ""), ("h", Link, "d")],
            vec![("b", Block, "")],
            vec![("missing/x", Regular, "x")],
            vec![("f", Regular, "x"), ("f/x", Regular, "x")],
            // Not in the order of a walk.
            vec![("a", Directory, ""), ("d", Directory, ""), ("a/x", Regular, "x")],
            vec![
                ("d", Directory, ""),
                ("a", Directory, ""),
                ("a/b", Directory, ""),
                ("a/b/c", Directory, ""),
                ("a/b/c/l", Symlink, "../../.."),
                ("a/b/c/l/d/s", Symlink, "../../../.."),
                ("a/b/c/l/d/s/beside/x", Regular, "x"),
            ],
            // Each leads inside by its letters, the second does not by its way.
            vec![("a", Directory, ""), ("a/l", Symlink, ".."), ("m", Symlink, "a/l/..")],
        ] {
            let error = error(&archive(FORMAT.1, &entries));
            assert!(error.starts_with("refused to unpack "), "{entries:?}: {error}");
        }
    }

    #[test]
    fn other_formats_and_damage_are_told_apart() {
        assert_eq!(error(&archive("2\n", &[])), "the entry is of another format");
        assert_eq!(error(&zstd::encode_all(&[0; 1024][..], 1).unwrap()), "the entry is of another format");
        assert!(error(b"no zstd").starts_with("the entry is damaged"));

        let folder = tempfile::tempdir().unwrap();
        let noise: Vec<u8> = (0..400_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        fs::write(folder.path().join("noise"), noise).unwrap();
        let mut whole = Vec::new();
        pack(folder.path(), &mut whole).unwrap();
        for end in [whole.len() / 2, whole.len() - 1] {
            assert!(error(&whole[..end]).contains("the entry is damaged"), "{end}");
        }
        let middle = whole.len() / 2;
        whole[middle] ^= 1;
        assert!(error(&whole).contains("the entry is damaged"));
    }

    #[test]
    fn a_time_that_no_clock_shows_and_names_and_ends_without_end_harm_nobody() {
        // As a file of before 1970 was once written, and the largest number there is.
        for mtime in [u64::MAX - 86_399, u64::MAX, 1 << 62, i64::MAX as u64] {
            let mut tar = Builder::new(Vec::new());
            for (name, text) in [FORMAT, ("file", "text")] {
                let mut header = Header::new_gnu();
                header.set_size(text.len() as u64);
                header.set_mode(0o644);
                header.set_mtime(mtime);
                tar.append_data(&mut header, name, text.as_bytes()).unwrap();
            }
            let target = tempfile::tempdir().unwrap();
            // A file system may refuse such a time: that is an error, which the caller makes a warning.
            let bytes = zstd::encode_all(&*tar.into_inner().unwrap(), 1).unwrap();
            let _ = unpack(&*bytes, target.path());
            assert_eq!(fs::read(target.path().join("file")).unwrap(), b"text");
        }
        let plain = zstd::decode_all(&*archive(FORMAT.1, &[])).unwrap();
        let endless = plain.iter().copied().chain(std::iter::repeat_n(0, 1 << 22)).collect::<Vec<_>>();
        assert!(error(&zstd::encode_all(&*endless, 1).unwrap()).contains("behind its end"));
        let mut long = Header::new_gnu();
        long.set_entry_type(EntryType::GNULongName);
        long.set_size(1 << 30);
        long.set_cksum();
        let mut bytes = plain.get(..1024).unwrap().to_vec();
        bytes.extend_from_slice(long.as_bytes());
        bytes.resize(1 << 22, b'a');
        assert!(error(&zstd::encode_all(&*bytes, 1).unwrap()).contains("extended headers"));
    }

    #[cfg(unix)]
    #[test]
    fn what_was_packed_comes_back_but_for_links_to_elsewhere() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        use std::time::{Duration, UNIX_EPOCH};
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(from.path().join("a/b")).unwrap();
        let file = from.path().join("a/b/run");
        fs::write(&file, "text").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let long = format!("a/{}", "n".repeat(180));
        fs::write(from.path().join(&long), "").unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        let old = UNIX_EPOCH - Duration::from_secs(86_400);
        fs::write(from.path().join("old"), "").unwrap();
        File::options().write(true).open(from.path().join("old")).unwrap().set_modified(old).unwrap();
        symlink("b/run", from.path().join("a/link")).unwrap();
        symlink("/etc", from.path().join("etc")).unwrap();
        symlink("../..", from.path().join("a/out")).unwrap();
        let mut bytes = Vec::new();
        pack(from.path(), &mut bytes).unwrap();
        unpack(&*bytes, to.path()).unwrap();
        let metadata = to.path().join("a/link").metadata().unwrap();
        assert_eq!((metadata.permissions().mode() & 0o777, metadata.modified().unwrap()), (0o755, time));
        assert!(to.path().join(long).is_file());
        assert_eq!(to.path().join("old").metadata().unwrap().modified().unwrap(), old);
        assert!(to.path().join("etc").symlink_metadata().is_err());
        assert!(to.path().join("a/out").symlink_metadata().is_err());
    }
}
