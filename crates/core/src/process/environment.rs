//! What children get of the environment: the one filter of every program that this suite starts.
//!
//! A child may run code that the user did not write: a Bento's service, the build backend of a package, the plugin of an
//! engine. What the runner gives to actions alone stays here:
//!
//! - inputs (`INPUT_…`) and the state of the post step (`STATE_…`): some are secrets, and state is acted on,
//! - the runner's own tokens (`ACTIONS_…TOKEN`): of its cache service and of its OIDC,
//! - the command files: who writes to them sets outputs, and the environment and PATH of later steps.

use std::ffi::{OsStr, OsString};

use crate::Env;
use crate::env::{GITHUB_ENV, GITHUB_OUTPUT, GITHUB_PATH, GITHUB_STATE, GITHUB_STEP_SUMMARY};

/// The files through which a step speaks to the runner.
const COMMAND_FILES: [&str; 5] = [GITHUB_ENV, GITHUB_OUTPUT, GITHUB_PATH, GITHUB_STATE, GITHUB_STEP_SUMMARY];

/// The variables that a child inherits, byte for byte.
pub(super) fn for_children(env: &Env) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    env.iter().filter(|(name, _)| is_for_children(name))
}

fn is_for_children(name: &OsStr) -> bool {
    // Windows takes `Input_x` and `INPUT_X` for one variable.
    let upper: OsString;
    let name = if cfg!(windows) {
        upper = name.to_ascii_uppercase();
        &upper
    } else {
        name
    };
    let bytes = name.as_encoded_bytes();
    let is_token = bytes.starts_with(b"ACTIONS_") && bytes.ends_with(b"TOKEN");
    !(bytes.starts_with(b"INPUT_")
        || bytes.starts_with(b"STATE_")
        || is_token
        || COMMAND_FILES.iter().any(|file| name == *file))
}
