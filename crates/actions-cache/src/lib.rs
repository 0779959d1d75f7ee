//! The Actions cache, service version 2: folders that later jobs get back.
//!
//! GitHub calls its direct use unsupported, so a caller makes every error here a warning and goes on without. Source of the
//! protocol: actions/toolkit, `packages/cache`.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod availability;
mod download;
mod pack;
mod service;
mod time;
mod unpack;
mod upload;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt;
use reqwest::Client;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use url::Url;

/// What is read of others and has no public function of its own, for the crate `fuzz-targets` alone: no part of the
/// crate's interface.
#[doc(hidden)]
pub mod fuzzing {
    /// Unpacks an entry of the cache into a folder that is empty.
    ///
    /// # Errors
    /// The entry is not one that a job would have saved.
    pub fn unpack_cache_entry(entry: &[u8], target: &std::path::Path) -> actions_core::Result<()> {
        crate::unpack::unpack(entry, target)
    }
}

pub use availability::Off;
pub use service::Found;

use actions_core::action::{Cancel, Context};
use actions_core::{Error, Result, http};

/// The pause before the second attempt of a call; each further one is 1.5 times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(3);
/// Characters of a key.
const LONGEST_KEY: usize = 512;

/// The cache of the job.
#[derive(Debug, Clone)]
pub struct Cache {
    client: Client,
    base: Url,
    token: SecretString,
    first_pause: Duration,
    cancel: Cancel,
    /// May entries be read?
    pub readable: bool,
    /// May entries be written?
    pub writable: bool,
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// The entry is there now; its size, bytes.
    Now(u64),
    /// There is one with this key already, or another job is at it.
    Before,
}

impl Cache {
    /// The cache that the environment names.
    ///
    /// # Errors
    /// When there is none to use, and why.
    pub fn of(ctx: &Context) -> Result<Self, Off> {
        let named = availability::of(&ctx.env)?;
        let client = http::client().map_err(|error| Off::Broken(error.full_text()))?;
        Ok(Self {
            client,
            base: named.base,
            token: named.token,
            first_pause: FIRST_PAUSE,
            cancel: ctx.cancel.clone(),
            readable: named.readable,
            writable: named.writable,
        })
    }

    /// With another pause before the second attempt of a call.
    #[must_use]
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.first_pause = pause;
        self
    }

    /// The entry of this key, else the newest whose key starts with one of the others.
    ///
    /// # Errors
    /// When the service does not answer, or refuses.
    pub async fn find(&self, key: &str, others: &[String], version: &str) -> Result<Option<Found>> {
        check_key(key)?;
        no_panic(service::find(self, key, others, version)).await
    }

    /// Unpacks an entry into an empty folder and returns its size, bytes. Nothing leaves the folder, and modes and times are kept;
    /// a failure may leave part of it there, which nobody writes to any more.
    ///
    /// # Errors
    /// When the entry cannot be had, has not come when the deadline passes, is damaged or of another format, or holds what
    /// would leave the folder.
    pub async fn restore(&self, found: &Found, target: &Path, deadline: Duration) -> Result<u64> {
        no_panic(download::restore(self, found, target, deadline)).await
    }

    /// Packs a folder as an entry. Links to places outside the folder are left out.
    ///
    /// # Errors
    /// When the folder cannot be read, or the service or its storage does not take it.
    pub async fn save(&self, key: &str, version: &str, folder: &Path) -> Result<Saved> {
        check_key(key)?;
        no_panic(async {
            let Some(address) = service::create(self, key, version).await? else { return Ok(Saved::Before) };
            let size = upload::folder(self, &address, folder).await?;
            service::finalize(self, key, version, size).await?;
            Ok(Saved::Now(size))
        })
        .await
    }
}

/// A defect in here ends no job either: the caller goes on without the cache.
async fn no_panic<T>(calling: impl Future<Output = Result<T>>) -> Result<T> {
    let ended = AssertUnwindSafe(calling).catch_unwind().await;
    ended.unwrap_or_else(|_| Err(Error::failure("the cache's client has a defect, which an annotation describes")))
}

/// The version of an entry: who asks for another one does not get it.
pub fn version(contents: &[&str]) -> String {
    let system = (std::env::consts::OS == "windows").then_some("windows-only");
    let parts: Vec<_> = contents.iter().copied().chain(["zstd"]).chain(system).chain(["1.0"]).collect();
    Sha256::digest(parts.join("|")).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_key(key: &str) -> Result<()> {
    if key.is_empty() || key.chars().count() > LONGEST_KEY || key.contains(',') {
        return Err(Error::failure(format!(
            "{key:?} is not a key of the cache: at most {LONGEST_KEY} characters, no comma"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_the_toolkits() {
        // printf '%s' 'data|zstd|1.0' | sha256sum
        #[cfg(not(windows))]
        assert_eq!(version(&["data"]), "a6af54e9608e22db0505d6ea875865e6a8d892368b7c02558495b19850c02fb9");
        assert_ne!(version(&["data"]), version(&["other"]));
        assert!(check_key("a,b").is_err() && check_key(&"a".repeat(513)).is_err() && check_key("").is_err());
    }
}
