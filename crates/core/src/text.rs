//! Files that hold text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::{Error, Location, Result};

/// The longest file of text that is read, bytes: those that people write are smaller by far.
pub const LONGEST: u64 = 16 * 1024 * 1024;

/// Reads a file of the user's that has to be text in UTF-8, of at most 16 MiB.
///
/// # Errors
/// It cannot be read, is longer, or is not UTF-8: [`Cause::Input`](crate::Cause), with the file, the line where that is known, and the
/// encoding that it looks like.
pub fn read(file: &Path) -> Result<String> {
    let bytes = bytes(file, LONGEST).map_err(|error| unreadable(file, error))?;
    decode(within(bytes, file, LONGEST)?, file)
}

/// The same of a file that need not be there: `None` where it is not.
///
/// # Errors
/// As of [`read`].
pub fn read_if_there(file: &Path) -> Result<Option<String>> {
    read_if_there_up_to(file, LONGEST)
}

/// The same with another limit, bytes.
///
/// # Errors
/// As of [`read`].
pub fn read_if_there_up_to(file: &Path, limit: u64) -> Result<Option<String>> {
    bytes_if_there(file, limit)?.map(|bytes| decode(bytes, file)).transpose()
}

/// What a file holds, where it is there, for who decodes it: at most so many bytes.
///
/// # Errors
/// It cannot be read, or is longer.
pub fn bytes_if_there(file: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    match bytes(file, limit) {
        Ok(bytes) => within(bytes, file, limit).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(file, error)),
    }
}

fn unreadable(file: &Path, error: io::Error) -> Error {
    Error::input(format!("failed to read {}", file.display()))
        .hint("It must be a file that this user may read.")
        .caused_by(error)
}

/// What a file holds, up to one byte more than the limit: a file may be longer than any memory.
fn bytes(file: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn within(bytes: Vec<u8>, file: &Path, limit: u64) -> Result<Vec<u8>> {
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    let limit = crate::disk::readable(limit);
    Err(Error::input(format!("{} is longer than {limit}, the most that is read of such a file", file.display()))
        .hint("Check that it is the file that is meant, and what wrote it."))
}

/// The bytes of this file as text.
///
/// # Errors
/// As of [`read`].
pub fn decode(bytes: Vec<u8>, file: &Path) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| not_text(error.as_bytes(), error.utf8_error().valid_up_to(), file))
}

/// The error of a file whose byte at this offset belongs to no text in UTF-8.
pub fn not_text(bytes: &[u8], offset: usize, file: &Path) -> Error {
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let is_utf_16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let (what, line) = match byte {
        // Its lines cannot be counted by bytes.
        _ if is_utf_16 => ("it is in UTF-16".to_owned(), None),
        0 => ("it holds a byte 0x00, as UTF-16 and binary files do".to_owned(), None),
        _ => {
            let lines = bytes.get(..offset).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
            let line = u32::try_from(lines.saturating_add(1)).ok();
            (format!("the byte 0x{byte:02x} is not UTF-8; is it in Latin-1 or Windows-1252?"), line)
        }
    };
    let hint = match is_utf_16 {
        true => "Save it in UTF-8: in Windows PowerShell with `Set-Content -Encoding utf8`, as its > writes UTF-16.",
        false => "Save it in UTF-8.",
    };
    let at = Location { file: file.to_owned(), line, column: None };
    Error::input(format!("{} cannot be read as text: {what}", file.display())).hint(hint).at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_text_names_itself_and_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requirements.txt");
        for (bytes, line, says) in [
            (&b"\xff\xfei\0d\0n\0a\0"[..], None, "UTF-16"),
            (b"\xfe\xff\0i\0d", None, "UTF-16"),
            (b"idna\n# caf\xe9\n", Some(2), "0xe9 is not UTF-8"),
        ] {
            std::fs::write(&file, bytes).unwrap();
            let error = read(&file).unwrap_err();
            assert_eq!(error.cause(), crate::Cause::Input);
            assert_eq!(error.location().unwrap(), &Location { file: file.clone(), line, column: None });
            assert!(error.to_string().contains(says) && error.to_string().contains("requirements.txt"), "{error}");
        }
        assert!(read_if_there(&file).is_err() && read_if_there(&folder.path().join("none")).unwrap().is_none());
        std::fs::write(&file, "idna # café\n").unwrap();
        assert_eq!(read(&file).unwrap(), "idna # café\n");
    }

    #[test]
    fn a_file_is_not_read_beyond_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let long = |name: &str| {
            let file = folder.path().join(name);
            // A hole: no disk is needed, and reading all of it would take the memory of any machine.
            File::create(&file).unwrap().set_len(1 << 40).unwrap();
            file
        };
        let file = long("requirements.txt");
        for (error, name, limit) in [
            (read(&file).unwrap_err(), "requirements.txt", "16.0 MiB"),
            (read_if_there(&file).unwrap_err(), "requirements.txt", "16.0 MiB"),
        ] {
            let text = error.to_string();
            assert_eq!(error.cause(), crate::Cause::Input, "{text}");
            assert!(text.contains(name) && text.contains(&format!("is longer than {limit}")), "{text}");
        }
    }
}
