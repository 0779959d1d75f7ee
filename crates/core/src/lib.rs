//! What every action shares.
//!
//! | module | holds | knows nothing of |
//! |---|---|---|
//! | [`runner`] | the protocol between an action and GitHub's runner | Bentos |
//! | [`action`] | the frame of every action: read inputs, plan, run, report | any one action |
//! | [`bento`] | tags, the store, manifests, projects, archives | the network |
//! | [`address`] | addresses in texts without their credentials | who uses them |
//! | [`files`] | files for this user only | what is in them |
//! | [`text`] | files of the user's that have to be text | what is in them |
//! | [`process`] | child processes | what is run |
//! | [`python`] | interpreters, uv, virtual environments | Bentos |
//! | [`http`] | the one HTTP client and the retry policy | any API |
//! | [`huggingface`] | models that stay on a hub, and its client's cache | engines, the cloud |
//! | [`disk`] | room on a file system | what it is for |
//! | [`tar_limits`] | what a tar may take of memory | what is in it |
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

pub mod action;
pub mod address;
pub mod bento;
pub mod disk;
pub mod env;
mod error;
pub mod files;
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod huggingface;
pub mod process;
pub mod python;
pub mod runner;
pub mod tar_limits;
pub mod text;
pub mod yaml;

pub use env::Env;
pub use error::{Cause, Context, Error, Location, Result};
