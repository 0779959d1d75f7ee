//! Client of the BentoCloud and Yatai REST API.
//!
//! | module | holds |
//! |---|---|
//! | [`Client`] | one endpoint, one token: requests, errors, retries |
//! | `artifact` | the calls that Bento and model repositories share |
//! | `transfer` | bytes: single PUT, multipart, proxy; download |
//! | `push`, `pull` | whole Bentos and models |
//! | [`deployment`] | v2 Deployments |

#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod account;
mod artifact;
mod client;
pub mod deployment;
mod huggingface;
mod pull;
mod push;
mod refusal;
mod transfer;
pub mod variables;

pub use account::Account;
pub use artifact::{Artifact, UploadStatus};
pub use client::Client;
pub use pull::Pulled;
pub use push::Pushed;
