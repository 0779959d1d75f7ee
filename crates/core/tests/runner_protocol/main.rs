//! What `actions_core::runner` writes, read by the runner's own rules, which `runner-sim` holds.
//!
//! Each test runs this binary again as a step of a job; the scenes stand in `player`.
#![expect(clippy::unwrap_used, reason = "clippy exempts only what is marked as a test, not what tests share")]

mod annotations;
mod commands;
mod defects;
mod files;
mod inputs;
mod masks;
mod player;
mod strangers;
