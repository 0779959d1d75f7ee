//! The client against `local-cloud` and beside the real `bentoml`: the same bytes, the same requests, and what happens
//! when something breaks.

mod bentoml;
mod differences;
mod identity;
mod lab;
mod sample;
mod tree;
