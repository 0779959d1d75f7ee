//! A client of OCI registries (distribution specification 1.1) over the suite's own HTTP client: images' names, who we are
//! to a registry, manifests, and layers that are sent only where they are missing.

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod auth;
mod blob;
mod client;
mod docker;
mod ecr;
#[doc(hidden)]
pub mod fuzzing;
mod helper;
mod image;
mod layer;
mod link;
mod login;
mod manifest;
mod remove;
mod sigv4;
mod transfer;
mod upload;
pub mod variables;

pub use auth::Credentials;
pub use client::Registry;
pub use docker::CONTAINERS_AUTH;
pub use image::{Image, Repository, sanitized};
pub use layer::{Layer, LayerSource, digest_of};
pub use login::{Login, Logins};
pub use manifest::Manifest;
pub use transfer::Arrival;
