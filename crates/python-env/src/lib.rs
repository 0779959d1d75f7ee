//! Python: interpreters, what is installed in them, uv, virtual environments.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod architecture;
mod candidates;
mod distribution;
mod find;
mod install;
mod interpreter;
mod request;
mod uv;
pub mod variables;
mod venv;
mod wheel;

pub use architecture::{Architecture, NoArchitecture};
pub use candidates::Place;
pub use distribution::Distribution;
pub use find::{Choice, Chosen, Missing, choose};
pub use install::{Source, install};
pub use interpreter::{Interpreter, find_with, find_with_bentoml};
pub use pep440_rs::{Version, VersionSpecifiers};
pub use request::{NoPythonVersion, PythonRequest, Wanted, range_parts};
pub use uv::{OLDEST as OLDEST_UV, PINNED as PINNED_UV, Uv};
pub use venv::{Draft, python_in};
