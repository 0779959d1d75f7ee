//! Packing a folder: tar, compressed with zstd, its first entry saying which format it is.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use archive::stays_inside;
use tar::{Builder, EntryType, Header};
use zstd::Encoder;

use super::time;

/// The first entry of an archive, and what it holds.
pub(super) const FORMAT: (&str, &str) = (".bento-actions-cache", "1\n");
/// Fast: a job waits for it, and a level more saves a few per cent.
const LEVEL: i32 = 1;

/// Writes the folder's archive. Links to places outside it are left out: an entry must not depend on where it comes from.
pub(super) fn pack(folder: &Path, out: impl Write) -> io::Result<()> {
    let mut encoder = Encoder::new(out, LEVEL)?;
    // Damage is found while it is unpacked, not when the job fails in strange ways.
    encoder.include_checksum(true)?;
    let mut tar = Builder::new(encoder);
    let mut header = Header::new_gnu();
    header.set_size(FORMAT.1.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, FORMAT.0, FORMAT.1.as_bytes())?;
    add(&mut tar, folder, Path::new(""))?;
    tar.into_inner()?.finish()?.flush()
}

fn add(tar: &mut Builder<impl Write>, root: &Path, relative: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(root.join(relative))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = relative.join(entry.file_name());
        let kind = entry.file_type()?;
        let mut header = Header::new_gnu();
        let metadata = entry.metadata()?;
        header.set_metadata(&metadata);
        if let Ok(modified) = metadata.modified() {
            time::write(&mut header, modified);
        }
        // Whoever unpacks it becomes the owner.
        header.set_uid(0);
        header.set_gid(0);
        if kind.is_dir() {
            header.set_size(0);
            tar.append_data(&mut header, &name, io::empty())?;
            add(tar, root, &name)?;
        } else if kind.is_symlink() {
            let link = fs::read_link(entry.path())?;
            if stays_inside(&link, relative) {
                header.set_entry_type(EntryType::Symlink);
                header.set_size(0);
                tar.append_link(&mut header, &name, &link)?;
            }
        } else if kind.is_file() {
            tar.append_data(&mut header, &name, fs::File::open(entry.path())?)?;
        }
    }
    Ok(())
}
