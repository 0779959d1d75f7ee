//! The client against `local-cloud` and beside the real `bentoml`: the same bytes, the same requests, and what happens
//! when something breaks.
#![expect(clippy::unwrap_used, reason = "clippy exempts only what is marked as a test, not what tests share")]

mod bentoml;
mod deployments;
mod differences;
mod download;
mod hostile;
mod hub;
mod identity;
mod lab;
mod registration;
mod relay;
mod sample;
mod storage;
mod tree;
mod upload;
