//! Makes an environment: from an earlier job's, else with uv.

use std::fs;

use actions_core::action::Context;
use actions_core::programs::find_on_path;
use actions_core::{Context as _, Error, Result};
use python_env::{self, Choice, Chosen, Draft, Interpreter, PINNED_UV, Source, Uv, Version};
use url::Url;

use crate::install::{install, install_pip, newest};
use crate::kept::{Kept, Restored};
use crate::{Cached, Request, pip_settings};

/// An environment that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) python: Interpreter,
    pub(crate) bentoml: Version,
    pub(crate) uv_version: Option<String>,
    pub(crate) cached: Cached,
}

/// Makes an environment with BentoML. Until it is complete it has a temporary name, and if it never is, it is removed.
///
/// # Errors
/// When there is no Python, or something cannot be installed; on cancellation.
pub(crate) async fn provide(request: &Request, choice: &Choice, uv: Option<Uv>, ctx: &Context) -> Result<Made> {
    let (chosen, uv) = python(request, choice, uv, ctx).await?;
    let ctx = &pip_settings::apply(&chosen.python, ctx).await?;
    let mut kept = Kept::of(request, &chosen.python, ctx);
    let (restored, uv) = match &mut kept {
        Some(kept) => take(kept, request, &chosen.python, uv, ctx).await?,
        None => (None, uv),
    };
    let (draft, there, uv, before, whole) = match restored {
        Some(Restored { draft, key, there, is_here }) => (draft, there, uv, Some((key, is_here)), true),
        None => {
            let uv = uv_or_fetched(uv, request, &chosen.python, ctx).await?;
            let draft = Draft::make(&chosen.python, &uv, ctx).await?;
            let there = install(&draft, request, false, &uv, ctx).await?;
            // Many workflows go on with `pip install -r requirements.txt`: without a pip of its own in the environment these
            // packages would go where BentoML is not.
            let whole = install_pip(&draft, request, &uv, ctx).await?;
            lend_uv(&draft, &uv, ctx);
            (draft, there, Some(uv), None, whole)
        }
    };
    // A later job may get its pip.
    let kept = kept.filter(|kept| whole && kept.is_used());
    let key = kept.as_ref().map(|kept| kept.key(&there.1));
    let hit = before.as_ref().is_some_and(|(before, _)| key.as_ref() == Some(before));
    let made = finish(draft, there, uv.as_ref(), Cached { hit, key, snapshot: None }, ctx).await?;
    // What came from the tool cache as it is stands where it would be kept.
    let stands_there = hit && before.is_some_and(|(_, is_here)| is_here);
    Ok(match kept {
        Some(kept) if !stands_there => kept.keep(made, !hit, ctx),
        _ => made,
    })
}

/// The Python that was chosen, else one that uv installs, and uv where it is at hand.
async fn python(request: &Request, choice: &Choice, uv: Option<Uv>, ctx: &Context) -> Result<(Chosen, Option<Uv>)> {
    let missing = match choice {
        Choice::Fits(chosen) => return Ok((chosen.clone(), uv)),
        Choice::Missing(missing) => missing,
    };
    let uv = match (uv, &missing.other) {
        (Some(uv), _) => uv,
        (None, Some(other)) => uv_or_fetched(None, request, other, ctx).await?,
        (None, None) => return Err(missing.error()),
    };
    let source = Source { mirror: request.python_mirror.as_ref().map(Url::as_str), deadline: request.deadline };
    let chosen = python_env::install(&missing.request, source, &uv, ctx).await.context(|| missing.to_string())?;
    tracing::info!("use {chosen}");
    Ok((chosen, Some(uv)))
}

async fn uv_or_fetched(uv: Option<Uv>, request: &Request, python: &Interpreter, ctx: &Context) -> Result<Uv> {
    let version = request.uv.as_ref().map_or_else(|| PINNED_UV.to_owned(), Version::to_string);
    match uv {
        Some(uv) => Ok(uv),
        None => Uv::fetch(&version, python, request.deadline, ctx).await,
    }
}

