//! Python: interpreters, what is installed in them, uv, virtual environments.

mod distribution;
mod interpreter;
mod path;

pub use distribution::Distribution;
pub use interpreter::{Interpreter, find_with, find_with_bentoml};
pub use path::{find_all_on_path, find_on_path};
pub use pep440_rs::{Version, VersionSpecifiers};
