//! The frame of every action: **inputs → plan → effects → report**, with `main` and `post`.

mod cancel;
mod cli;
mod context;
pub mod inputs;
mod report;
mod run;
mod spec;

pub use cancel::Cancel;
pub use cli::command;
pub use context::Context;
pub use inputs::{FromInput, Inputs, Values};
pub use report::Report;
pub use run::{Action, Phase, run};
pub use spec::{ActionSpec, InputSpec, Kind, OutputSpec, input, output};
