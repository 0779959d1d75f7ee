//! What this crate reads of others, for the crate `fuzz-targets` alone: no part of the crate's interface.

use std::collections::HashMap;

use crate::auth::Challenge;

/// The parameters of a challenge that asks for a token; none of other challenges.
pub fn challenge(header: &str) -> Option<HashMap<String, String>> {
    match Challenge::parse(header)? {
        Challenge::Basic => None,
        Challenge::Bearer(parameters) => Some(parameters),
    }
}

/// The next page that a `Link` names.
pub fn next_page(header: &str) -> Option<&str> {
    crate::link::next(header)
}

/// How many bytes of an upload have arrived, by its `Range`.
pub fn received(header: &str) -> Option<u64> {
    crate::upload::received(header)
}
