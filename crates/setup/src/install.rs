//! Installs BentoML with uv.

use bento_core::action::Context;
use bento_core::process::{Command, describe};
use bento_core::python::{Chosen, Draft, Interpreter, Uv, Version};
use bento_core::runner::console;
use bento_core::{Cause, Error, Result};

use crate::{BentomlVersion, Request};

/// Makes an environment with BentoML. Until it is complete it has a temporary name, and if it never is, it is removed.
pub(crate) async fn install(
    request: &Request,
    chosen: &Chosen,
    uv: Option<Uv>,
    ctx: &Context,
) -> Result<(Interpreter, Version)> {
    let uv = match uv {
        Some(uv) => uv,
        None => Uv::fetch(&chosen.python, ctx).await?,
    };
    let requirement = request.bentoml.requirement(&request.repository);
    let group = console::group(&format!("Install {requirement}"));
    let draft = Draft::make(&chosen.python, &uv, ctx).await?;
    let python = draft.python();
    // Later steps of many workflows say `pip install -r requirements.txt`: without a pip of its own in the environment
    // these packages would go where BentoML is not.
    let arguments = ["pip", "install", "--python"].map(Into::into).into_iter();
    let arguments: Vec<std::ffi::OsString> =
        arguments.chain([python.clone().into(), requirement.clone().into(), "pip".into()]).collect();
    let ended = uv.stream(&arguments, ctx).await?;
    drop(group);
    if !ended.status.success() {
        let why = reason(&ended.tail);
        let failed = format!("failed to install {requirement} (uv: {}): {why}", describe(ended.status));
        return Err(explain(failed, request, &draft, &uv, ctx).await);
    }
    let made = Interpreter::query(&python, ctx).await?;
    let missing = || Error::failure(format!("{requirement} was installed, but it holds no distribution bentoml"));
    let bentoml = made.distribution("bentoml").ok_or_else(missing)?.version;
    let folder = draft.finish(&format!("bentoml-{bentoml}-python-{}", made.version))?;
    let python = Interpreter::query(&bento_core::python::python_in(&folder), ctx).await?;
    Ok((python, bentoml))
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

async fn nearest(requirement: &str, resolution: &str, draft: &Draft, uv: &Uv, ctx: &Context) -> Option<String> {
    let file = draft.folder().join("nearest.in");
    std::fs::write(&file, requirement).ok()?;
    let asking = Command::new(&uv.program).inherit(&ctx.env).args(["pip", "compile", "--quiet", "--no-deps"]);
    let asking = asking.args(["--no-header", "--no-annotate", "--resolution", resolution, "--python"]);
    let answer = asking.arg(draft.python()).arg(&file).output(&ctx.cancel).await.ok()?;
    answer.lines().find_map(|line| line.trim().strip_prefix("bentoml==")).map(str::to_owned)
}
