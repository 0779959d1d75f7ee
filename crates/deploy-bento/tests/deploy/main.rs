//! The action as users run it: action.yml, launcher and binary under a simulated runner, against a BentoCloud on this
//! machine, with the real BentoML.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bento;
mod bodies;
mod cancel;
mod cloud;
mod dry_run;
mod job;
mod life;
mod waiting;
