//! A build context as a tar that is made while it is sent: nothing of it is written to a disk or kept in memory.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use actions_core::action::Cancel;
use actions_core::{Context as _, Error, Result, text};
use archive::Bound;
use bytes::Bytes;
use futures_util::{Stream, stream};
use huggingface::Entry;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

use super::ignore::Ignore;

/// What is sent at a time, bytes.
const CHUNK: usize = 128 * 1024;
/// Chunks that may wait for the engine.
const WAITING: usize = 8;
/// Deeper than this a tree is taken for a link that leads back into itself.
const DEEPEST: usize = 64;
/// The rules of what is left out, which the engine applies to these two files only.
const RULES: &str = ".dockerignore";

/// What is in a context besides a folder.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The folder; what its `.dockerignore` names is left out.
    pub(crate) folder: PathBuf,
    /// Names at the top of the folder that are left out.
    pub(crate) without: Vec<&'static str>,
    /// The Dockerfile as used, which the image does not get.
    pub(crate) dockerfile: (&'static str, String),
    /// More. A file of this machine may be a folder with all below; links in it are followed, modes are 0755 and 0644.
    pub(crate) entries: Vec<Entry>,
}

impl Contents {
    /// The tar, as it is made by a thread of its own. Dropping the stream ends the thread.
    pub(crate) fn stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let (chunks, received) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let failed = chunks.clone();
            if let Err(error) = self.write(Sink { chunks, chunk: Vec::with_capacity(CHUNK) }) {
                // Where nobody listens any more, that is the error.
                let _ = failed.blocking_send(Err(error));
            }
        });
        stream::unfold(received, |mut received| async move { received.recv().await.map(|chunk| (chunk, received)) })
    }

    fn write(self, sink: Sink) -> io::Result<()> {
        let mut tar = Builder::new(sink);
        let own = text::read_if_there(&self.folder.join(RULES)).map_err(failed)?;
        let ignore = Ignore::parse(own.as_deref().unwrap_or_default()).map_err(failed)?;
        let (name, text) = &self.dockerfile;
        let mut rules = format!("{}\n{name}\n", own.as_deref().unwrap_or_default());
        if own.is_none() {
            rules.push_str(RULES);
        }
        file(&mut tar, name, text.as_bytes())?;
        file(&mut tar, RULES, rules.as_bytes())?;
        self.below(&mut tar, Path::new(""), &ignore)?;
        // A stream that nobody reads any more ends by itself.
        let mut bound = Bound::new(&Cancel::default());
        for entry in &self.entries {
            match entry {
                Entry::Folder(path) => folder(&mut tar, Path::new(path), None)?,
                Entry::File(path, from) => tree(&mut tar, from, Path::new(path), 0, &mut bound)?,
                Entry::Text(path, text) => file(&mut tar, path, text.as_bytes())?,
                Entry::Link(path, to) => {
                    tar.append_link(&mut header(EntryType::Symlink, 0o777, 0, None), path, to)?;
                }
            }
        }
        tar.into_inner()?.flush()
    }

    fn below(&self, tar: &mut Builder<Sink>, relative: &Path, ignore: &Ignore) -> io::Result<()> {
        for name in sorted(&self.folder.join(relative))? {
            let path = relative.join(&name);
            let at_top = relative.as_os_str().is_empty();
            if at_top && (path == Path::new(RULES) || self.without.iter().any(|without| path == Path::new(without))) {
                continue;
            }
            let from = self.folder.join(&path);
            let meta = fs::symlink_metadata(&from)?;
            let out = ignore.leaves_out(&path);
            if meta.is_dir() {
                if !out {
                    folder(tar, &path, Some(&meta))?;
                }
                if !out || ignore.has_exceptions() {
                    self.below(tar, &path, ignore)?;
                }
            } else if out {
            } else if meta.is_symlink() {
                let mut header = header(EntryType::Symlink, 0o777, 0, Some(&meta));
                tar.append_link(&mut header, &path, fs::read_link(&from)?)?;
            } else if meta.is_file() {
                contents(tar, &from, &path, mode(&meta, 0o644))?;
            }
        }
        Ok(())
    }
}

/// The names at the top of a folder that get into a context, folders apart from files.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn top_of(root: &Path, without: &[&str]) -> Result<(Vec<String>, Vec<String>)> {
    let failed = || format!("failed to read {}", root.display());
    let own = text::read_if_there(&root.join(RULES))?.unwrap_or_default();
    let ignore = Ignore::parse(&own)?;
    let names = sorted(root).context(failed)?.into_iter().filter_map(|name| name.into_string().ok());
    let kept = names.filter(|name| !without.contains(&name.as_str()) && sends(root, Path::new(name), &ignore));
    Ok(kept.partition(|name| root.join(name).is_dir()))
}

