//! The action as users run it: action.yml, launcher and binary under a simulated runner, against a BentoCloud on this
//! machine, with the real BentoML.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bad_input;
mod bento;
mod bodies;
mod cancel;
mod cloud;
mod config_file;
mod dry_run;
mod environment;
mod front;
mod idle;
mod job;
mod life;
mod named_bento;
mod variables;
mod waiting;
mod words;
mod yatai;
