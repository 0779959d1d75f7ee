//! The files of a project that a Bento could take.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use actions_core::{Context as _, Result};

/// Folders that no Bento takes, and the only file.
const NEVER: [&str; 4] = [".git", ".venv", "venv", "__pycache__"];
const NEVER_FILE: &str = ".DS_Store";
const IGNORE_FILE: &str = ".bentoignore";
/// Where the bytes of a name that are not UTF-8 go: Python has characters of its own for them, which a text cannot hold.
const FOREIGN: u32 = 0xf700;

/// A file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its path, counted from the project.
    pub(crate) path: PathBuf,
    /// The same as a text with `/` between its parts, for patterns.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What stands under a name. A link to a folder is not there for BentoML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    /// A link to a file, which stays one in the Bento.
    Link,
    /// A link to nothing, or to itself.
    DeadLink,
    /// A socket, a pipe, a device.
    Special,
}

/// All files of a project, sorted by name, but for those that no Bento takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Found>,
    /// Every `.bentoignore` with its folder, which ends with `/` or is empty for the project itself.
    pub(crate) ignore_files: Vec<(String, PathBuf)>,
}

impl Listing {
    /// Lists a project. Folders below it that cannot be read are passed over, as Python's `os.walk` does.
    ///
    /// # Errors
    /// The project's own folder cannot be read.
    pub(crate) fn of(context: &Path) -> Result<Self> {
        fs::read_dir(context).context(|| format!("failed to read {}", context.display()))?;
        let mut listing = Self::default();
        let mut pending = vec![(PathBuf::new(), String::new())];
        while let Some((folder, above)) = pending.pop() {
            for entry in fs::read_dir(context.join(&folder)).into_iter().flatten().flatten() {
                let (file_name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
                let (path, name) = (folder.join(&file_name), format!("{above}{}", text_of(&file_name)));
                if kind.is_dir() {
                    if !NEVER.iter().any(|never| file_name == **never) {
                        pending.push((path, name + "/"));
                    }
                    continue;
                }
                let kind = match kind.is_symlink().then(|| fs::metadata(entry.path())) {
                    Some(Ok(target)) if target.is_dir() => continue,
                    Some(Ok(_)) => Kind::Link,
                    Some(Err(_)) => Kind::DeadLink,
                    None if kind.is_file() => Kind::File,
                    None => Kind::Special,
                };
                if file_name == IGNORE_FILE && matches!(kind, Kind::File | Kind::Link) {
                    listing.ignore_files.push((above.clone(), entry.path()));
                }
                if file_name != NEVER_FILE {
                    listing.files.push(Found { path, name, kind });
                }
            }
        }
        listing.files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        listing.ignore_files.sort_unstable();
        Ok(listing)
    }
}

/// A name as a text: each byte that is not UTF-8 is one character, as in Python.
fn text_of(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        let foreign = chunk.invalid().iter().map(|byte| FOREIGN.saturating_add(u32::from(*byte)));
        text.extend(foreign.filter_map(char::from_u32));
    }
    text
}
