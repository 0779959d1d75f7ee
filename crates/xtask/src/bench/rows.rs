//! The rows of the table. A new one is a file here and a line in [`ROWS`].

mod containerize;
mod deploy;
mod engine;
mod graft;
mod launcher;
mod setup;
mod size;
mod skip;
mod start;
mod transfer;

use anyhow::Result;

use super::figure::Outcome;
use super::lab::Lab;

/// A row of the table.
pub(super) struct Row {
    /// What `--only` takes.
    pub(super) name: &'static str,
    /// The work, as the table says it; `{model}` becomes the model's size, `{small}` that of a small one.
    pub(super) work: &'static str,
    /// What this suite must reach.
    pub(super) aim: &'static str,
    /// Does the work on both sides.
    pub(super) measure: fn(&Lab) -> Result<Outcome>,
}

/// In the order of the table.
pub(super) const ROWS: &[Row] = &[
    start::ROW,
    launcher::ROW,
    deploy::ROW,
    skip::SMALL,
    skip::LARGE,
    skip::LINT,
    transfer::PUSH,
    transfer::PULL,
    engine::ROW,
    containerize::FIRST,
    containerize::AGAIN,
    containerize::ELSEWHERE,
    containerize::BARE,
    containerize::SMALL_FIRST,
    containerize::SMALL_AGAIN,
    containerize::SMALL_ELSEWHERE,
    containerize::API,
    graft::ROW,
    setup::PIP,
    setup::COLD,
    setup::UNCOMPILED,
    setup::HIT,
    setup::HIT_NEWEST,
    setup::THERE,
    setup::SAVE,
    setup::RESTORE,
    size::ROW,
];
