//! Models that stay on the Hugging Face hub: fetched into the cache that the hub's own client keeps, so that either finds
//! what the other fetched.
//!
//! ```text
//! <cache>/models--OWNER--NAME/
//!   blobs/<SHA-256 of an LFS file, else git's id of the file>    the contents, each once
//!   snapshots/<commit>/<file>                                    links ../../blobs/…
//!   refs/<branch or tag>                                         holds the commit
//!   trees/<commit>.json                                          what the hub has at this commit
//! ```
//!
//! [`download`] fills it, [`Snapshot::entries`] lists what an image needs of it. BentoML sets
//! `BENTOML_HF_CACHE_DIR=<Bento>/hf-models` in its images and copies the model's whole folder there; in a container it asks
//! for exactly the commit that bento.yaml names, under the `model_id` that bento.yaml names. So one snapshot with its
//! contents, and what the hub has at the commit, is all that an image needs: without `trees/` the hub's client asks the hub
//! at each start. `refs/` belongs to it only where bento.yaml names a branch. What `trees/` holds in an image is written in
//! one form, whoever listed the commit first: the same model is to be the same layer everywhere.
//!
//! Source of the layout: `huggingface_hub` 2.4 (`file_download`, `_snapshot_download`, `_tree_cache`), of its use in
//! images: bentoml 1.4 (`HuggingFaceModel.resolve`, `construct_containerfile`, `on_load_bento`).
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod cache;
mod download;
mod file;
mod hub;
mod patterns;
mod reference;
mod snapshot;
pub mod variables;

/// What is read of others and has no public function of its own, for the crate `fuzz-targets` alone: no part of the
/// crate's interface.
#[doc(hidden)]
pub mod fuzzing {
    /// Whether a path of a hub's repository matches this pattern; none where the pattern is refused.
    pub fn hub_pattern_matches(pattern: &str, path: &str) -> Option<bool> {
        crate::patterns::any_of([pattern]).ok().map(|set| set.is_match(path))
    }
}

pub use cache::Cache;
pub use download::download;
pub use hub::{Hub, Listed, Listing};
pub use reference::Reference;
pub use snapshot::{Entry, Snapshot, SnapshotFile};
