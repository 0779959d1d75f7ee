//! How much of a tree is gone through. Links to folders are followed, so a tree of a few files may name any number of them.

use std::path::Path;

use actions_core::action::Cancel;
use actions_core::{Error, Result};

/// The most files and folders of one tree.
const MOST_ENTRIES: usize = 1_000_000;

/// What may still be gone through, for as long as the job is not cancelled.
#[derive(Debug, Clone)]
pub struct Bound {
    most: usize,
    left: usize,
    cancel: Cancel,
}

impl Bound {
    /// A million files and folders.
    pub fn new(cancel: &Cancel) -> Self {
        Self::of(MOST_ENTRIES, cancel)
    }

    /// This many files and folders.
    pub fn of(most: usize, cancel: &Cancel) -> Self {
        Self { most, left: most, cancel: cancel.clone() }
    }

    /// Counts one more, before it is looked at.
    ///
    /// # Errors
    /// There are too many, or the job is cancelled.
    pub fn count(&mut self, path: &Path) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let most = self.most;
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            Error::input(format!(
                "{} is in a tree of more than {most} files and folders, links followed",
                path.display()
            ))
            .hint("Remove links to folders from it: each repeats all that is below the folder.")
        })?;
        Ok(())
    }
}
