//! The local store under BENTOML_HOME, laid out and kept as BentoML does.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use actions_core::env;
use actions_core::{Cause, Context, Env, Error, Result, files, text};
use jiff::Timestamp;
use uuid::Uuid;

use super::{BentoInfo, ModelInfo, Tag, expand_variables};
use crate::variables::BENTOML_HOME;

/// The names of folders whose items are on their way into the store.
const INCOMING: &str = "incoming-";
/// Nobody is at such a folder any more.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);
/// Held while `latest` is read and written.
const LOCK: &str = ".bento-actions.lock";
/// It is held for milliseconds; who holds it longer hangs.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// What a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bentos, under `bentos/`.
    Bento,
    /// Models, under `models/`.
    Model,
}

impl Kind {
    /// In a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Bento => "Bento",
            Self::Model => "model",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Bento => "bentos",
            Self::Model => "models",
        }
    }

    /// The file that makes a folder an item of this kind: without it, it was never complete.
    fn manifest(self) -> &'static str {
        match self {
            Self::Bento => "bento.yaml",
            Self::Model => "model.yaml",
        }
    }

    fn is_in(self, folder: &Path) -> bool {
        folder.join(self.manifest()).is_file()
    }

    /// Tag and creation time of the item in a folder.
    fn identify(self, folder: &Path) -> Result<(Tag, Timestamp)> {
        Ok(match self {
            Self::Bento => BentoInfo::read(folder).map(|info| (info.tag, info.creation_time))?,
            Self::Model => ModelInfo::read(folder).map(|info| (info.tag, info.creation_time))?,
        })
    }
}

/// A store: `bentos/`, `models/` and `tmp/` under one folder.
#[derive(Debug, Clone)]
pub struct Store {
    home: PathBuf,
    cancel: Cancel,
}

