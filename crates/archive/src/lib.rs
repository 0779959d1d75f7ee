//! Archives: written as a plan of byte ranges, unpacked with nothing leaving the target. Knows no Bento.
//!
//! | module | holds |
//! |---|---|
//! | `plan`, `entry`, `fixed`, `range`, `stream` | a tar that is read in place: its length is known first, any part can be sent again |
//! | `unpack`, `guard` | the one unpacker, and where an entry or a link may lead |
//! | [`tar_limits`], `bound` | what an archive may take of memory and time |
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing))]

mod bound;
mod entry;
mod fixed;
mod guard;
mod plan;
mod range;
mod stream;
pub mod tar_limits;
mod unpack;

pub use bound::Bound;
pub use entry::linked_size;
pub use fixed::FixedPlan;
pub use guard::{ensure_plain_parents, inside, set_mode, stays_inside, symlink};
pub use plan::Plan;
pub use range::RangeReader;
pub use unpack::{BUFFER, End, Writer, unpack, unpack_compressed, unpack_tar};
