//! What is known against the dependencies: RustSec's advisories, by cargo-deny.

use anyhow::Result;

use crate::{command, tools};

/// Checks the dependencies against the newest advisories, and returns whether it could: where their database cannot be
/// reached, as behind a firewall, it says so and nothing is checked.
///
/// # Errors
///
/// An advisory names a dependency.
pub(crate) fn check() -> Result<bool> {
    let deny = || command::clean(tools::cargo_deny());
    if let Err(error) = command::capture(deny().args(["fetch", "db"])) {
        println!("NOT CHECKED: the database of advisories cannot be fetched\n{error:#}");
        if std::env::var_os("GITHUB_ACTIONS").is_some() {
            println!(
                "::warning::The dependencies were not checked against advisories: their database cannot be fetched"
            );
        }
        return Ok(false);
    }
    command::run(deny().args(["check", "--disable-fetch", "advisories"]))?;
    Ok(true)
}
