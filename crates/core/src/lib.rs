//! A runtime for native GitHub Actions. Knows no Bento, no Python, no cloud: another suite of actions could be built on it.
//!
//! | module | holds | knows nothing of |
//! |---|---|---|
//! | [`runner`] | the protocol between an action and GitHub's runner | Bentos |
//! | [`action`] | the frame of every action: read inputs, plan, run, report | any one action |
//! | [`address`] | addresses in texts without their credentials | who uses them |
//! | [`files`] | files for this user only | what is in them |
//! | [`text`] | files of the user's that have to be text | what is in them |
//! | [`process`] | child processes | what is run |
//! | [`programs`] | programs on PATH, and the folder of tools that outlive a job | what is run |
//! | [`http`] | the one HTTP client and the retry policy | any API |
//! | [`disk`] | room on a file system | what it is for |
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

pub mod action;
pub mod address;
pub mod disk;
pub mod env;
mod error;
pub mod files;
pub mod http;
pub mod process;
pub mod programs;
pub mod runner;
pub mod text;

pub use env::Env;
pub use error::{Cause, Context, Error, Location, Result};
