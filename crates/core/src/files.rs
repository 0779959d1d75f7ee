//! Files that only this user may read.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::{Context as _, Result};

/// Writes a new file that only this user may read.
///
/// # Errors
/// It exists, or cannot be written.
pub fn write_private(file: &Path, contents: &[u8]) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut file| file.write_all(contents));
    written.context(|| format!("failed to write {}", file.display()))
}
