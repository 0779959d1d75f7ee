//! What the real `huggingface_hub` writes and reads, beside ours.
#![cfg(unix)]

mod hub;
mod huggingface;
