//! SHA256SUMS: what `sha256sum --check` reads.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The file's name.
pub(super) const NAME: &str = "SHA256SUMS";

/// Writes the sums of these files, named from `folder`, into it.
///
/// # Errors
///
/// A file cannot be read, or the sums cannot be written.
pub(super) fn write(folder: &Path, files: &[String]) -> Result<()> {
    let mut text = String::new();
    for file in files {
        writeln!(text, "{}  {file}", of(&folder.join(file))?)?;
    }
    let path = folder.join(NAME);
    std::fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
}

/// The sum of one file, in hexadecimal digits.
///
/// # Errors
///
/// It cannot be read.
pub(super) fn of(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
