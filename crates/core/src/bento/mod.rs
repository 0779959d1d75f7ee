//! Bentos and models on disk: tags, the store, manifests, projects, archives.

pub mod archive;
mod info;
mod model;
pub mod project;
mod store;
mod tag;
mod time;

pub use info::{BentoInfo, BentoModel, description, python_text};
pub use model::ModelInfo;
pub(crate) use project::expand_variables;
pub use project::{ModelWanted, Placed, Project};
pub use store::{Kind, Store, size_of};
pub use tag::Tag;
pub use time::wire_time;
