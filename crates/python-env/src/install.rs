//! Installs a Python that the machine lacks, with uv.

use std::time::Duration;

use actions_core::action::Context;
use actions_core::process::describe;
use actions_core::{Error, Result};

use super::candidates::{self, Place};
use super::find::Chosen;
use super::{Interpreter, PythonRequest, Uv, Wanted};
use crate::variables;

/// Where uv takes a Python from, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Stands in place of `https://github.com/astral-sh/python-build-standalone/releases/download`; `http`, `https` or `file`.
    pub mirror: Option<&'a str>,
    /// How long one may take.
    pub deadline: Duration,
}

/// Installs a Python for the first form that uv has one for, where uv keeps its Pythons. uv checks the hash that it knows
/// of each.
///
/// # Errors
/// When there is none for any of the forms; when it cannot be had, or the environment forbids it (UV_PYTHON_DOWNLOADS). On
/// cancellation.
pub async fn install(request: &PythonRequest, source: Source<'_>, uv: &Uv, ctx: &Context) -> Result<Chosen> {
    let mut last = None;
    for wanted in request.forms() {
        match install_one(wanted, source, uv, ctx).await {
            Ok(chosen) => return Ok(chosen),
            Err(_) if ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
            Err(error) => {
                if let Some(earlier) = last.replace(error) {
                    tracing::info!("{}", earlier.full_text());
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| Error::failure("no version of Python was asked for")))
}

async fn install_one(wanted: &Wanted, source: Source<'_>, uv: &Uv, ctx: &Context) -> Result<Chosen> {
    // Versions of uv that do not know these two ignore them: nothing but the Python itself is wanted.
    let command =
        uv.command(ctx).env(variables::UV_PYTHON_INSTALL_BIN, "0").env(variables::UV_PYTHON_INSTALL_REGISTRY, "0");
    // It may hold credentials: no argument.
    let command = match source.mirror {
        Some(mirror) => command.env(variables::UV_PYTHON_INSTALL_MIRROR, mirror),
        None => command,
    };
    let ended = command.args(["python", "install", &wanted.specifiers()]).deadline(source.deadline);
    let ended = ended.stream(&ctx.cancel).await?;
    let hint = "Run actions/setup-python with the version before this step; in a closed network name a mirror in the input \
                python-mirror of the setup action.";
    if !ended.status.success() {
        let said = ended.tail.join(" ");
        return Err(Error::failure(format!(
            "failed to install Python {wanted} (uv: {}): {}",
            describe(ended.status),
            said.trim()
        ))
        .hint(hint));
    }
    let found = candidates::of_uv(&ctx.env, Place::Installed).into_iter().find(|found| found.fits(wanted));
    let found = found.ok_or_else(|| Error::failure(format!("uv installed no Python {wanted}")).hint(hint))?;
    let python = Interpreter::query(&found.program, ctx).await?;
    Ok(Chosen { python, place: found.place, wanted: wanted.clone(), other_architecture: false })
}
