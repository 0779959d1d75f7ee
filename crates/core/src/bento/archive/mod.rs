//! Archives of Bentos and models: written as a plan of byte ranges, unpacked with nothing leaving the target.

mod export;
mod fixed;
mod guard;
mod plan;
mod stream;
mod unpack;

pub use export::unpack_export;
pub use fixed::FixedPlan;
pub use plan::{Plan, RangeReader};
pub use unpack::unpack;
