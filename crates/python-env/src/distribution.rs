//! What is installed in an environment, read from its files: a Python that lists them takes as long as ten of these.

use std::fs;
use std::path::{Path, PathBuf};

use pep440_rs::Version;

/// An installed distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Its version.
    pub version: Version,
    /// Its `.dist-info` or `.egg-info` folder.
    pub metadata: PathBuf,
}

impl Distribution {
    /// The distribution of this normalized name that Python would find first in these folders (its `sys.path`).
    ///
    /// Source: packaging.python.org, "Recording installed projects" and "Core metadata". Metadata that cannot be read
    /// counts as absent, as for Python itself.
    pub fn find(name: &str, folders: &[PathBuf]) -> Option<Self> {
        folders.iter().find_map(|folder| Self::in_folder(name, folder))
    }

    /// The names of its extras, as its metadata lists them.
    pub fn extras(&self) -> Vec<String> {
        let text = text(&self.metadata).unwrap_or_default();
        fields(&text, "provides-extra").map(str::to_owned).collect()
    }

    fn in_folder(name: &str, folder: &Path) -> Option<Self> {
        let entries = fs::read_dir(folder).ok()?.flatten();
        entries.filter(|entry| belongs_to(&entry.file_name().to_string_lossy(), name)).find_map(|entry| {
            let metadata = entry.path();
            let version = fields(&text(&metadata)?, "version").next()?.parse().ok()?;
            Some(Self { version, metadata })
        })
    }
}

/// `bentoml-1.4.39.dist-info`, `bentoml.egg-info`, `bentoml-1.4.39-py3.11.egg-info`.
fn belongs_to(folder: &str, name: &str) -> bool {
    let stem = folder.strip_suffix(".dist-info").or_else(|| folder.strip_suffix(".egg-info"));
    stem.and_then(|stem| stem.split('-').next()).is_some_and(|first| normalize(first) == normalize(name))
}

/// Names are the same when they differ in case, `-`, `_` and `.` only.
fn normalize(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

fn text(metadata: &Path) -> Option<String> {
    ["METADATA", "PKG-INFO"].iter().find_map(|file| actions_core::text::read(&metadata.join(file)).ok())
}

/// The values of a header.
fn fields<'a>(metadata: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let headers = metadata.lines().take_while(|line| !line.is_empty());
    let fields = headers.filter_map(|line| line.split_once(':'));
    fields.filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_with_readable_metadata_counts() {
        let root = tempfile::tempdir().unwrap();
        let metadata = |folder: &str, text: &str| {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("METADATA"), text).unwrap();
        };
        metadata("a/bentoml_extras-9.dist-info", "Version: 9\n");
        metadata("b/bentoml-1.dist-info", "no version\n\nVersion: 1\n");
        metadata("c/BentoML-1.4.39.dist-info", "Metadata-Version: 2.4\nName: bentoml\nVersion: 1.4.39\n\nVersion: 2\n");
        let folders: Vec<_> = ["missing", "a", "b", "c"].iter().map(|name| root.path().join(name)).collect();
        let found = Distribution::find("bentoml", &folders).unwrap();
        assert_eq!(found.version.to_string(), "1.4.39");
        assert_eq!(Distribution::find("bentoml", &folders[..3]), None);
    }
}
