//! Room on a file system.

use std::path::{Path, PathBuf};

use crate::{Context, Error, Result};

/// The bytes that this user may still write where a path is, or will be.
///
/// # Errors
/// No folder above the path can be asked.
pub fn free(path: &Path) -> Result<u64> {
    let path = std::path::absolute(path).context(|| format!("{} is not a valid path", path.display()))?;
    let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(&path);
    fs4::available_space(there).context(|| format!("cannot ask how much room is left at {}", there.display()))
}

/// Makes sure that there is room. Where the system does not tell, it is taken for granted.
///
/// # Errors
/// There is less; `what` says in a sentence what the bytes are for.
pub fn require(path: &Path, bytes: u64, what: &str) -> Result<()> {
    let free = match free(path) {
        Ok(free) => free,
        Err(error) => {
            tracing::debug!("{}", error.full_text());
            return Ok(());
        }
    };
    if free >= bytes {
        return Ok(());
    }
    let (needed, left) = (readable(bytes), readable(free));
    Err(Error::failure(format!("{what} needs {needed}, and {} has {left} left", path.display())).hint(
        "Free some room: remove old items with `bentoml delete` or `docker system prune`, or what the runner's image \
         brings and the job does not use.",
    ))
}

/// How much more is written before the room is looked at again, bytes.
const STRIDE: u64 = 64 * 1024 * 1024;
/// What is left free, bytes: a machine without any room fails in ways that say nothing.
const RESERVE: u64 = 64 * 1024 * 1024;

/// What an entry of a folder takes of the disk beside its contents, bytes.
const ENTRY: u64 = 4096;

/// Room that something of unknown size takes, such as what an archive unpacks to: looked at while it grows.
#[derive(Debug)]
pub struct Growth {
    path: PathBuf,
    /// The bytes that were written since the last look.
    written: u64,
}

impl Growth {
    /// Nothing yet, below this path.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), written: 0 }
    }

    /// So many entries of a folder more: each takes a block of the disk, and a name.
    ///
    /// # Errors
    /// Those of [`Self::add`].
    pub fn add_entries(&mut self, count: u64) -> Result<()> {
        self.add(count.saturating_mul(ENTRY))
    }

    /// The bytes written since the free space was last looked up.
    pub fn since_look(&self) -> u64 {
        self.written
    }

    /// So many bytes more.
    ///
    /// # Errors
    /// The file system is all but full.
    pub fn add(&mut self, bytes: u64) -> Result<()> {
        self.written = self.written.saturating_add(bytes);
        if self.written < STRIDE {
            return Ok(());
        }
        self.written = 0;
        self.look(free(&self.path))
    }

    fn look(&self, free: Result<u64>) -> Result<()> {
        match free {
            Ok(free) if free < RESERVE => Err(Error::failure(format!(
                "{} has {} left, and more is to come",
                self.path.display(),
                readable(free)
            ))
            .hint(
                "Free some room. If what is unpacked should be small, it may be made to fill the disk: do not use it.",
            )),
            _ => Ok(()),
        }
    }
}

/// A size for people, in units of 1024.
pub fn readable(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let Some((size, unit)) = units.into_iter().find(|(size, _)| bytes >= *size) else { return format!("{bytes} B") };
    // A tenth more or less says nothing here.
    #[expect(clippy::cast_precision_loss, reason = "only one decimal is shown")]
    let value = bytes as f64 / size as f64;
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_yet_is_asked_above() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not/there");
        assert!(free(&path).unwrap() > 0);
        require(&path, 1, "a test").unwrap();
        let error = require(&path, u64::MAX, "the model m").unwrap_err();
        let text = error.full_text();
        assert!(text.starts_with("the model m needs 16777216.0 TiB, and "), "{text}");
        assert!(text.contains("not/there has") && text.contains("bentoml delete"), "{text}");
    }

    #[test]
    fn what_grows_ends_before_the_disk_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let mut growth = Growth::at(folder.path());
        growth.add(STRIDE - 1).unwrap();
        assert_eq!(growth.written, STRIDE - 1);
        growth.add(u64::MAX).unwrap();
        assert_eq!(growth.written, 0, "it was looked at");
        let error = growth.look(Ok(RESERVE - 1)).unwrap_err().full_text();
        assert!(error.contains("64.0 MiB left") && error.contains("Free some room"), "{error}");
        growth.look(Err(Error::failure("the system does not say"))).unwrap();
    }

    #[test]
    fn sizes_are_readable() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536 << 20, "1.5 GiB"), (5 << 50, "5120.0 TiB")];
        for (bytes, text) in cases {
            assert_eq!(readable(bytes), text);
        }
    }
}
