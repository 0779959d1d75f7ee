//! Why a server does not start.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Why [`Server::start`](crate::Server::start) gave up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Deployments run code of whoever holds the token: not for a network.
    #[error(
        "refusing to listen on {0}: local-cloud serves this machine only; use a loopback address such as 127.0.0.1"
    )]
    NotLoopback(IpAddr),
    /// A combination that Yatai does not know.
    #[error("Yatai has no single presigned upload; use --transmission multipart or proxy with --flavor yatai")]
    NoSuchTransmission,
    /// An empty token would let everybody in.
    #[error("the API token is empty; give one, or leave it out and one is made")]
    EmptyToken,
    /// Another server uses the directory.
    #[error("{0} is in use by another local-cloud; stop that one, or choose another directory with --data")]
    InUse(PathBuf),
    /// The port is taken, most likely.
    #[error("cannot listen on {address}: {source}; choose another port with --port (0 takes a free one)")]
    Listen {
        /// Where to.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or directory below the data directory.
    #[error("cannot {attempt} {path}: {source}")]
    File {
        /// What was attempted.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A record that cannot be read back.
    #[error("cannot understand {path}: {source}; move the file away to start without it")]
    Record {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The object storage.
    #[error("cannot start the object storage in {path}: {reason}")]
    Objects {
        /// Its root.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
}
