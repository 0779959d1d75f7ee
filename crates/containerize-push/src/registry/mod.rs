//! A small client of the registry API (OCI distribution specification 1.1) over the suite's own HTTP client.

mod auth;
mod blob;
mod body;
mod client;
mod manifest;

pub(crate) use auth::Credentials;
pub(crate) use blob::Arrival;
pub(crate) use client::Registry;
pub(crate) use manifest::Manifest;
