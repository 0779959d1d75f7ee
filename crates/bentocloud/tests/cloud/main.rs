//! The client against `local-cloud` and beside the real `bentoml`: the same bytes, the same requests, and what happens
//! when something breaks.

mod bentoml;
mod differences;
mod download;
mod identity;
mod lab;
mod relay;
mod sample;
mod tree;
mod upload;