impl Store {
    /// The store in this folder, which need not exist yet.
    pub fn at(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into(), cancel: Cancel::default() }
    }

    /// The store that BENTOML_HOME names (`${VAR}` and `$VAR` expanded, `~` too), else `~/bentoml`.
    pub fn of(env: &Env) -> Result<Self> {
        let user = || {
            env.path(env::HOME).or_else(|| env.path(env::USERPROFILE)).ok_or_else(|| {
                Error::input("no local store: neither BENTOML_HOME nor HOME is set")
                    .hint("Set BENTOML_HOME to a folder.")
            })
        };
        let Some(value) = env.path(BENTOML_HOME) else { return Ok(Self::at(user()?.join("bentoml"))) };
        // A name that is not UTF-8 is a name too, without variables.
        let Some(value) = value.to_str() else { return Ok(Self::at(value)) };
        let expanded = expand_variables(value, env);
        Ok(Self::at(match expanded.strip_prefix("~/") {
            Some(rest) => user()?.join(rest),
            None => PathBuf::from(expanded),
        }))
    }

    /// The same store, where a relative folder counts from this one: children may run elsewhere.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        Self { home: folder.join(&self.home), ..self }
    }

    /// The same store, in which nobody waits for another process any more once the job is cancelled.
    #[must_use]
    pub fn cancelled_by(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    /// The store's folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The folder of an item with a full tag, there or not.
    pub fn path(&self, kind: Kind, name: &str, version: &str) -> PathBuf {
        self.home.join(kind.folder()).join(name).join(version)
    }

    /// The folder of the item with exactly this tag, if it is there.
    pub fn get(&self, kind: Kind, tag: &Tag) -> Option<PathBuf> {
        Some(self.path(kind, tag.name(), tag.exact_version()?)).filter(|folder| kind.is_in(folder))
    }

    /// Finds an item: by version, by a prefix of it that fits one item only, or the newest for `latest` and no version.
    ///
    /// # Errors
    /// The store cannot be read, a prefix fits several items, or the folder of this version was never complete.
    pub fn find(&self, kind: Kind, tag: &Tag) -> Result<Option<(Tag, PathBuf)>> {
        let name = self.home.join(kind.folder()).join(tag.name());
        let version = match tag.exact_version() {
            Some(version) => version.to_owned(),
            None => match self.latest(kind, &name)? {
                Some(version) => version,
                None => return Ok(None),
            },
        };
        let folder = name.join(&version);
        if kind.is_in(&folder) {
            return Ok(Some((tag.with_version(&version)?, folder)));
        }
        if folder.is_dir() {
            return Err(incomplete(kind, &folder));
        }
        let fits = |known: &String| known.starts_with(&version) && kind.is_in(&name.join(known));
        let mut fitting: Vec<_> = versions(&name)?.into_iter().filter(fits).collect();
        match fitting.len() {
            0 => Ok(None),
            1 => {
                let version = fitting.remove(0);
                Ok(Some((tag.with_version(&version)?, name.join(version))))
            }
            _ => Err(Error::input(format!("{tag} fits several {}s: {}", kind.noun(), fitting.join(", ")))
                .hint("Write more of the version.")),
        }
    }

    /// Puts an item into the store: `fill` writes it into a temporary folder of the store, and only when it is complete
    /// does it get its name. An item that stands there already stays.
    ///
    /// # Errors
    /// The store cannot be written, `fill` fails, what it wrote is not a Bento or model, or its tag is taken. Nothing is left
    /// behind then.
    pub fn insert(&self, kind: Kind, fill: impl FnOnce(&Path) -> Result<()>) -> Result<(Tag, PathBuf)> {
        let staging = self.stage()?;
        fill(staging.path())?;
        self.adopt(kind, staging)
    }

    /// A temporary folder on the store's file system, removed when dropped. What runs that were killed left there more than
    /// a day ago is removed first.
    pub fn stage(&self) -> Result<tempfile::TempDir> {
        let tmp = self.home.join("tmp");
        let unwritable = || format!("failed to write to the local store {}", self.home.display());
        fs::create_dir_all(&tmp).context(unwritable).map_err(hint_store)?;
        remove_abandoned(&tmp);
        files::temp_dir(INCOMING, &tmp).context(unwritable).map_err(hint_store)
    }

    /// As [`Self::adopt`], for an item that came under this tag: one that says otherwise of itself is refused.
    pub fn adopt_as(&self, kind: Kind, staging: tempfile::TempDir, expected: &Tag) -> Result<(Tag, PathBuf)> {
        let (tag, _) = kind.identify(staging.path())?;
        if tag != *expected {
            return Err(Error::failure(format!("what came as {} {expected} calls itself {tag}", kind.noun()))
                .hint("Push it again; whoever pushed it may have tampered with it."));
        }
        self.adopt(kind, staging)
    }

    /// Gives a complete item in a staging folder its name in the store, and updates `latest`. Blocks, for up to 5 s where
    /// another process holds the store's lock and the job is not cancelled.
    ///
    /// # Errors
    /// The store cannot be written, the tag is taken ([`Cause::Exists`](actions_core::Cause)), or the job is cancelled: the store stays as it
    /// is.
    pub fn adopt(&self, kind: Kind, staging: tempfile::TempDir) -> Result<(Tag, PathBuf)> {
        let (tag, created) = kind.identify(staging.path())?;
        let version = tag.version().unwrap_or_default();
        let target = self.path(kind, tag.name(), version);
        let name = self.home.join(kind.folder()).join(tag.name());
        let failed = || format!("failed to save {tag} in the local store {}", self.home.display());
        fs::create_dir_all(&name).context(failed).map_err(hint_store)?;
        share(staging.path()).context(failed)?;
        // A folder never takes the place of one that is not empty, so of two jobs that save the same item one wins.
        fs::rename(staging.path(), &target).map_err(|error| match target.is_dir() {
            true if !kind.is_in(&target) => incomplete(kind, &target),
            true => Error::new(Cause::Exists, format!("the local store has a {} {tag} already", kind.noun())),
            false => Error::failure(failed()).caused_by(error),
        })?;
        let followed = self.follow(kind, &name, version, created).inspect_err(|_| {
            // An action that fails leaves nothing behind.
            let _ = fs::rename(&target, staging.path());
        });
        match followed {
            Err(error) if error.cause() == Cause::Cancelled => Err(error),
            followed => followed.context(failed).map(|()| (tag, target)),
        }
    }

    /// Lets `latest` name this version, unless it names a newer one. Of two jobs that save at the same time one waits.
    fn follow(&self, kind: Kind, name: &Path, version: &str, created: Timestamp) -> Result<()> {
        let _held = self.lock()?;
        let newest = self.latest(kind, name)?.filter(|latest| latest != version);
        let newer =
            newest.and_then(|latest| kind.identify(&name.join(latest)).ok()).is_some_and(|(_, at)| at > created);
        if newer {
            return Ok(());
        }
        write_latest(name, version).context(|| format!("failed to write {}", name.join("latest").display()))
    }

    /// Held until the file is dropped. A file system without locks is used without, and so is one whose lock somebody holds
    /// for longer than it takes to write a name.
    ///
    /// # Errors
    /// The job is cancelled while another process holds it.
    fn lock(&self) -> Result<Option<fs::File>> {
        let mut options = fs::OpenOptions::new();
        let opened = options.create(true).truncate(false).write(true).open(self.home.join(LOCK));
        let Ok(file) = opened else { return Ok(None) };
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::WouldBlock) if self.cancel.is_cancelled() => return Err(Error::cancelled()),
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    tracing::warn!("{} is locked by another process; going on without", self.home.join(LOCK).display());
                    return Ok(None);
                }
                Err(TryLockError::Error(_)) => return Ok(None),
            }
        }
    }

    /// The newest version under a name: what its `latest` file says, else the newest by creation time.
    fn latest(&self, kind: Kind, name: &Path) -> Result<Option<String>> {
        if let Ok(version) = text::read(&name.join("latest")) {
            let version = version.trim();
            if !version.is_empty() && kind.is_in(&name.join(version)) {
                return Ok(Some(version.to_owned()));
            }
        }
        let mut newest: Option<(Timestamp, String)> = None;
        for version in versions(name)? {
            let Ok((_, created)) = kind.identify(&name.join(&version)) else { continue };
            if newest.as_ref().is_none_or(|(at, _)| created > *at) {
                newest = Some((created, version));
            }
        }
        Ok(newest.map(|(_, version)| version))
    }
}

