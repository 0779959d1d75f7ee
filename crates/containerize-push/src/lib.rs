//! The containerize-push action: an image from a Bento, in any registry, whose models never travel twice.
//!
//! The engine builds and pushes the image without the models; then each model is *grafted* onto it: a layer with fixed
//! bytes, streamed from the store to the registry unless the registry has it. Config, manifest and index are written anew.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod action;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod assemble;
mod bento;
mod dockerfile;
mod engine;
#[doc(hidden)]
pub mod fuzzing;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod graft;
mod import;
mod inputs;
mod layer;
mod leftovers;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod linked;
mod list;
mod login;
mod model;
mod output;
mod plan;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod provenance;
mod push;
mod recipe;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod report;
mod room;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod secrets;
mod tag_rules;
mod variables;
mod verify;
mod workspace;

pub use action::ContainerizePush;
pub use inputs::Inputs;
pub use plan::Plan;
