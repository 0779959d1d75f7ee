//! Installs BentoML with uv.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::files::write_private;
use actions_core::process::describe;
use actions_core::runner::console;
use actions_core::{Cause, Context as _, Error, Result};
use python_env::{Draft, Interpreter, Uv, Version};

use crate::verify::{self, installed};
use crate::{BentomlVersion, Request, constraints, moving, pip_settings};

/// Installs what is asked for, or brings BentoML up to date in an environment that has it. BentoML starts when this is done: nothing
/// else is called installed.
///
/// # Errors
/// When something cannot be had, does not build, or BentoML does not start with it; on cancellation.
pub(crate) async fn install(
    draft: &Draft,
    request: &Request,
    upgrade: bool,
    uv: &Uv,
    ctx: &Context,
) -> Result<(Interpreter, Version)> {
    let known = match &request.bentoml {
        BentomlVersion::Exact(version) => constraints::of(version),
        _ => Vec::new(),
    };
    run_uv(draft, request, upgrade, &known, uv, ctx).await?;
    let mut there = installed(&draft.python(), ctx).await?;
    // Which version a range ends with only the resolver knows.
    let needed = constraints::of(&there.1);
    if needed != known {
        run_uv(draft, request, false, &needed, uv, ctx).await?;
        there = installed(&draft.python(), ctx).await?;
    }
    verify::has_extras(&there, &request.more.extras)?;
    verify::starts(&there, ctx).await?;
    Ok(there)
}

async fn run_uv(
    draft: &Draft,
    request: &Request,
    upgrade: bool,
    constraints: &[&str],
    uv: &Uv,
    ctx: &Context,
) -> Result<()> {
    let requirement = request.requirement();
    let _group = console::group(&format!("{} {requirement}", if upgrade { "Update" } else { "Install" }));
    // Requirements may hold credentials: no arguments.
    let packages = &request.more.packages;
    let of_file = packages.iter().filter(|line| option(line).is_none()).map(String::as_str);
    let constrained = (!constraints.is_empty()).then_some("--constraint constraints.txt");
    let lines: Vec<_> = [&*requirement].into_iter().chain(of_file).chain(constrained).collect();
    let folder = ctx.temp_dir(".requirements-")?;
    let file = folder.path().join("requirements.txt");
    // As an argument it would take the place of UV_CONSTRAINT.
    write_private(&folder.path().join("constraints.txt"), constraints.join("\n").as_bytes())?;
    write_private(&file, lines.join("\n").as_bytes())?;
    let mut arguments: Vec<OsString> = ["pip", "install", "--python"].map(Into::into).into();
    arguments.push(draft.python().into());
    if request.compile {
        arguments.push("--compile-bytecode".into());
    }
    arguments.extend(pip_settings::options(&ctx.env).into_iter().map(OsString::from));
    if upgrade {
        arguments.extend(["--upgrade-package", "bentoml"].map(Into::into));
    }
    arguments.extend(packages.iter().filter_map(|line| option(line)).flatten());
    let mut files = vec![file];
    for (index, given) in request.more.requirements.iter().enumerate() {
        files.push(match &given.rewritten {
            None => for_uv(&given.file, ctx)?,
            Some(text) => {
                let file = folder.path().join(format!("project-{index}.txt"));
                write_private(&file, text.as_bytes())?;
                file
            }
        });
    }
    arguments.extend(files.into_iter().flat_map(|file| ["--requirements".into(), file.into()]));
    let doing = format!("failed to install {requirement}");
    let ended = uv.stream(&arguments, request.deadline, ctx).await.map_err(|error| match error.cause() {
        Cause::Timeout => Error::new(Cause::Timeout, doing.clone()).caused_by(error).hint(
            "The package index is slow or silent. The input install-timeout of the setup action says how long it may take, \
             UV_HTTP_TIMEOUT how long one answer may.",
        ),
        _ => error,
    })?;
    if ended.status.success() {
        return Ok(());
    }
    let failed = format!("{doing} (uv: {}): {}", describe(ended.status), reason(&ended.tail));
    Err(explain(failed, request, draft, uv, ctx).await)
}

/// uv takes no path as an argument that is not UTF-8. It runs in the workspace, whose own path need not be named.
fn for_uv(file: &Path, ctx: &Context) -> Result<PathBuf> {
    let below = file.strip_prefix(ctx.workspace()).unwrap_or(file);
    match [file, below].into_iter().find(|file| file.to_str().is_some()) {
        Some(file) => Ok(file.to_owned()),
        None => Err(not_utf8(file)),
    }
}

/// The error of a path that cannot be handed to uv.
pub(crate) fn not_utf8(path: &Path) -> Error {
    Error::input(format!("{} is not UTF-8: uv takes no such path", path.display()))
        .hint("Give the file or folder another name, or move it out of the folder that has this name.")
}

