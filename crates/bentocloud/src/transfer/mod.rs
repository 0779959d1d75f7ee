//! Bytes to and from the server, never all of them at once.

mod download;
mod progress;
mod upload;

pub(crate) use download::download;
pub(crate) use upload::upload;
