//! The build-bento action: a Bento from a project.
//!
//! BentoML itself builds, in a Python that has it, driven by a short Python file carried in the binary
//! (`driver.py`); everything around it is native: finding the project, pulling the models that it names, putting the
//! finished Bento into the store, and telling what went wrong at the line where it did.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod action;
mod build;
mod dependencies;
mod driver;
mod failure;
mod git;
mod identity;
mod inputs;
mod lint;
mod locate;
mod models;
mod overlay;
mod packing;
mod report;
mod request;
mod rounds;
mod schema;
mod source;
mod sources;
#[cfg(all(test, unix))]
mod testing;
mod variables;
mod warnings;

pub use action::{BuildBento, Plan};
pub use build::{Built, build};
pub use dependencies::Dependencies;
pub use identity::{SkipIfExists, VersionFrom};
pub use inputs::Inputs;
pub use request::{Cloud, Request};
pub use source::Source;
