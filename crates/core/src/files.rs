//! Files and folders that only this user may read.

use std::fs;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

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

/// Makes a new temporary folder that only this user may enter, removed when dropped. The one place that makes any: the
/// umask would let others read what is in it.
///
/// # Errors
/// `root` takes no folder.
pub fn temp_dir(prefix: &str, root: &Path) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    #[expect(clippy::disallowed_methods, reason = "every other place makes its temporary folders through this one")]
    let made = builder.tempdir_in(root);
    made.context(|| format!("failed to make a temporary folder in {}", root.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn temporary_folders_and_private_files_are_the_owner_s_alone() {
        let root = tempfile::tempdir().unwrap();
        let folder = temp_dir("x-", root.path()).unwrap();
        let file = folder.path().join("secret");
        write_private(&file, b"s").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder.path()), mode(&file)), (0o700, 0o600));
        assert!(write_private(&file, b"again").is_err());
    }
}
