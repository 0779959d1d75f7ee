//! Archives of Bentos and models: written as a plan of byte ranges, unpacked with nothing leaving the target.

mod bound;
mod entry;
mod export;
mod fixed;
mod guard;
mod plan;
mod range;
mod stream;
mod unpack;

pub use bound::Bound;
pub use export::{outline_export, unpack_export};
pub use fixed::FixedPlan;
pub use plan::Plan;
pub use range::RangeReader;
pub use unpack::unpack;
