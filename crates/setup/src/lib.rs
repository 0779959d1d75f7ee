//! The setup action: BentoML in a job.
//!
//! Data flows one way: [`Inputs`] → [`Request`] → [`Plan`] → [`Environment`]. deploy-bento uses it as a library, through
//! [`ensure`].

mod action;
mod bentoml_version;
mod cache;
mod environment;
mod indexes;
mod inputs;
mod install;
mod key;
mod later;
mod more;
mod plan;
mod request;
mod version_file;

pub use action::Setup;
pub use bentoml_version::BentomlVersion;
pub use environment::{Cached, Environment, ensure};
pub use indexes::Indexes;
pub use inputs::Inputs;
pub use more::More;
pub use plan::Plan;
pub use request::{Request, Reuse};
