//! Python: interpreters, what is installed in them, uv, virtual environments.

mod architecture;
mod candidates;
mod distribution;
mod find;
mod install;
mod interpreter;
mod path;
mod request;
mod uv;
mod venv;
mod wheel;

pub use architecture::{Architecture, NoArchitecture};
pub use candidates::Place;
pub use distribution::Distribution;
pub use find::{Choice, Chosen, Missing, choose};
pub use install::{Source, install};
pub use interpreter::{Interpreter, find_with, find_with_bentoml};
pub use path::{find_all_on_path, find_on_path, tool_cache};
pub use pep440_rs::{Version, VersionSpecifiers};
pub use request::{NoPythonVersion, PythonRequest, Wanted, range_parts};
pub use uv::{OLDEST as OLDEST_UV, PINNED as PINNED_UV, Uv};
pub use venv::{Draft, python_in};
