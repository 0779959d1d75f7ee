//! What the tests of this workspace share: the environment with the real BentoML, and programs that start in a clean one.
//!
//! Everything here panics where a test cannot go on, and says how to get what is missing: a test that did not run has shown
//! nothing.

mod python;

pub use python::{python_on, succeed, venv, venv_of};
