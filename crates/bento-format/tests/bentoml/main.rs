//! What the real `bentoml` writes and reads, beside ours.
#![cfg(unix)]

mod export;
mod project;
