//! What holds for the binary as a whole, and for every crate that is part of it.

mod crates;
#[cfg(target_os = "linux")]
mod privacy;
#[cfg(unix)]
mod text;
