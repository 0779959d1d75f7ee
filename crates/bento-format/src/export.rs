//! A Bento in a file, as `bentoml export` writes it: an xz-compressed tar named `.bento`, or what the file's name asked for.
//!
//! Source: bentoml 1.4, `exportable.py` and `Bento.export`. An export is the Bento's folder, with the models that it needs
//! from a store below `models/`, laid out as a store keeps them; models of a hub are not in it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use actions_core::action::Cancel;
use actions_core::{Context, Error, Result};
use archive::{BUFFER, Writer, ensure_plain_parents, inside, set_mode, unpack_compressed, unpack_tar};
use flate2::read::GzDecoder;
use lzma_rust2::XzReader;
use zip::ZipArchive;

use crate::BentoInfo;

/// What xz may take of memory, KiB: its highest level needs 65 MiB.
const XZ_MEMORY: u32 = 128 * 1024;
/// What an outline holds of a file, bytes. Manifests, Dockerfiles and scripts are smaller.
const OUTLINE: u64 = 1024 * 1024;
/// Where a tar says that it is one.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

/// Unpacks an exported Bento into a folder that exists and is empty, and reads what it says of itself. The format is told
/// by the contents, whatever the file's name: tar, plain or compressed with xz or gzip, and zip. Its models are
/// then found in the [`Store::at`](crate::Store::at) this folder.
///
/// Blocks; runs up to the next 1 MiB after the job is cancelled.
///
/// # Errors
/// The file cannot be read, is of another format, is damaged, is not a Bento, or holds an entry that would leave the folder, a
/// hard link, a device or a link that points outside. The folder then holds what came before, and is the caller's to remove.
pub fn unpack_export(file: &Path, target: &Path, cancel: &Cancel) -> Result<BentoInfo> {
    export(Writer::below(target), file, target, cancel)
}

/// Unpacks an outline: files of up to a megabyte, and the names and lengths of larger ones.
///
/// # Errors
/// Those of [`unpack_export`].
pub fn outline_export(file: &Path, target: &Path, cancel: &Cancel) -> Result<BentoInfo> {
    export(Writer::below(target).at_most(OUTLINE), file, target, cancel)
}

fn export(mut writer: Writer, file: &Path, target: &Path, cancel: &Cancel) -> Result<BentoInfo> {
    let failed = || format!("failed to unpack {}", file.display());
    let unpacked = File::open(file).context(failed).and_then(|opened| unpack(&mut writer, opened, target, cancel));
    if cancel.is_cancelled() {
        return Err(Error::cancelled());
    }
    unpacked.context(failed)?;
    BentoInfo::read(target).map_err(|_| {
        Error::input(format!("{} holds no Bento: there is no valid bento.yaml at its top", file.display()))
            .hint("Make it by `bentoml export NAME:VERSION FILE`.")
    })
}

fn unpack(writer: &mut Writer, mut file: File, target: &Path, cancel: &Cancel) -> Result<()> {
    let mut head = Vec::new();
    let read = (&mut file).take(512).read_to_end(&mut head).and_then(|_| file.rewind());
    read.context(|| "it cannot be read".into())?;
    let reader = BufReader::with_capacity(BUFFER, Cancellable { inner: file, cancel });
    match head.as_slice() {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            unpack_compressed(writer, XzReader::new_mem_limit(reader, true, XZ_MEMORY), target)
        }
        [0x1f, 0x8b, ..] => unpack_compressed(writer, GzDecoder::new(reader), target),
        [b'P', b'K', 3, 4, ..] => unpack_zip(writer, reader, target),
        [b'B', b'Z', b'h', ..] => Err(Error::input("it is compressed with bzip2, which is not read here")
            .hint("Export it as .bento, .tar, .tar.xz, .tar.gz or .zip.")),
        tar if tar.get(TAR_MAGIC) == Some(b"ustar") => unpack_tar(writer, reader, target).map(drop),
        _ => Err(Error::input("it is none of .bento, .tar, .tar.xz, .tar.gz and .zip")
            .hint("Make it by `bentoml export NAME:VERSION FILE`.")),
    }
}

