//! Finished environments in the cache of GitHub Actions.

use std::fs;
use std::path::Path;
use std::time::Duration;

use actions_cache::{Cache, Found, Off, Saved, version};
use actions_core::action::Context;
use actions_core::runner::{Annotation, Level};
use actions_core::{Cause, Error, Result};

use crate::{BentomlVersion, key, snapshot};

/// The state that tells the post step what to save.
pub(crate) const SNAPSHOT: &str = "cache-snapshot";
/// The state that tells the post step under which key.
pub(crate) const KEY: &str = "cache-key";
/// Another number where what is in an entry changes, or what is checked before it is saved.
const CONTENTS: &str = "bentoml environment 2";
/// How long the service may take to name an entry, attempts included; installing takes no longer.
const FIND_DEADLINE: Duration = Duration::from_secs(10);
/// How long an entry may take to come; installing is quicker then.
const RESTORE_DEADLINE: Duration = Duration::from_secs(90);
/// How long the post step may take.
const SAVE_DEADLINE: Duration = Duration::from_secs(120);

/// The service, where this job has one; else it says why not. `elsewhere`: are environments kept without it?
pub(crate) fn service(ctx: &Context, elsewhere: bool) -> Option<Cache> {
    match Cache::of(ctx) {
        Ok(cache) => return Some(cache),
        Err(Off::None) => {}
        Err(off @ Off::Broken(_)) => tracing::warn!("the environment is not cached: {off}"),
        Err(off @ Off::EnterpriseServer) if !elsewhere => {
            Annotation::new(Level::Notice, format!("the environment is not cached: {off}")).emit(None);
        }
        Err(off) => tracing::info!("the cache of GitHub Actions is not used: {off}"),
    }
    None
}

/// The entry that answers.
///
/// # Errors
/// When the service does not answer in time, or refuses.
pub(crate) async fn find(cache: &Cache, prefix: &str, wanted: &BentomlVersion) -> Result<Option<Found>> {
    if !cache.readable {
        return Ok(None);
    }
    let contents = version(&[CONTENTS]);
    let finding = async {
        match wanted {
            // Another one that starts with the same digits will not do.
            BentomlVersion::Exact(bentoml) => {
                let key = key::whole(prefix, bentoml);
                let found = cache.find(&key, &[], &contents).await?;
                Ok(found.filter(|found| found.key == key))
            }
            // No entry has this for its whole key: the newest that starts with it.
            _ => cache.find(prefix, &[prefix.to_owned()], &contents).await,
        }
    };
    within(FIND_DEADLINE, "the cache service did not answer", finding).await
}

/// Unpacks an entry into an empty folder.
///
/// # Errors
/// When it does not come in time, or cannot be used.
pub(crate) async fn restore(cache: &Cache, found: &Found, folder: &Path) -> Result<()> {
    let size = cache.restore(found, folder, RESTORE_DEADLINE).await?;
    tracing::info!("taken from the cache: {} ({:.1} MB)", found.key, megabytes(size));
    Ok(())
}

async fn within<T>(deadline: Duration, otherwise: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(deadline, work)
        .await
        .unwrap_or_else(|_| Err(Error::new(Cause::Timeout, format!("{otherwise} within {} s", deadline.as_secs_f32()))))
}

/// The post step.
pub(crate) async fn save(ctx: &Context) -> Result<()> {
    let state = |name: &str| ctx.env.get(&format!("STATE_{name}"));
    let (Some(snapshot), Some(key)) = (state(SNAPSHOT), state(KEY)) else { return Ok(()) };
    let snapshot = snapshot::find(snapshot, key, ctx)?;
    let saved = send(ctx, key, &snapshot, SAVE_DEADLINE).await;
    let _ = fs::remove_dir_all(&snapshot);
    match saved {
        Ok(Saved::Now(size)) => tracing::info!("saved in the cache: {key} ({:.1} MB)", megabytes(size)),
        Ok(Saved::Before) => tracing::info!("the cache has {key} already, or another job is saving it"),
        Err(error) => return Err(Error::failure("failed to save the environment in the cache").caused_by(error)),
    }
    Ok(())
}

async fn send(ctx: &Context, key: &str, snapshot: &Path, deadline: Duration) -> Result<Saved> {
    let cache = Cache::of(ctx).map_err(|off| Error::failure(off.to_string()))?;
    let contents = version(&[CONTENTS]);
    within(deadline, "it was not saved", cache.save(key, &contents, snapshot)).await
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn megabytes(size: u64) -> f64 {
    size as f64 / 1e6
}
