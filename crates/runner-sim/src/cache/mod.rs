//! The Actions cache service, version 2: what `ACTIONS_RESULTS_URL` names on a runner, and the blob storage behind it.
//!
//! | part | source |
//! |---|---|
//! | Twirp calls in JSON: `CreateCacheEntry`, `FinalizeCacheEntryUpload`, `GetCacheEntryDownloadURL` | actions/toolkit, `packages/cache` |
//! | which entry answers a key | GitHub's "Dependency caching reference" |
//! | Put Blob, Put Block, Put Block List, Get Blob, Get Blob Properties under signed addresses | Azure's "Blob service REST API" |
//!
//! There is one scope: branches are not told apart. The real client, npm's `@actions/cache`, saves to it and restores from
//! it in a test, so what another client gets wrong here it gets wrong on GitHub.

mod blob;
mod server;
mod service;
mod sign;
mod store;

pub use server::{Request, Server};
pub use store::Entry;
