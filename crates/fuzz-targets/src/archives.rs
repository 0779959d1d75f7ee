//! What unpacks archives.

use std::io::Write;
use std::path::Path;

use arbitrary::{Arbitrary, Result, Unstructured};
use tar::{Builder, EntryType, Header};

/// An archive of a Bento or a model.
pub(crate) fn bento(data: &[u8]) {
    try_to_unpack(data, |archive, target| drop(archive::unpack(archive, target)));
}

/// An entry of the cache: the same under zstd.
pub(crate) fn cache_entry(data: &[u8]) {
    try_to_unpack(data, |archive, target| {
        let packed = zstd::encode_all(archive, 1).expect("memory");
        drop(actions_cache::fuzzing::unpack_cache_entry(&packed, target));
    });
    try_to_unpack(data, |archive, target| drop(actions_cache::fuzzing::unpack_cache_entry(archive, target)));
}

/// Unpacks the input itself, or an archive that is described by it; nothing may appear beside the target.
fn try_to_unpack(data: &[u8], unpack: impl Fn(&[u8], &Path)) {
    let mut input = Unstructured::new(data);
    let archive = match input.arbitrary() {
        Ok(true) => described(&mut input).unwrap_or_default(),
        _ => input.take_rest().to_vec(),
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (target, outside) = (folder.path().join("target"), folder.path().join("outside"));
    std::fs::create_dir(&target).expect("a folder");
    std::fs::write(&outside, "untouched").expect("a file");
    unpack(&archive, &target);
    assert_eq!(std::fs::read(&outside).expect("it is there"), b"untouched");
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        2,
        "something was written beside the target"
    );
}

/// Names that an archive may use to leave its folder, or to meet itself.
const NAMES: &[&str] = &[
    "a",
    "b",
    "a/b",
    "a/b/c",
    "./a",
    "../outside",
    "a/../../outside",
    "/tmp",
    ".",
    "..",
    "",
    "a/",
    "a//b",
    "A",
    "é",
    "a\\b",
    "bento.yaml",
    "models/m/latest",
    "..\\outside",
    "C:\\outside",
];

/// A tar archive whose headers say anything, with right checksums.
fn described(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    while !input.is_empty() {
        let contents = <&[u8]>::arbitrary(input)?;
        let size = if input.ratio(1, 8)? { input.arbitrary()? } else { contents.len() as u64 };
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::new(*input.choose(b"0012354567gLKxxgSVN")?));
        set_text(&mut header.as_old_mut().name, name(input)?.as_bytes());
        set_text(&mut header.as_old_mut().linkname, name(input)?.as_bytes());
        header.set_size(size);
        header.set_mode(input.arbitrary()?);
        header.set_mtime(if input.ratio(1, 4)? { u64::MAX } else { input.arbitrary()? });
        header.set_cksum();
        let out = archive.get_mut();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(contents);
        let rest = contents.len() % 512;
        if rest != 0 {
            out.write_all(&vec![0; 512 - rest]).expect("memory");
        }
    }
    Ok(archive.into_inner().expect("memory"))
}

fn set_text(field: &mut [u8], text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
}

/// A name that means something, or any text.
fn name(input: &mut Unstructured<'_>) -> Result<String> {
    if input.ratio(3, 4)? { input.choose(NAMES).map(|name| (*name).to_owned()) } else { input.arbitrary() }
}