/// The arguments for a line that uv passes over in a file of requirements.
fn option(line: &str) -> Option<[OsString; 2]> {
    let host = || moving::value(line, &["--trusted-host"]).map(|host| ["--allow-insecure-host".into(), host.into()]);
    if line == "--pre" { Some(["--prerelease", "allow"].map(Into::into)) } else { host() }
}

/// Installs pip, as it comes: compiling it takes a sixth of the time that everything takes, and later steps that use it at
/// all use it once. False where it cannot be had.
///
/// # Errors
/// On cancellation only.
pub(crate) async fn install_pip(draft: &Draft, request: &Request, uv: &Uv, ctx: &Context) -> Result<bool> {
    let python = draft.python();
    let arguments = ["pip", "install", "--quiet", "pip", "--python"].map(OsString::from).into_iter();
    let arguments = arguments.chain([python.into()]).chain(pip_settings::options(&ctx.env).into_iter().map(Into::into));
    let ended = uv.stream(arguments, request.deadline, ctx).await;
    match ended {
        Ok(ended) if ended.status.success() => Ok(true),
        Err(_) if ctx.cancel.is_cancelled() => Err(Error::cancelled()),
        _ => {
            tracing::warn!(
                "pip cannot be installed: what a later step installs with pip will not be where BentoML is; use uv pip install"
            );
            Ok(false)
        }
    }
}

/// What uv printed from its error on, on one line.
fn reason(printed: &[String]) -> String {
    let lines: Vec<_> = printed.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    let is_error = |line: &&str| line.starts_with("error") || line.starts_with('×');
    let start = lines.iter().position(is_error).unwrap_or(0);
    lines.get(start..).unwrap_or_default().join(" ")
}

/// What to do about it; which versions there are instead, where it was the version that is wrong.
async fn explain(failed: String, request: &Request, draft: &Draft, uv: &Uv, ctx: &Context) -> Error {
    let says = |words: &[&str]| words.iter().any(|words| failed.contains(words));
    let hint = if says(&["No space left on device", "os error 28"]) {
        "The disk of RUNNER_TEMP, or of uv's own cache (UV_CACHE_DIR), is full."
    } else if says(&["Hash mismatch"]) {
        "A package is not what its index says it is: it was changed or damaged on its way. Look at the index or its mirror."
    } else if says(&["401 Unauthorized", "403 Forbidden"]) {
        "The package index does not accept the credentials: look at index-url and extra-index-url, wherever they are set."
    } else if says(&["there are no versions of bentoml", "bentoml was not found in the package registry"]) {
        "The package index lists no bentoml: is index-url the address of an index, such as https://pypi.example.com/simple?"
    } else {
        "The lines above are uv's own."
    };
    let BentomlVersion::Exact(version) = &request.bentoml else { return Error::failure(failed).hint(hint) };
    if !says(&["there is no version of bentoml", "bentoml was not found in the package registry"]) {
        return Error::failure(failed).hint(hint);
    }
    let mut near = Vec::new();
    for (requirement, resolution) in
        [(format!("bentoml<{version}"), "highest"), (format!("bentoml>{version}"), "lowest")]
    {
        match nearest(&requirement, resolution, draft, uv, ctx).await {
            Ok(found) => near.extend(found.map(|version| version.to_string())),
            // Once silent, it is not asked again.
            Err(error) if error.cause() == Cause::Timeout => break,
            Err(_) => {}
        }
    }
    let error = Error::new(Cause::Input, format!("there is no bentoml {version} to install"));
    if near.is_empty() {
        return error.hint("No other version can be installed either: look at the package index.");
    }
    error.hint(format!("The nearest versions are {}.", near.join(" and ")))
}

/// How long the index may take to name a version that would do: the error is certain without it.
const ASKING: Duration = Duration::from_secs(30);

async fn nearest(
    requirement: &str,
    resolution: &str,
    draft: &Draft,
    uv: &Uv,
    ctx: &Context,
) -> Result<Option<Version>> {
    let file = draft.folder().with_file_name("nearest.in");
    std::fs::write(&file, requirement).context(|| format!("failed to write {}", file.display()))?;
    let asking = uv.command(ctx).args(["pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate"]);
    let asking = asking.args(["--resolution", resolution, "--python"]).arg(draft.python()).arg(&file);
    let asking = asking.args(pip_settings::options(&ctx.env));
    let answer = asking.deadline(ASKING).output(&ctx.cancel).await?;
    Ok(answer.lines().find_map(|line| line.trim().strip_prefix("bentoml==")?.parse().ok()))
}

/// The newest BentoML that answers the request, whether what it depends on can be had or not; `None` where that is not
/// known.
pub(crate) async fn newest(draft: &Draft, request: &Request, uv: &Uv, ctx: &Context) -> Option<Version> {
    nearest(&request.bentoml.requirement(&[], ""), "highest", draft, uv, ctx).await.ok().flatten()
}
