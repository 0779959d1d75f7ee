//! A BentoCloud on your own machine.
//!
//! It speaks enough of the BentoCloud REST API (and, with [`Flavor::Yatai`], of Yatai's own ways) for the
//! `bentoml` client and for the actions of this project: log-in, push and pull of Bentos and models by all three
//! transmission ways, and Deployments (v2), each of which is a real `bentoml serve` process.
//!
//! | module | holds |
//! |---|---|
//! | `config` | what a server is started with |
//! | `server` | start, serve, stop |
//! | `api` | the REST routes |
//! | `state`, `records`, `disk` | what is remembered, and how it is kept in files |
//! | `objects`, `object_files` | the object storage (S3) and its presigned URLs |
//! | `run` | Deployments as processes |
//! | `recorder` | request log and fault injection, for tests |

mod api;
mod config;
mod credentials;
mod disk;
mod error;
mod object_files;
mod objects;
mod recorder;
mod records;
mod run;
mod server;
mod state;

pub use config::{Config, DEFAULT_PORT, Flavor, Transmission};
pub use error::StartError;
pub use recorder::Recorded;
pub use server::Server;
