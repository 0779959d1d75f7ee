//! What is read of others and has no public function of its own, for the crate `fuzz-targets` alone: no part of the crate's
//! interface.

use std::path::Path;

use crate::Result;

/// Unpacks an entry of the cache into a folder that is empty.
///
/// # Errors
/// The entry is not one that a job would have saved.
pub fn unpack_cache_entry(entry: &[u8], target: &Path) -> Result<()> {
    crate::runner::cache::unpack_entry_into(entry, target)
}

/// Whether a path of a hub's repository matches this pattern; none where the pattern is refused.
pub fn hub_pattern_matches(pattern: &str, path: &str) -> Option<bool> {
    crate::huggingface::any_of([pattern]).ok().map(|set| set.is_match(path))
}
