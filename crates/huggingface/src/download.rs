//! Everything that a Bento means of a model, into the cache.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use actions_core::{Env, Error, Result, disk, http};
use bento_format::BentoModel;
use futures_util::{StreamExt, stream};

use super::cache::{Cache, Model};
use super::file;
use super::hub::{Hub, Listed, Listing};
use super::reference::{Reference, is_commit};
use super::snapshot::{Snapshot, SnapshotFile};

/// How many files come at a time.
const AT_ONCE: usize = 4;
/// How often a line says how far it is.
const INTERVAL: Duration = Duration::from_secs(10);

/// Makes sure that the cache holds a Bento's model of the hub, and says where its files are. What is there is not asked for
/// again; a commit that is complete needs no network.
///
/// # Errors
/// By [`Cause`](actions_core::Cause): `Input`, the Bento names no model of a hub; `Access`, it is gated or private; `NotFound`, the
/// hub does not have it, or, with `HF_HUB_OFFLINE`, the cache; `Unreachable`; `Cancelled`; else the disk is full, or what
/// came is not what the hub announced. The cache holds whole files only, whatever happens.
pub async fn download(model: &BentoModel, env: &Env, cancel: &Cancel) -> Result<Snapshot> {
    let reference = Reference::of(model, env)?;
    let cache = Cache::of(env)?;
    let folder = cache.model(&reference);
    if cache.is_offline() {
        return cached(&reference, &folder, &cache);
    }
    let kept = is_commit(&reference.revision).then(|| folder.listing(&reference.revision)).flatten();
    if let Some(listing) = &kept
        && let Ok(files) = complete(&folder, listing, &wanted(&reference, listing)?)
    {
        return Ok(snapshot(&reference, &folder, listing, files));
    }
    // On failure the other files are cancelled, and waited for.
    let cancel = cancel.child();
    let hub = Hub::of(&reference, http::client()?, env, &cancel)?;
    let listing = match kept {
        Some(listing) => listing,
        None => {
            let listing = hub.listing(&reference).await?;
            folder.keep(&listing)?;
            folder.remember(&reference.revision, &listing.commit)?;
            listing
        }
    };
    let wanted = wanted(&reference, &listing)?;
    let missing: Vec<_> = wanted.iter().filter(|listed| folder.file(&listing.commit, listed).is_none()).collect();
    if !missing.is_empty() {
        let bytes = Listed::sum(missing.iter().map(|listed| **listed));
        disk::require(cache.folder(), bytes, &format!("the model {}", reference.id))?;
        let started = Instant::now();
        let (count, of) = (missing.len(), &reference.id);
        tracing::info!("fetching {of} from the Hugging Face hub: {count} files, {}", disk::readable(bytes));
        fetch(&hub, &reference, &folder, &listing.commit, missing).await?;
        tracing::info!("fetched {of} in {:.1} s", started.elapsed().as_secs_f32());
    }
    let files = complete(&folder, &listing, &wanted).map_err(|name| {
        Error::failure(format!("{name} of {} vanished from the cache while it was being filled", reference.id))
    });
    Ok(snapshot(&reference, &folder, &listing, files?))
}

async fn fetch(hub: &Hub, reference: &Reference, folder: &Model, commit: &str, files: Vec<&&Listed>) -> Result<()> {
    let done = AtomicU64::new(0);
    let done = &done;
    let fetching = files.into_iter().map(|listed| async move {
        let fetched = file::fetch(hub, reference, folder, commit, listed, done).await;
        if fetched.is_err() {
            hub.cancel.cancel();
        }
        fetched
    });
    let mut fetching = stream::iter(fetching).buffer_unordered(AT_ONCE);
    let mut telling = tokio::time::interval(INTERVAL);
    // The first tick comes at once.
    telling.tick().await;
    let mut failed: Option<Error> = None;
    loop {
        let fetched = tokio::select! {
            fetched = fetching.next() => fetched,
            _ = telling.tick() => {
                tracing::info!("{}: {} so far", reference.id, disk::readable(done.load(Ordering::Relaxed)));
                continue;
            }
        };
        match fetched {
            // What failed first is the reason; the others were cancelled for it.
            Some(Err(error)) => failed = Some(failed.unwrap_or(error)),
            Some(Ok(_)) => {}
            None => return failed.map_or(Ok(()), Err),
        }
    }
}

/// What the cache holds, for want of a network.
fn cached(reference: &Reference, folder: &Model, cache: &Cache) -> Result<Snapshot> {
    let missing = |what: &str| {
        let (id, place) = (&reference.id, cache.folder().display());
        Error::not_found(format!("{what} of the model {id} is not in the cache {place}, and HF_HUB_OFFLINE is set"))
            .hint("Fetch the model before, or unset HF_HUB_OFFLINE.")
    };
    let whole = || missing(&format!("revision {}", reference.revision));
    let commit = folder.commit(&reference.revision).ok_or_else(whole)?;
    if !folder.snapshot(&commit).is_dir() {
        return Err(whole());
    }
    let listing = match folder.listing(&commit) {
        Some(listing) => listing,
        None => {
            tracing::warn!("whether {} is complete in the cache cannot be said without the hub", reference.id);
            Listing { files: folder.files(&commit)?, commit: commit.clone() }
        }
    };
    let wanted = wanted(reference, &listing)?;
    let files = complete(folder, &listing, &wanted).map_err(|name| missing(&name))?;
    Ok(snapshot(reference, folder, &listing, files))
}

/// The files that are meant, sorted by name.
fn wanted<'a>(reference: &Reference, listing: &'a Listing) -> Result<Vec<&'a Listed>> {
    let mut wanted: Vec<_> = listing.files.iter().filter(|listed| reference.takes(&listed.name)).collect();
    wanted.sort_by(|one, other| one.name.cmp(&other.name));
    wanted.dedup_by(|one, other| one.name == other.name);
    if wanted.is_empty() {
        return Err(Error::input(format!("no file of the model {} is meant", reference.id))
            .hint("Check what the service's HuggingFaceModel includes and excludes."));
    }
    Ok(wanted)
}

/// These files, or the name of the first that the cache lacks.
fn complete(folder: &Model, listing: &Listing, wanted: &[&Listed]) -> Result<Vec<SnapshotFile>, String> {
    wanted.iter().map(|listed| folder.file(&listing.commit, listed).ok_or_else(|| listed.name.clone())).collect()
}

fn snapshot(reference: &Reference, folder: &Model, listing: &Listing, files: Vec<SnapshotFile>) -> Snapshot {
    let commit = listing.commit.clone();
    let named = (reference.revision != commit).then(|| reference.revision.clone());
    Snapshot { root: folder.root.clone(), commit, reference: named, files, tree: listing.tree() }
}
