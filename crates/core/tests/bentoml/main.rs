//! What the real `bentoml` and `huggingface_hub` write and read, beside ours.
#![cfg(unix)]

mod export;
mod hub;
mod huggingface;
mod project;
mod python;
