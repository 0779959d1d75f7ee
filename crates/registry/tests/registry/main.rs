//! The client against a real registry: a process of the tests' own, with a folder and a port of its own.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod ecr;
mod front;
mod hostile;
mod judge;
mod lab;
mod login;
mod relay;
mod remove;
mod transfer;
mod trouble;
