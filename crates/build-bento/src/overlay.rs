//! Packages for one build alone: a folder behind what is installed, gone when the build is done.
//!
//! What the user's environment has stays as it is and wins: only what it lacks is installed, in versions that fit it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::files::write_private;
use actions_core::process::{Command, describe};
use actions_core::runner::console;
use actions_core::{Cause, Error, Result, text};
use python_env::{Interpreter, PINNED_UV, Uv, variables};
use tempfile::TempDir;

use crate::sources::Sources;

/// How long uv may take: an index that is silent must not hold the job for ever.
const DEADLINE: Duration = Duration::from_secs(1800);
/// The last lines of uv that an error shows.
const SHOWN: usize = 12;

/// The packages of one build.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    made: Option<Made>,
    /// The lines of requirements that were installed.
    installed: BTreeSet<String>,
}

#[derive(Debug)]
struct Made {
    folder: TempDir,
    uv: Uv,
    /// `name==version` of all that the environment has.
    there: BTreeSet<String>,
}

/// One question to the resolver.
#[derive(Debug)]
struct Attempt<'a> {
    lines: &'a [&'a str],
    /// Does what the environment has keep its version?
    is_fitting: bool,
    /// May a package be built from source?
    is_built: bool,
    sources: &'a Sources,
}

/// Which versions the resolver may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Where the project's version does not fit the environment, another one does.
    AnyVersion,
    /// The project's versions, whatever the environment has.
    AsWritten,
}

impl Overlay {
    /// The folder for Python to look in, where there is one.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.made.as_ref().map(|made| made.packages())
    }

    /// The lines of requirements that it was asked for.
    pub(crate) fn installed(&self) -> impl Iterator<Item = &str> {
        self.installed.iter().map(String::as_str)
    }

    /// Was this line asked for before?
    pub(crate) fn has(&self, requirement: &str) -> bool {
        self.installed.contains(requirement)
    }

    /// Installs these lines of requirements besides those before.
    ///
    /// # Errors
    /// When there is no uv, or it finds no solution; on cancellation.
    pub(crate) async fn install(
        &mut self,
        requirements: &[String],
        sources: &Sources,
        strictness: Strictness,
        python: &Path,
        ctx: &Context,
    ) -> Result<()> {
        let _group = console::group(&format!("Install for this build: {}", requirements.join(", ")));
        let made = match self.made.take() {
            Some(made) => made,
            None => Made::new(python, ctx).await?,
        };
        let made = self.made.insert(made);
        self.installed.extend(requirements.iter().cloned());
        let lines: Vec<_> = self.installed.iter().map(String::as_str).collect();
        let names: Vec<_> = lines.iter().map(|line| without_version(line)).collect();
        // What is built from source may take long, and runs code of its own: it comes last.
        // Sources would run before anything is known of their hash.
        let may_build = !sources.requires_hashes();
        let attempt = |lines, is_fitting, is_built: bool| {
            let is_built = is_built && may_build;
            Attempt { lines, is_fitting, is_built, sources }
        };
        let attempts = match strictness {
            Strictness::AnyVersion => {
                vec![attempt(&lines, true, false), attempt(&names, true, false), attempt(&lines, true, true)]
            }
            Strictness::AsWritten => vec![attempt(&lines, true, true), attempt(&lines, false, true)],
        };
        // A pin says which package is meant, not only which version.
        let is_pinned = lines.iter().any(|line| line.split(';').next().is_some_and(|line| line.contains("==")));
        let may = |one: &&Attempt<'_>| one.lines == lines || (sources.is_open() && !is_pinned);
        let mut locked = Err(String::new());
        for attempt in attempts.iter().filter(may) {
            locked = made.resolve(attempt, python, ctx).await?;
            if locked.is_ok() {
                break;
            }
        }
        let locked = locked.map_err(|said| {
            Error::new(Cause::Build, format!("failed to install {} for this build: {said}", requirements.join(", ")))
                .hint(
                    "Correct the requirement, or make its package index known (UV_INDEX, UV_DEFAULT_INDEX); or install \
                     the package in a step before.",
                )
        })?;
        made.add(&locked, sources, python, ctx).await
    }
}

impl Made {
    async fn new(python: &Path, ctx: &Context) -> Result<Self> {
        let uv = match Uv::find(ctx).await? {
            Some(uv) => uv,
            None => Uv::fetch(PINNED_UV, &Interpreter::query(python, ctx).await?, DEADLINE, ctx).await?,
        };
        let frozen = uv
            .command(ctx)
            .env(variables::UV_PYTHON_DOWNLOADS, "never")
            .args(["pip", "freeze", "--python"])
            .arg(python);
        let frozen = frozen.deadline(DEADLINE).output(&ctx.cancel).await?;
        let there = frozen.lines().filter(|line| line.contains("==")).map(str::to_owned).collect();
        Ok(Self { folder: ctx.temp_dir("build-bento-packages-")?, uv, there })
    }

