//! v2 Deployments: what they are told, what they answer, and how an update is merged.

mod calls;
mod config;
mod keys;
mod merge;
mod state;

pub use config::{Config, DeploymentStrategy, EnvItem, LabelItem, Scaling, ServiceConfig};
pub use keys::{UnknownKey, unknown_keys};
pub use merge::{current_config, deep_merge};
pub use state::{Deployment, Outcome};
