//! Runs an action as GitHub's runner does, for tests and the demo.
//!
//! ```no_run
//! # async fn example() -> Result<(), runner_sim::Error> {
//! use runner_sim::{Job, Step};
//!
//! let mut job = Job::new("path/to/workspace")?.secret("s3cret").env("BENTOML_HOME", "/tmp/bentoml");
//! let result = job.step(Step::action("actions/build-bento").with("context", "examples/hello")).await?;
//! println!("{} {:?}", result.outputs["bento-tag"], result.conclusion);
//! let posts = job.finish().await?;
//! # Ok(()) }
//! ```
//!
//! Everything here is written from the runner's own rules, never from what the actions of this repository write: it is
//! the judge of their protocol. What the runner would write into its log stands in [`StepResult::log`], masks applied.

mod annotation;
pub mod cache;
mod collect;
mod command;
mod context;
mod error;
mod expression;
mod files;
mod interpreter;
mod job;
mod manifest;
mod mask;
pub mod node;
mod process;
mod result;
mod run;
mod signal;
mod step;

/// What is read of an action, for the crate `fuzz-targets` alone: no part of the crate's interface.
#[doc(hidden)]
pub mod fuzzing {
    /// The names and values that a command file holds, up to the first fault, and that fault.
    pub fn parse_pairs(text: &str) -> (Vec<(String, String)>, Result<(), String>) {
        crate::files::parse_pairs(text)
    }
}

pub use annotation::{Annotation, Level};
pub use error::Error;
pub use job::Job;
pub use process::Timings;
pub use result::{Conclusion, Stage, StepResult};
pub use step::Step;
