//! v2 Deployments: what they are told, what they answer, and how an update is merged.

mod calls;
mod config;
mod convert;
mod merge;
mod placeholder;
mod schema;
mod state;
mod written;

pub use config::Config;
pub use convert::Remark;
pub use merge::update;
pub use state::{Deployment, Outcome};
pub use written::Written;