fn unpack_zip(writer: &mut Writer, reader: impl Read + Seek, target: &Path) -> Result<()> {
    let broken = || "the archive is broken".to_owned();
    let mut archive = ZipArchive::new(reader).context(broken)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).context(broken)?;
        let name = entry.name().context(broken)?.into_owned();
        let refused = |why: &str| {
            Error::failure(format!("refused to unpack {name}: {why}"))
                .hint("Whoever made it may have tampered with it; make it again on a trusted machine.")
        };
        if name.contains(['\\', '\0']) {
            return Err(refused("its name is none that Python writes"));
        }
        let relative = inside(Path::new(&name)).ok_or_else(|| refused("it would leave the target"))?;
        // Python follows links when it writes a zip.
        if entry.is_symlink() {
            return Err(refused("links have no place in such an archive"));
        }
        let path = target.join(&relative);
        let failed = || format!("failed to write {}", path.display());
        let folders = ensure_plain_parents(target, &relative).map_err(|why| refused(&why))?;
        writer.entry(folders).context(failed)?;
        if entry.is_dir() {
            fs::create_dir_all(&path).context(failed)?;
        } else {
            writer.write(&mut entry, &path)?;
        }
        if !relative.as_os_str().is_empty() {
            set_mode(&path, entry.unix_mode().unwrap_or(0o644)).context(failed)?;
        }
    }
    Ok(())
}

/// Ends with an error once the job is cancelled.
struct Cancellable<'a> {
    inner: File,
    cancel: &'a Cancel,
}

impl Read for Cancellable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        self.inner.read(buffer)
    }
}

impl Seek for Cancellable<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    const MANIFEST: &str = "name: a\nversion: v1\ncreation_time: '2026-01-02T03:04:05+00:00'\n";

    fn unpacked(bytes: &[u8]) -> Result<BentoInfo, String> {
        let outer = tempfile::tempdir().unwrap();
        let (file, target) = (outer.path().join("file"), outer.path().join("target"));
        fs::write(&file, bytes).unwrap();
        fs::create_dir(&target).unwrap();
        let info = unpack_export(&file, &target, &Cancel::default()).map_err(|error| error.full_text());
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 2, "something left the target");
        info
    }

    fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, content) in entries {
            match name.strip_prefix("link:") {
                Some(name) => writer.add_symlink(name, *content, SimpleFileOptions::default()).unwrap(),
                None => {
                    writer.start_file(*name, SimpleFileOptions::default()).unwrap();
                    writer.write_all(content.as_bytes()).unwrap();
                }
            }
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_no_export_says_what_is() {
        let nothing = unpacked(b"").unwrap_err();
        assert!(nothing.contains("none of .bento, .tar") && nothing.contains("bentoml export"), "{nothing}");
        assert!(unpacked(b"BZh91AY").unwrap_err().contains(".tar.xz, .tar.gz or .zip"));
        assert!(unpacked(&[0xfd, b'7', b'z', b'X', b'Z', 0, 0, 4]).unwrap_err().contains("broken"));
        assert!(unpacked(&zip(&[("README.md", "x")])).unwrap_err().contains("holds no Bento"));
    }

    #[test]
    fn a_zip_stays_inside() {
        let good = unpacked(&zip(&[("bento.yaml", MANIFEST), ("src/a.py", "x")])).unwrap();
        assert_eq!(good.tag.to_string(), "a:v1");
        for name in ["../evil", "/tmp/evil", "a/../../evil", "..\\evil", "link:evil"] {
            let error = unpacked(&zip(&[("bento.yaml", MANIFEST), (name, "/etc/passwd")])).unwrap_err();
            assert!(error.contains("refused to unpack"), "{name}: {error}");
        }
    }

    #[test]
    fn an_outline_holds_small_files_whole_and_of_large_ones_the_length() {
        let large = "x".repeat(3_000_000);
        let folder = tempfile::tempdir().unwrap();
        let (file, target) = (folder.path().join("file"), folder.path().join("target"));
        fs::write(&file, zip(&[("bento.yaml", MANIFEST), ("large", &large), ("src/a.py", "x = 1")])).unwrap();
        fs::create_dir(&target).unwrap();
        let info = outline_export(&file, &target, &Cancel::default()).unwrap();
        assert_eq!(
            (info.tag.to_string().as_str(), fs::read(target.join("src/a.py")).unwrap()),
            ("a:v1", b"x = 1".to_vec())
        );
        let outlined = fs::read(target.join("large")).unwrap();
        assert_eq!((outlined.len(), outlined.last()), (3_000_000, Some(&0)));
    }

    #[test]
    fn a_cancelled_job_unpacks_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, zip(&[("bento.yaml", MANIFEST)])).unwrap();
        let cancel = Cancel::default();
        cancel.cancel();
        let error = unpack_export(&file, folder.path(), &cancel).unwrap_err();
        assert_eq!(error.cause(), actions_core::Cause::Cancelled);
        assert!(!folder.path().join("bento.yaml").exists());
    }
}
