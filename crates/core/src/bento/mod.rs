//! Bentos and models on disk: tags, the store, manifests, projects, archives.

pub mod archive;
mod info;
mod model;
mod project;
mod store;
mod tag;
mod time;

pub use info::{BentoInfo, BentoModel, description, python_text};
pub use model::ModelInfo;
pub use project::{ModelWanted, Project};
pub(crate) use store::expand_variables;
pub use store::{Kind, Store, size_of};
pub use tag::Tag;
pub use time::wire_time;
