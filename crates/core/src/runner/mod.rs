//! The protocol between an action and GitHub's runner, and its counterpart on a laptop.
//!
//! Source of the facts: actions/toolkit (`packages/core`) and actions/runner (`src/`).

pub mod annotation;
pub mod command;
pub mod console;
mod event;
mod files;
pub mod log;
pub mod mask;
mod shown;
pub mod summary;

pub use annotation::{Annotation, Level};
pub use event::Event;
pub use files::Files;
pub use summary::Summary;
