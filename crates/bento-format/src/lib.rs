//! The formats of BentoML: tags, the store, manifests, projects, exported files, and PyYAML's YAML. Knows no network.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod export;
mod info;
mod model;
pub mod project;
mod store;
mod tag;
mod time;
pub mod variables;
pub mod yaml;

pub use export::{outline_export, unpack_export};
pub use info::{BentoInfo, BentoModel, description, python_text};
pub use model::ModelInfo;
pub use project::expand_variables;
pub use project::{ModelWanted, Placed, Project};
pub use store::{Kind, Store, size_of};
pub use tag::Tag;
pub use time::wire_time;