/// Does anything of this come into the context? Of a folder that is left out, what an exception keeps.
fn sends(root: &Path, path: &Path, ignore: &Ignore) -> bool {
    let below = || sorted(&root.join(path)).into_iter().flatten().any(|name| sends(root, &path.join(name), ignore));
    // A link is not followed, as in the context itself.
    let is_folder = || fs::symlink_metadata(root.join(path)).is_ok_and(|meta| meta.is_dir());
    !ignore.leaves_out(path) || (ignore.has_exceptions() && is_folder() && below())
}

fn sorted(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn failed(error: Error) -> io::Error {
    io::Error::other(error.full_text())
}

fn tree(tar: &mut Builder<Sink>, from: &Path, path: &Path, depth: usize, bound: &mut Bound) -> io::Result<()> {
    bound.count(from).map_err(failed)?;
    let meta = fs::metadata(from)?;
    if meta.is_file() {
        let run = mode(&meta, 0o644) & 0o100 != 0;
        return contents(tar, from, path, if run { 0o755 } else { 0o644 });
    }
    if !meta.is_dir() || depth > DEEPEST {
        return Err(io::Error::other(format!("{} is neither file nor folder, or contains itself", from.display())));
    }
    folder(tar, path, None)?;
    sorted(from)?
        .into_iter()
        .try_for_each(|name| tree(tar, &from.join(&name), &path.join(&name), depth.saturating_add(1), bound))
}

fn contents(tar: &mut Builder<Sink>, from: &Path, path: &Path, mode: u32) -> io::Result<()> {
    let file = File::open(from)?;
    let meta = file.metadata()?;
    let mut header = header(EntryType::Regular, mode, meta.len(), Some(&meta));
    let mut counted = Counted { inner: file.take(meta.len()), left: meta.len() };
    tar.append_data(&mut header, path, &mut counted)?;
    if counted.left == 0 {
        return Ok(());
    }
    Err(io::Error::other(format!("{} became shorter while it was being sent", from.display())))
}

fn folder(tar: &mut Builder<Sink>, path: &Path, meta: Option<&Metadata>) -> io::Result<()> {
    let mode = meta.map_or(0o755, |meta| mode(meta, 0o755));
    tar.append_data(&mut header(EntryType::Directory, mode, 0, meta), path, io::empty())
}

fn file(tar: &mut Builder<Sink>, path: &str, contents: &[u8]) -> io::Result<()> {
    tar.append_data(&mut header(EntryType::Regular, 0o644, contents.len() as u64, None), path, contents)
}

fn header(kind: EntryType, mode: u32, size: u64, meta: Option<&Metadata>) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    let time = meta.and_then(|meta| meta.modified().ok()).and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    header.set_mtime(time.map_or(0, |time| time.as_secs()));
    header
}

#[cfg(unix)]
fn mode(meta: &Metadata, _: u32) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_: &Metadata, otherwise: u32) -> u32 {
    otherwise
}

/// Knows whether all that was announced has come.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

/// Hands chunks over; it waits while the engine has enough.
struct Sink {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    chunk: Vec<u8>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        if chunk.is_empty() {
            return Ok(());
        }
        self.chunks.blocking_send(Ok(chunk.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_multiply_neither_a_model_nor_the_look_for_exceptions() {
        use std::os::unix::fs::symlink;
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a");
        fs::create_dir(&folder).unwrap();
        symlink(".", folder.join("x")).unwrap();
        symlink(".", folder.join("y")).unwrap();
        let (chunks, _received) = mpsc::channel(WAITING);
        let mut tar = Builder::new(Sink { chunks, chunk: Vec::new() });
        let mut bound = Bound::of(30, &Cancel::default());
        let error = tree(&mut tar, &folder, Path::new("m"), 0, &mut bound).unwrap_err();
        assert!(error.to_string().contains("more than 30"), "{error}");
        // What a link names is not sent, so no exception keeps it.
        fs::write(folder.join("kept"), "").unwrap();
        fs::write(outer.path().join(RULES), "a\n!a/x/y/kept\n").unwrap();
        assert_eq!(top_of(outer.path(), &[]).unwrap().0, Vec::<String>::new());
    }

    #[test]
    fn rules_that_are_not_text_are_named_and_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(RULES), b"caf\xe9/\n").unwrap();
        let error = top_of(folder.path(), &[]).unwrap_err();
        let text = error.full_text();
        assert!(error.cause() == actions_core::Cause::Input && text.contains(".dockerignore cannot be read"), "{text}");
    }
}
