//! The deploy-bento action: a Bento becomes a running Deployment.
//!
//! Data flows one way: inputs → [`Request`] → [`Plan`] → effects → report.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod action;
mod bento;
mod configuration;
mod deploy;
mod file;
mod inputs;
mod plan;
mod report;
mod request;
mod source;
mod wait;

pub use action::DeployBento;
pub use inputs::{Inputs, Verb};
pub use plan::Plan;
pub use request::Request;