    fn packages(&self) -> PathBuf {
        self.folder.path().join("packages")
    }

    /// The exact versions of all that is missing, or what uv said.
    async fn resolve(
        &self,
        attempt: &Attempt<'_>,
        python: &Path,
        ctx: &Context,
    ) -> Result<std::result::Result<Vec<String>, String>> {
        let folder = ctx.temp_dir(".requirements-")?;
        let [asked, there, left_out, locked] =
            ["asked.in", "there.txt", "left-out.txt", "locked.txt"].map(|name| folder.path().join(name));
        // Addresses may hold credentials: no arguments.
        let lines = attempt.sources.lines().chain(attempt.lines.iter().copied());
        write_private(&asked, lines.collect::<Vec<_>>().join("\n").as_bytes())?;
        let pins = self.there.iter().map(String::as_str).filter(|_| attempt.is_fitting);
        let (local, pins): (Vec<_>, Vec<_>) = pins.partition(|pin| pin.contains('+'));
        let constraints = attempt.sources.constraints(&pins).chain(pins.iter().copied());
        write_private(&there, constraints.collect::<Vec<_>>().join("\n").as_bytes())?;
        write_private(&left_out, local.into_iter().map(never).collect::<Vec<_>>().join("\n").as_bytes())?;
        let mut command = self.command(["pip", "compile", "--quiet", "--no-annotate", "--no-header"], ctx);
        if !attempt.is_built {
            command = command.args(["--only-binary", ":all:"]);
        }
        let command =
            command.arg("--python").arg(python).arg("--constraint").arg(&there).arg("--override").arg(&left_out);
        let command = command.arg("--output-file").arg(&locked).arg(&asked);
        let ended = command.deadline(DEADLINE).stream(&ctx.cancel).await?;
        if !ended.status.success() {
            let shown = ended.tail.len().saturating_sub(SHOWN);
            let said = ended.tail.get(shown..).unwrap_or_default().join(" ");
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            return Ok(Err(if said.is_empty() { format!("uv ended with {}", describe(ended.status)) } else { said }));
        }
        let text = text::read(&locked)?;
        let missing = text.lines().filter(|line| !line.trim().is_empty() && !self.there.contains(*line));
        Ok(Ok(missing.map(str::to_owned).collect()))
    }

    /// Installs exactly these lines.
    async fn add(&self, locked: &[String], sources: &Sources, python: &Path, ctx: &Context) -> Result<()> {
        let locked = sources.with_hashes(locked)?;
        let folder = ctx.temp_dir(".requirements-")?;
        let file = folder.path().join("missing.txt");
        let options = sources.lines().filter(|_| !locked.iter().any(|line| line.starts_with('-')));
        let lines: Vec<_> = options.chain(locked.iter().map(String::as_str)).collect();
        write_private(&file, lines.join("\n").as_bytes())?;
        let mut command = self.command(["pip", "install", "--no-deps", "--python"], ctx).arg(python);
        if sources.requires_hashes() {
            command = command.arg("--require-hashes");
        }
        let command = command.arg("--target").arg(self.packages()).arg("--requirement").arg(&file);
        let ended = command.deadline(DEADLINE).stream(&ctx.cancel).await?;
        if ended.status.success() {
            return Ok(());
        }
        let said = ended.tail.join(" ");
        Err(Error::new(Cause::Build, format!("failed to install packages for this build: {said}"))
            .hint("Is the index reachable, and is there a wheel for this Python? Or install them in a step before."))
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>, ctx: &Context) -> Command {
        let arguments = arguments.into_iter().map(OsStr::new);
        self.uv.command(ctx).env(variables::UV_PYTHON_DOWNLOADS, "never").args(arguments)
    }
}

/// A version of the environment that no index has (`torch==2.4.0+cpu`): uv resolves neither it nor what it brings.
fn never(pin: &str) -> String {
    format!("{} ; python_version < '0'", pin.split("==").next().unwrap_or(pin))
}

/// The name and the extras alone; an address stays.
fn without_version(line: &str) -> &str {
    let is_address = line.contains('@') || line.contains("://") || line.starts_with('-');
    let end = if is_address { None } else { line.find(['=', '<', '>', '~', '!', ';']) };
    end.and_then(|end| line.get(..end)).unwrap_or(line).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_left_out_and_an_address_stays() {
        for (line, name) in [
            ("torch==2.1", "torch"),
            ("a[b,c]>=1,<2; python_version > '3'", "a[b,c]"),
            ("x @ git+https://h/x@v1==2", "x @ git+https://h/x@v1==2"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_version(line), name);
        }
    }
}
