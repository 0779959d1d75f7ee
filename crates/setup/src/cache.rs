//! Finished environments in the cache of GitHub Actions. Whatever goes wrong with it is a warning: then uv installs.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use bento_core::action::Context;
use bento_core::python::{Architecture, Draft, Interpreter, Version};
use bento_core::runner::cache::{Cache, Found, Off, Saved, version};
use bento_core::{Cause, Error, Result};
use uuid::Uuid;

use crate::install::{Made, installed};
use crate::{BentomlVersion, Request, key};

/// The state that tells the post step what to save.
pub(crate) const SNAPSHOT: &str = "cache-snapshot";
/// The state that tells the post step under which key.
pub(crate) const KEY: &str = "cache-key";
/// Another number where what is in an entry changes.
const CONTENTS: &str = "bentoml environment 1";
/// How long an entry may take to come; installing is quicker then.
const RESTORE_DEADLINE: Duration = Duration::from_secs(90);
/// How long the post step may take.
const SAVE_DEADLINE: Duration = Duration::from_secs(120);

/// An environment that came from the cache.
pub(crate) struct Restored {
    pub(crate) draft: Draft,
    pub(crate) key: String,
    /// Its Python and its BentoML.
    pub(crate) there: (Interpreter, Version),
}

/// The cache as far as this request's environments are concerned.
#[derive(Debug)]
pub(crate) struct EnvironmentCache {
    cache: Cache,
    /// What every key of such an environment starts with; the version of BentoML follows.
    prefix: String,
}

impl EnvironmentCache {
    /// None where the environment is not cached.
    pub(crate) fn of(request: &Request, python: &Interpreter, ctx: &Context) -> Option<Self> {
        // What a branch's name means today is not what it meant yesterday.
        if !request.cache || !request.bentoml.is_released() {
            return None;
        }
        match Cache::of(ctx) {
            Ok(cache) => Some(Self { cache, prefix: key::prefix(request, python, &ctx.env) }),
            Err(Off::None) => None,
            Err(off @ Off::Broken(_)) => {
                tracing::warn!("the environment is not cached: {off}");
                None
            }
            Err(off) => {
                tracing::info!("the environment is not cached: {off}");
                None
            }
        }
    }

    /// The key of an environment with this BentoML.
    pub(crate) fn key(&self, bentoml: &Version) -> String {
        format!("{}{bentoml}", self.prefix)
    }

    /// The environment that answers the request.
    ///
    /// # Errors
    /// On cancellation only.
    pub(crate) async fn restore(
        &self,
        request: &Request,
        python: &Interpreter,
        ctx: &Context,
    ) -> Result<Option<Restored>> {
        if !self.cache.readable {
            return Ok(None);
        }
        let trying = tokio::time::timeout(RESTORE_DEADLINE, self.try_restore(request, python, ctx)).await;
        let trying = trying.unwrap_or_else(|_| {
            let seconds = RESTORE_DEADLINE.as_secs();
            Err(Error::new(Cause::Timeout, format!("it did not come within {seconds} s")))
        });
        match trying {
            Ok(restored) => Ok(restored),
            Err(_) if ctx.cancel.is_cancelled() => Err(Error::cancelled()),
            Err(error) => {
                tracing::warn!(
                    "the environment cannot be taken from the cache, it is installed: {}",
                    error.full_text()
                );
                Ok(None)
            }
        }
    }

    async fn try_restore(&self, request: &Request, python: &Interpreter, ctx: &Context) -> Result<Option<Restored>> {
        let Some(found) = self.find(request).await? else { return Ok(None) };
        let draft = Draft::empty(ctx)?;
        let size = self.cache.restore(&found, &draft.folder()).await?;
        draft.link_python(python)?;
        let there = installed(&draft.python(), ctx).await?;
        let bentoml = &there.1;
        // The key of the entry says so; what is in it counts.
        if self.key(bentoml) != found.key || !request.bentoml.is_satisfied_by(bentoml) {
            return Err(Error::failure(format!("the entry {} holds bentoml {bentoml}", found.key)));
        }
        tracing::info!("taken from the cache: {} ({:.1} MB)", found.key, megabytes(size));
        Ok(Some(Restored { draft, key: found.key, there }))
    }

    async fn find(&self, request: &Request) -> Result<Option<Found>> {
        match &request.bentoml {
            // Another one that starts with the same digits will not do.
            BentomlVersion::Exact(bentoml) => {
                let key = self.key(bentoml);
                let found = self.cache.find(&key, &[], &version(&[CONTENTS])).await?;
                Ok(found.filter(|found| found.key == key))
            }
            _ => self.cache.find(&self.prefix, &[], &version(&[CONTENTS])).await,
        }
    }

    /// Keeps the environment as it is now for the post step: later steps may install more into it.
    pub(crate) fn keep(&self, made: Made, ctx: &Context) -> Made {
        if !self.cache.writable {
            return made;
        }
        let snapshot = ctx.temp_root().join(format!(".bentoml-cache-{}", Uuid::new_v4().simple()));
        let mut made = made;
        match link_all(&made.python.prefix, &snapshot) {
            Ok(()) => made.cached.snapshot = Some(snapshot),
            Err(error) => {
                let _ = fs::remove_dir_all(&snapshot);
                tracing::info!("the environment will not be saved in the cache: {error}");
            }
        }
        made
    }
}

/// The same files under a second name: installing replaces files, it does not write into them.
fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            link_all(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::hard_link(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The post step.
pub(crate) async fn save(ctx: &Context) -> Result<()> {
    let state = |name: &str| ctx.env.get(&format!("STATE_{name}"));
    let (Some(snapshot), Some(key)) = (state(SNAPSHOT), state(KEY)) else { return Ok(()) };
    let snapshot = Path::new(snapshot);
    let cache = Cache::of(ctx).map_err(|off| Error::failure(format!("the environment is not cached: {off}")))?;
    let contents = version(&[CONTENTS]);
    let saving = tokio::time::timeout(SAVE_DEADLINE, cache.save(key, &contents, snapshot)).await;
    let _ = fs::remove_dir_all(snapshot);
    let saving = saving.unwrap_or_else(|_| {
        Err(Error::new(Cause::Timeout, format!("it took longer than {} s", SAVE_DEADLINE.as_secs())))
    });
    match saving {
        Ok(Saved::Now(size)) => tracing::info!("saved in the cache: {key} ({:.1} MB)", megabytes(size)),
        Ok(Saved::Before) => tracing::info!("the cache has {key} already, or another job is saving it"),
        Err(error) => return Err(Error::failure("failed to save the environment in the cache").caused_by(error)),
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn megabytes(size: u64) -> f64 {
    size as f64 / 1e6
}

/// The processor in a key.
pub(crate) fn architecture(python: &Interpreter) -> &'static str {
    let all = [Architecture::X64, Architecture::Arm64, Architecture::X86];
    all.into_iter().find(|one| one.is_of_platform(&python.platform)).map_or("other", Architecture::name)
}