/// The sum of the sizes of all files below a folder, bytes. A link to a file counts as BentoML counts it: like the file.
pub fn size_of(folder: &Path) -> io::Result<u64> {
    let mut sum: u64 = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        sum = sum.saturating_add(if meta.is_symlink() {
            archive::linked_size(&entry.path())
        } else if meta.is_dir() {
            size_of(&entry.path())?
        } else {
            meta.len()
        });
    }
    Ok(sum)
}

fn versions(name: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(name) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context(|| format!("failed to read {}", name.display())),
    };
    let mut versions: Vec<_> = entries
        .filter_map(|entry| entry.ok().filter(|entry| entry.path().is_dir())?.file_name().into_string().ok())
        .collect();
    versions.sort();
    Ok(versions)
}

/// The file holds the version and no newline, as BentoML writes it; replaced in one step.
fn write_latest(name: &Path, version: &str) -> io::Result<()> {
    let temporary = name.join(format!(".latest-{}", Uuid::new_v4()));
    fs::write(&temporary, version)?;
    fs::rename(&temporary, name.join("latest"))
}

/// Removes what runs that were killed left here. One that goes on is younger, whatever a clock says by an hour or two.
fn remove_abandoned(tmp: &Path) {
    let is_old = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        modified.and_then(|modified| modified.elapsed().ok()).is_some_and(|age| age > ABANDONED)
    };
    for entry in fs::read_dir(tmp).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(INCOMING) && is_old(&entry) {
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => tracing::debug!("removed {}, which a run that was killed left", entry.path().display()),
                Err(error) => tracing::debug!("failed to remove {}: {error}", entry.path().display()),
            }
        }
    }
}

/// The folder of an item that somebody began to write and never finished.
fn incomplete(kind: Kind, folder: &Path) -> Error {
    Error::input(format!("{} is not a {}: it has no {}", folder.display(), kind.noun(), kind.manifest()))
        .hint("Remove the folder: what wrote it did not end, such as a run that was killed.")
}

fn hint_store(error: Error) -> Error {
    error.hint("Make it writable, or set BENTOML_HOME to a folder that is.")
}

/// Temporary folders are the owner's alone; one in the store is readable like the others.
#[cfg(unix)]
fn share(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn share(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
