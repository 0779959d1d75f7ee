//! Which files of a project become part of its Bento, known without Python.

mod listing;
pub(crate) mod pattern;
mod spec;
#[cfg(all(test, unix))]
mod table;

pub(crate) use listing::{Found, Kind, Listing};
pub(crate) use spec::{Rules, Written};