/// An environment that an earlier job made, up to date, and the uv that is at hand after that.
///
/// # Errors
/// On cancellation only.
async fn take(
    kept: &mut Kept,
    request: &Request,
    python: &Interpreter,
    given: Option<Uv>,
    ctx: &Context,
) -> Result<(Option<Restored>, Option<Uv>)> {
    let Some(restored) = kept.restore(request, python, ctx).await? else { return Ok((None, given)) };
    if request.bentoml.is_exact() {
        return Ok((Some(restored), given));
    }
    let uv = own_uv(&restored.draft, request, given.clone(), ctx).await?;
    let uv = match uv_or_fetched(uv, request, python, ctx).await {
        Ok(uv) => uv,
        Err(_) if ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
        Err(error) => {
            tracing::warn!("whether there is a newer BentoML is not known: {}", error.full_text());
            return Ok((Some(restored), None));
        }
    };
    match update(&restored, request, &uv, ctx).await {
        Ok(there) => Ok((Some(Restored { there, ..restored }), Some(uv))),
        Err(_) if ctx.cancel.is_cancelled() => Err(Error::cancelled()),
        Err(error) => {
            tracing::warn!("BentoML is not brought up to date: {}", error.full_text());
            // It may have been changed half way.
            drop(restored);
            Ok((kept.restore(request, python, ctx).await?, given))
        }
    }
}

/// Brings BentoML up to date. What can be installed only the resolver knows: it depends on all that BentoML depends on. But
/// there is nothing to resolve where the index has nothing newer, which is a request or two, or does not answer.
async fn update(restored: &Restored, request: &Request, uv: &Uv, ctx: &Context) -> Result<(Interpreter, Version)> {
    let Restored { draft, there, .. } = restored;
    match newest(draft, request, uv, ctx).await {
        _ if ctx.cancel.is_cancelled() => Err(Error::cancelled()),
        Some(newest) if newest == there.1 => Ok(there.clone()),
        Some(_) => install(draft, request, true, uv, ctx).await,
        None => {
            tracing::warn!("whether there is a newer BentoML is not known: the package index does not tell");
            Ok(there.clone())
        }
    }
}

/// The file of uv in an environment.
fn uv_in(draft: &Draft) -> std::path::PathBuf {
    draft.python().with_file_name(format!("uv{}", std::env::consts::EXE_SUFFIX))
}

/// Puts uv beside the environment's Python where PATH has none: `bentoml build` would install one each time, and a later
/// job that gets this environment would have to fetch one.
fn lend_uv(draft: &Draft, uv: &Uv, ctx: &Context) {
    let target = uv_in(draft);
    if find_on_path(&ctx.env, "uv").is_some() || target.exists() {
        return;
    }
    // Not a second name of the same file: a step that writes into it would change the uv of later jobs.
    if let Err(error) = fs::copy(&uv.program, &target) {
        let _ = fs::remove_file(&target);
        tracing::debug!("uv is not put into the environment: {error}");
    }
}

/// The uv at hand, else the one that an environment brought along.
async fn own_uv(draft: &Draft, request: &Request, uv: Option<Uv>, ctx: &Context) -> Result<Option<Uv>> {
    let program = uv_in(draft);
    if uv.is_some() || !program.is_file() {
        return Ok(uv);
    }
    match Uv::of(program, ctx).await {
        Ok(uv) => Ok(Some(uv).filter(|uv| request.uv.as_ref().is_none_or(|wanted| *wanted == uv.version))),
        Err(_) if ctx.cancel.is_cancelled() => Err(Error::cancelled()),
        Err(_) => Ok(None),
    }
}

/// Gives a complete environment its name.
async fn finish(
    draft: Draft,
    (made, bentoml): (Interpreter, Version),
    uv: Option<&Uv>,
    cached: Cached,
    ctx: &Context,
) -> Result<Made> {
    let before = draft.folder();
    let folder = draft.finish(&format!("bentoml-{bentoml}-python-{}", made.version))?;
    let moved = made.moved(&before, &folder);
    // Where a link leads to the folder, a Python may name it otherwise.
    let is_known = moved.prefix == folder;
    let python = if is_known { moved } else { Interpreter::query(&python_env::python_in(&folder), ctx).await? };
    Ok(Made { python, bentoml, uv_version: uv.map(|uv| uv.version.to_string()), cached })
}
