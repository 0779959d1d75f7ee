//! Installs BentoML with uv.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use bento_core::action::Context;
use bento_core::process::{Command, describe};
use bento_core::python::{Chosen, Draft, Interpreter, Uv, Version};
use bento_core::runner::console;
use bento_core::{Cause, Error, Result};

use crate::cache::{EnvironmentCache, Restored};
use crate::{BentomlVersion, Cached, Request};

/// An environment that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) python: Interpreter,
    pub(crate) bentoml: Version,
    pub(crate) uv_version: Option<String>,
    pub(crate) cached: Cached,
}

/// Makes an environment with BentoML: from the cache, else with uv. Until it is complete it has a temporary name, and if
/// it never is, it is removed.
pub(crate) async fn provide(request: &Request, chosen: &Chosen, uv: Option<Uv>, ctx: &Context) -> Result<Made> {
    let Some(cache) = EnvironmentCache::of(request, &chosen.python, ctx) else {
        let uv = uv_or_fetched(uv, request, &chosen.python, ctx).await?;
        let draft = Draft::make(&chosen.python, &uv, ctx).await?;
        install(&draft, request, false, &uv, ctx).await?;
        let there = installed(&draft.python(), ctx).await?;
        return finish(draft, there, Some(&uv), Cached::default(), ctx).await;
    };
    let restored = cache.restore(request, &chosen.python, ctx).await?;
    if let Some(Restored { draft, key, there }) = restored {
        if request.bentoml.is_exact() {
            let cached = Cached { hit: true, key: Some(key), snapshot: None };
            return finish(draft, there, uv.as_ref(), cached, ctx).await;
        }
        // The newest that can be installed may be newer by now, which only the resolver knows. What is there is not
        // looked up again: this costs a request or two.
        let uv = uv_or_fetched(uv, request, &chosen.python, ctx).await?;
        if let Err(error) = install(&draft, request, true, &uv, ctx).await {
            if ctx.cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            // uv changes nothing before it knows all that it will change.
            tracing::warn!("whether there is a newer BentoML is not known: {}", error.full_text());
        }
        let there = installed(&draft.python(), ctx).await?;
        let now = cache.key(&there.1);
        let cached = Cached { hit: now == key, key: Some(now), snapshot: None };
        let made = finish(draft, there, Some(&uv), cached, ctx).await?;
        return Ok(if made.cached.hit { made } else { cache.keep(made, ctx) });
    }
    let uv = uv_or_fetched(uv, request, &chosen.python, ctx).await?;
    let draft = Draft::make(&chosen.python, &uv, ctx).await?;
    install(&draft, request, false, &uv, ctx).await?;
    let there = installed(&draft.python(), ctx).await?;
    let cached = Cached { hit: false, key: Some(cache.key(&there.1)), snapshot: None };
    finish(draft, there, Some(&uv), cached, ctx).await.map(|made| cache.keep(made, ctx))
}

async fn uv_or_fetched(uv: Option<Uv>, request: &Request, python: &Interpreter, ctx: &Context) -> Result<Uv> {
    match (uv, &request.uv) {
        (Some(uv), _) => Ok(uv),
        (None, Some(version)) => Uv::fetch_version(&version.to_string(), python, ctx).await,
        (None, None) => Uv::fetch(python, ctx).await,
    }
}

/// Installs what is asked for, or brings BentoML up to date in an environment that has it.
async fn install(draft: &Draft, request: &Request, upgrade: bool, uv: &Uv, ctx: &Context) -> Result<()> {
    let requirement = request.bentoml.requirement(&request.more.extras, &request.repository);
    let _group = console::group(&format!("{} {requirement}", if upgrade { "Update" } else { "Install" }));
    let mut arguments: Vec<OsString> = ["pip", "install", "--compile-bytecode", "--python"].map(Into::into).into();
    arguments.push(draft.python().into());
    if upgrade {
        arguments.extend(["--upgrade-package", "bentoml"].map(Into::into));
    }
    // Later steps of many workflows say `pip install -r requirements.txt`: without a pip of its own in the environment
    // these packages would go where BentoML is not.
    arguments.extend(request.arguments().into_iter().chain(["pip".to_owned()]).map(Into::into));
    let ended = uv.stream(&arguments, ctx).await?;
    if ended.status.success() {
        return Ok(());
    }
    let failed = format!("failed to install {requirement} (uv: {}): {}", describe(ended.status), reason(&ended.tail));
    Err(explain(failed, request, draft, uv, ctx).await)
}

/// The Python of an environment and its BentoML.
pub(crate) async fn installed(python: &Path, ctx: &Context) -> Result<(Interpreter, Version)> {
    let python = Interpreter::query(python, ctx).await?;
    let missing = || Error::failure("what was installed holds no distribution bentoml");
    let bentoml = python.distribution("bentoml").ok_or_else(missing)?.version;
    Ok((python, bentoml))
}

/// Gives a complete environment its name.
async fn finish(
    draft: Draft,
    (made, bentoml): (Interpreter, Version),
    uv: Option<&Uv>,
    cached: Cached,
    ctx: &Context,
) -> Result<Made> {
    let folder = draft.finish(&format!("bentoml-{bentoml}-python-{}", made.version))?;
    let python = Interpreter::query(&bento_core::python::python_in(&folder), ctx).await?;
    Ok(Made { python, bentoml, uv_version: uv.map(|uv| uv.version.to_string()), cached })
}

/// What uv printed from its error on, on one line.
fn reason(printed: &[String]) -> String {
    let lines: Vec<_> = printed.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    let is_error = |line: &&str| line.starts_with("error") || line.starts_with('×');
    let start = lines.iter().position(is_error).unwrap_or(0);
    lines[start..].join(" ")
}

/// Which versions there are instead, where it was the version that is wrong.
async fn explain(failed: String, request: &Request, draft: &Draft, uv: &Uv, ctx: &Context) -> Error {
    let BentomlVersion::Exact(version) = &request.bentoml else {
        return Error::failure(failed).hint("The lines above are uv's own.");
    };
    let unknown = ["there is no version of", "was not found in the package registry"];
    if !unknown.iter().any(|words| failed.contains(words)) {
        return Error::failure(failed).hint("The lines above are uv's own.");
    }
    let below = nearest(&format!("bentoml<{version}"), "highest", draft, uv, ctx).await;
    let above = nearest(&format!("bentoml>{version}"), "lowest", draft, uv, ctx).await;
    let near: Vec<_> = below.into_iter().chain(above).collect();
    let error = Error::new(Cause::Input, format!("input bentoml-version: there is no bentoml {version} to install"));
    if near.is_empty() {
        return error.hint("No other version can be installed either: look at the package index.");
    }
    error.hint(format!("The nearest versions are {}.", near.join(" and ")))
}

/// How long the index may take to name a version that would do: the error is certain without it.
const ASKING: Duration = Duration::from_secs(30);

async fn nearest(requirement: &str, resolution: &str, draft: &Draft, uv: &Uv, ctx: &Context) -> Option<String> {
    let file = draft.folder().join("nearest.in");
    std::fs::write(&file, requirement).ok()?;
    let asking = Command::new(&uv.program).inherit(&ctx.env).args(["pip", "compile", "--quiet", "--no-deps"]);
    let asking = asking.args(["--no-header", "--no-annotate", "--resolution", resolution, "--python"]);
    let answer = asking.arg(draft.python()).arg(&file).deadline(ASKING).output(&ctx.cancel).await.ok()?;
    answer.lines().find_map(|line| line.trim().strip_prefix("bentoml==")).map(str::to_owned)
}
