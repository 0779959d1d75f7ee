//! What every job downloads.

use super::Row;
use crate::bench::figure::{Figure, Outcome};
use crate::dist;

pub(super) const ROW: Row = Row {
    name: "size",
    work: "the shipped binary",
    aim: "≤ 8 MB",
    measure: |_| {
        let (_, bytes) = dist::build()?;
        Ok(Outcome { here: Figure { size: Some(bytes), ..Figure::default() }, ..Outcome::default() })
    },
};
