//! Bytes to and from the server, never all of them at once.

mod complete;
mod download;
mod progress;
mod put;
mod upload;

pub(crate) use download::download;
pub(crate) use upload::upload;
