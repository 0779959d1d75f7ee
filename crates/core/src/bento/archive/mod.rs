//! Archives of Bentos and models: written as a plan of byte ranges, unpacked with nothing leaving the target.

mod plan;
mod unpack;

pub use plan::{Plan, RangeReader};
pub use unpack::unpack;
