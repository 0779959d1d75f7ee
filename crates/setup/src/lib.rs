//! The setup action: BentoML in a job.
//!
//! Data flows one way: [`Inputs`] → [`Request`] → [`Plan`] → [`Environment`]. deploy-bento uses it as a library, through
//! [`ensure`].
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod action;
mod bentoml_version;
mod cache;
mod constraints;
mod copies;
mod environment;
mod indexes;
mod inputs;
mod install;
mod kept;
mod key;
mod later;
mod more;
mod moving;
mod pip_settings;
mod plan;
mod project;
mod project_files;
mod provide;
mod request;
mod requirement_files;
mod snapshot;
mod tool_cache;
mod uv_settings;
mod verify;
mod version_file;
mod warnings;

pub use action::Setup;
pub use bentoml_version::BentomlVersion;
pub use environment::{Cached, Environment, ensure};
pub use indexes::Indexes;
pub use inputs::Inputs;
pub use more::{More, RequirementsFile};
pub use plan::Plan;
pub use request::{Request, Reuse};
