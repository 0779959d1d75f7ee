//! What was installed is looked at before it is called installed.

use std::path::Path;
use std::time::Duration;

use actions_core::action::Context;
use actions_core::process::Command;
use actions_core::{Error, Result};
use bento_format::variables;
use python_env::{Interpreter, Version};

/// The first start compiles what it imports, on a slow disk from a cold cache.
const DEADLINE: Duration = Duration::from_secs(300);
const NAME: &str = "bentoml";

/// The Python of an environment and its BentoML, as the files say: metadata, and a command.
///
/// # Errors
/// When the Python does not run, or has no BentoML or no command of it.
pub(crate) async fn installed(python: &Path, ctx: &Context) -> Result<(Interpreter, Version)> {
    let python = Interpreter::query(python, ctx).await?;
    let bentoml = python.distribution(NAME).map(|found| found.version);
    let bentoml = bentoml.ok_or_else(|| Error::failure("what was installed holds no distribution bentoml"))?;
    if !python.scripts.join(format!("{NAME}{}", std::env::consts::EXE_SUFFIX)).is_file() {
        return Err(Error::failure(format!("what was installed as bentoml {bentoml} holds no command bentoml")));
    }
    Ok((python, bentoml))
}

/// The BentoML that this Python has already, if it has a command, too; else nothing, and a remark where there is one without.
pub(crate) fn there_already(python: &Interpreter, remarks: &mut Vec<String>, ctx: &Context) -> Option<Version> {
    let bentoml = python.distribution(NAME)?.version;
    if python.command(NAME, &ctx.env).is_some() {
        return Some(bentoml);
    }
    remarks.push(format!(
        "bentoml {bentoml} of {} is not used: it has no command bentoml, neither in {} nor on PATH",
        python.executable.display(),
        python.scripts.display()
    ));
    None
}

/// A resolver passes over an extra that a package does not have.
///
/// # Errors
/// When this BentoML has none of that name.
pub(crate) fn has_extras((python, bentoml): &(Interpreter, Version), extras: &[String]) -> Result<()> {
    let Some(found) = python.distribution(NAME).filter(|_| !extras.is_empty()) else { return Ok(()) };
    let there = found.extras();
    let same =
        |one: &str, other: &str| one.replace(['_', '.'], "-").eq_ignore_ascii_case(&other.replace(['_', '.'], "-"));
    match extras.iter().find(|extra| !there.iter().any(|known| same(known, extra))) {
        None => Ok(()),
        Some(extra) => Err(Error::input(format!("input extras: bentoml {bentoml} has no extra {extra:?}"))
            .hint(format!("It has {}.", if there.is_empty() { "none".to_owned() } else { there.join(", ") }))),
    }
}

/// Starts BentoML: only then all that it imports is there and fits.
///
/// # Errors
/// When `bentoml --version` does not answer; on cancellation.
pub(crate) async fn starts((python, bentoml): &(Interpreter, Version), ctx: &Context) -> Result<()> {
    let command = python.scripts.join(format!("{NAME}{}", std::env::consts::EXE_SUFFIX));
    answer(python, &command, ctx).await?.map_err(|said| does_not_start(bentoml, &said))
}

/// Does the BentoML that is there already start? Where it does not, a remark says why it is not used.
///
/// # Errors
/// On cancellation.
pub(crate) async fn is_usable(
    python: &Interpreter,
    bentoml: &Version,
    remarks: &mut Vec<String>,
    ctx: &Context,
) -> Result<bool> {
    let Some(command) = python.command(NAME, &ctx.env) else { return Ok(false) };
    let Err(said) = answer(python, &command, ctx).await? else { return Ok(true) };
    remarks
        .push(format!("bentoml {bentoml} of {} is not used: it does not start: {said}", python.executable.display()));
    Ok(false)
}

/// Asks `bentoml --version`; what it says where that is not the answer.
async fn answer(python: &Interpreter, command: &Path, ctx: &Context) -> Result<Result<(), String>> {
    let home = ctx.temp_dir(".bentoml-home-")?;
    // The command of a relocatable environment is a script of the shell's and of Python's alike: this way no other program is needed.
    let direct = cfg!(windows) || !command.starts_with(&python.scripts);
    let asking = if direct { Command::new(command) } else { Command::new(&python.executable).arg(command) };
    let asking = asking.inherit(&ctx.env).arg("--version").deadline(DEADLINE);
    // Nothing is reported to BentoML's makers, and nothing is written to the user's store.
    let asking = asking.env(variables::BENTOML_DO_NOT_TRACK, "True").env(variables::BENTOML_HOME, home.path());
    let said = match asking.output(&ctx.cancel).await {
        Ok(answer) if answer.lines().any(|line| line.contains("version")) => return Ok(Ok(())),
        Err(_) if ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
        Ok(answer) => answer,
        Err(error) => error.to_string(),
    };
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it says nothing");
    Ok(Err(last.to_owned()))
}

fn does_not_start(bentoml: &Version, said: &str) -> Error {
    Error::failure(format!("bentoml {bentoml} was installed but does not start: {said}")).hint(
        "One of the packages that it needs does not fit it. Ask for a newer BentoML, or name a release of that package that does in the \
         input packages of the setup action, such as setuptools<81 where pkg_resources is missing. Nothing was kept or put on PATH.",
    )
}
