//! The note beside a tool that says which one was installed.
//!
//! It is removed before an installation and written after it, so a tool whose installation was cut short is never taken
//! for a whole one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The stamp of one tool.
pub(super) struct Stamp(PathBuf);

impl Stamp {
    /// The stamp of the tool `name` in the tools folder.
    pub(super) fn of(folder: &Path, name: &str) -> Self {
        Self(folder.join(format!(".{name}.stamp")))
    }

    /// Whether what stands there was installed for the same wish.
    pub(super) fn says(&self, wanted: &str) -> bool {
        std::fs::read_to_string(&self.0).is_ok_and(|text| text == wanted)
    }

    pub(super) fn remove(&self) -> Result<()> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("could not remove {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn write(&self, wanted: &str) -> Result<()> {
        let half = self.0.with_extension("new");
        std::fs::write(&half, wanted)
            .and_then(|()| std::fs::rename(&half, &self.0))
            .with_context(|| format!("could not write {}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_answers_only_to_the_wish_it_was_written_for() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let stamp = Stamp::of(folder.path(), "venv");
        assert!(!stamp.says("bentoml 1"), "nothing is installed yet");
        stamp.write("bentoml 1").expect("write");
        assert!(stamp.says("bentoml 1"));
        assert!(!stamp.says("bentoml 2"), "another version is wanted now");
        stamp.remove().expect("remove");
        stamp.remove().expect("removing twice is not an error");
        assert!(!stamp.says("bentoml 1"));
    }
}
