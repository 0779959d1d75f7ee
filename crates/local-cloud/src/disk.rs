//! Files of the data directory: written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StartError;

/// Writes `value` as JSON beside `path` and moves it there, so that a reader, or a restart after a crash, sees the
/// old or the new content. Readable by the owner only: records hold environment variables of Deployments.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(value)?)?;
    file.write_all(b"\n")?;
    file.sync_data()?;
    fs::rename(&temporary, path)
}

/// Reads what [`write_json`] wrote; `None` when there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StartError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StartError::File { attempt: "read", path: path.to_owned(), source }),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| StartError::Record { path: path.to_owned(), source })
}

/// Every record (`*.json`) of a directory.
pub(crate) fn read_all<T: DeserializeOwned>(directory: &Path) -> Result<Vec<T>, StartError> {
    let entries = fs::read_dir(directory).map_err(|source| StartError::File {
        attempt: "list",
        path: directory.to_owned(),
        source,
    })?;
    let mut records = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json")
            && let Some(record) = read_json(&path)?
        {
            records.push(record);
        }
    }
    Ok(records)
}

/// Creates a directory and its parents; new ones are open to the owner only.
pub(crate) fn create_dir(path: &Path) -> Result<(), StartError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| StartError::File { attempt: "create", path: path.to_owned(), source })
}
