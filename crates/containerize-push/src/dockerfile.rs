//! The Dockerfile that BentoML wrote for the Bento, and what is changed in it before the engine reads it.

#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod models;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod syntax;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use actions_core::{Error, Location, Result};
use syntax::{Copy, arguments, instructions, keyword, lineage, parents, stage_of, stages};

pub(crate) use models::Scripts;

/// Where pip and uv keep what they downloaded.
///
/// The options, and which instructions get them, are those of `bentoml containerize`: either finds the other's cache.
const CACHE_MOUNT: &str = "--mount=type=cache,sharing=locked,target=/root/.cache/ ";

/// The longest Dockerfile that is read, bytes.
pub(crate) const LONGEST: u64 = 1024 * 1024;
/// The most stages of one.
const MOST_STAGES: usize = 1000;
/// The most instructions of one, comments apart.
const MOST_INSTRUCTIONS: usize = 10_000;
/// How much of the Bento's scripts is looked into for one Dockerfile, bytes.
const SCRIPTS: usize = 32 * 1024 * 1024;

/// A Dockerfile's text.
#[derive(Debug, Clone)]
pub(crate) struct Dockerfile(String);

/// Where the image keeps the Bento, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Absolute, without a slash at its end.
    pub(crate) folder: String,
    /// The user's number.
    pub(crate) uid: u64,
    /// The group's number.
    pub(crate) gid: u64,
}

impl Dockerfile {
    #[cfg(test)]
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It has more stages or instructions than anybody writes.
    pub(crate) fn parse(text: String, file: &Path) -> Result<Self> {
        let (mut line, mut stages, mut count) = (1_usize, 0_usize, 0_usize);
        for piece in instructions(&text) {
            let keyword = keyword(piece);
            if !keyword.is_empty() && !keyword.starts_with('#') {
                count = count.saturating_add(1);
                stages = stages.saturating_add(usize::from(keyword == "FROM"));
            }
            let all = [(stages, MOST_STAGES, "stages"), (count, MOST_INSTRUCTIONS, "instructions")];
            if let Some((_, most, what)) = all.into_iter().find(|(count, most, _)| count > most) {
                return Err(too_large(file, &format!("{most} {what}"), line));
            }
            line = line.saturating_add(piece.matches('\n').count());
        }
        Ok(Self(text))
    }

    /// The text, for the engine.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Where the image will keep the Bento: what `ARG` declares, over it the user's build arguments. A Dockerfile that
    /// BentoML did not write may set the variable itself, or say by WORKDIR where the Bento is copied to. `target` is the stage
    /// that makes the image, where it is not the last one.
    pub(crate) fn place(&self, build_args: &[String], target: Option<&str>) -> Place {
        let value = |name: &str| {
            let given = build_args.iter().rev().find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='));
            given.map(str::to_owned).or_else(|| self.argument(name))
        };
        let number = |name: &str| value(name).and_then(|value| value.parse().ok()).unwrap_or(1034);
        let folder = value("BENTO_PATH").or_else(|| self.folder(target));
        let folder = folder.unwrap_or_else(|| "/home/bentoml/bento".into()).trim_end_matches('/').to_owned();
        Place { folder, uid: number("BENTO_USER_UID"), gid: number("BENTO_USER_GID") }
    }

    fn argument(&self, name: &str) -> Option<String> {
        let value =
            |line: &str| Some(line.strip_prefix("ARG ")?.trim().strip_prefix(name)?.strip_prefix('=')?.to_owned());
        self.0.lines().find_map(value).map(|value| value.trim_matches('"').to_owned())
    }

    /// The value of `ENV BENTO_PATH`; else where the stage, or one that it begins from, copies the whole Bento to, or works in
    /// the end.
    fn folder(&self, target: Option<&str>) -> Option<String> {
        let pieces: Vec<_> = instructions(&self.0).collect();
        let stages = stages(&pieces);
        let stage = stage_of(&pieces, &stages, target)?;
        let (mut set, mut current, mut copied) = (None, PathBuf::new(), None);
        let parents = parents(&pieces, &stages);
        for instruction in lineage(&stages, &parents, stage).into_iter().filter_map(|at| pieces.get(at)) {
            let arguments = arguments(instruction);
            match keyword(instruction).as_str() {
                "ENV" => {
                    let value = arguments.strip_prefix("BENTO_PATH").and_then(|rest| rest.strip_prefix(['=', ' ']));
                    set = value.map(|value| PathBuf::from(value.trim_matches('"'))).or(set);
                }
                "WORKDIR" => current.push(arguments.trim_matches('"')),
                _ => {
                    let copy = Copy::parse(instruction).filter(Copy::is_whole);
                    copied = copy.map(|copy| current.join(copy.target)).or(copied);
                }
            }
        }
        let folder: PathBuf = set.or(copied).unwrap_or(current).components().collect();
        let folder = folder.to_str().map(str::to_owned);
        folder.filter(|folder| folder.starts_with('/') && !folder.contains('$'))
    }

    /// Does an instruction of the build itself read or change the models? Copying the whole Bento does not, and before it is
    /// copied a command finds none. Scripts of the Bento that a command starts are looked into.
    pub(crate) fn reads_models(&self, place: &Place, scripts: &Scripts<'_>) -> bool {
        let pieces: Vec<_> = instructions(&self.0).collect();
        let stages = stages(&pieces);
        pieces.iter().any(|piece| models::takes(piece))
            || survey(&pieces, &stages, place, scripts).iter().any(|stage| stage.runs)
    }

    /// With the models that an instruction names taken from this build context; none where no instruction does.
    pub(crate) fn with_models_from(&self, context: &str) -> Option<Self> {
        let text: String = instructions(&self.0).map(|one| models::from_context(one, context)).collect();
        if text == self.0 { None } else { Some(Self(text)) }
    }

    /// With a cache for pip and uv in every `RUN` that installs packages and has none. This needs BuildKit.
    #[must_use]
    pub(crate) fn with_caches(&self) -> Self {
        let installs = |run: &str| run.contains("pip install -r") || run.contains("install.sh");
        let mut text = String::new();
        for instruction in instructions(&self.0) {
            match instruction.strip_prefix("RUN ") {
                Some(run) if installs(run) && !run.contains("--mount=type=cache") => {
                    text.push_str("RUN ");
                    text.push_str(CACHE_MOUNT);
                    text.push_str(run);
                }
                _ => text.push_str(instruction),
            }
        }
        Self(text)
    }

    /// Without cache mounts, for builders that know none.
    ///
    /// # Errors
    /// There is another kind of mount, which is named: without it the build would do something else.
    pub(crate) fn without_caches(&self) -> Result<Self, String> {
        let mut text = String::new();
        for instruction in instructions(&self.0) {
            let Some(mut run) = instruction.strip_prefix("RUN ") else {
                text.push_str(instruction);
                continue;
            };
            text.push_str("RUN ");
            while let Some(mount) = run.trim_start().strip_prefix("--mount=") {
                let (mount, rest) = mount.split_once(char::is_whitespace).unwrap_or((mount, ""));
                if !mount.split(',').any(|field| field == "type=cache") {
                    return Err(format!("--mount={mount}"));
                }
                run = rest;
            }
            text.push_str(run.trim_start_matches([' ', '\t']));
        }
        Ok(Self(text))
    }

    /// The images that it starts from, as far as they are written out.
    pub(crate) fn bases(&self) -> Vec<String> {
        let words = self.0.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let names = words.filter(|words| words.first().is_some_and(|word| word.eq_ignore_ascii_case("FROM")));
        let names = names.filter_map(|words| words[1..].iter().find(|word| !word.starts_with("--")).copied());
        names.filter(|name| !name.contains('$')).map(str::to_owned).collect()
    }

    /// With the instruction that copies the whole context naming what is to be copied, folders apart from files: what
    /// else is in the context stays out.
    #[must_use]
    pub(crate) fn with_copied(&self, folders: &[String], files: &[String]) -> Self {
        let mut text = String::new();
        for instruction in instructions(&self.0) {
            let Some(copy) = Copy::parse(instruction).filter(Copy::is_whole) else {
                text.push_str(instruction);
                continue;
            };
            let target = format!("{}/", copy.target.trim_end_matches('/'));
            if !files.is_empty() {
                let files: Vec<_> = files.iter().map(String::as_str).collect();
                text.push_str(&copy.of(&files, &target, None));
            }
            for folder in folders {
                text.push_str(&copy.of(&[folder], &format!("{target}{folder}/"), None));
            }
        }
        Self(text)
    }

    /// With more lines before the instruction that copies the whole Bento: for the stage that makes the image, where they
    /// stand at the end if nothing copies it, and for those whose commands run on the models. A stage may have it from one
    /// that it begins from.
    #[must_use]
    pub(crate) fn with_before_source(
        &self,
        lines: &str,
        place: &Place,
        target: Option<&str>,
        scripts: &Scripts<'_>,
    ) -> Self {
        let pieces: Vec<_> = instructions(&self.0).collect();
        let stages = stages(&pieces);
        let last = stage_of(&pieces, &stages, target);
        let mut places = BTreeSet::new();
        for (number, (stage, has)) in stages.iter().zip(survey(&pieces, &stages, place, scripts)).enumerate() {
            let makes = Some(number) == last;
            match has.copied {
                Some(at) if makes || has.runs => places.insert(at),
                None if makes => places.insert(stage.end),
                _ => false,
            };
        }
        let mut text = String::new();
        for at in 0..=pieces.len() {
            if places.contains(&at) {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(lines);
            }
            text.push_str(pieces.get(at).copied().unwrap_or_default());
        }
        Self(text)
    }
}

/// Does it copy the whole context?
fn copies_all(instruction: &str) -> bool {
    Copy::parse(instruction).is_some_and(|copy| copy.is_whole())
}

/// What a stage has, with all that it begins from.
#[derive(Debug, Clone, Copy, Default)]
struct Survey {
    /// The instruction that copies the whole Bento.
    copied: Option<usize>,
    /// Does a command behind it read or change the models?
    runs: bool,
}

/// What the stages have, in their order. Each instruction is looked at once.
fn survey(pieces: &[&str], stages: &[Range<usize>], place: &Place, scripts: &Scripts<'_>) -> Vec<Survey> {
    let left = Cell::new(SCRIPTS);
    let bounded = |path: &str| {
        let script = scripts(path).filter(|script| script.len() <= left.get())?;
        left.set(left.get().saturating_sub(script.len()));
        Some(script)
    };
    let mut all: Vec<Survey> = Vec::new();
    for (stage, parent) in stages.iter().zip(parents(pieces, stages)) {
        let mut has = parent.and_then(|parent| all.get(parent)).copied().unwrap_or_default();
        for (at, piece) in stage.clone().filter_map(|at| Some((at, pieces.get(at)?))) {
            has.copied = has.copied.or_else(|| copies_all(piece).then_some(at));
            has.runs = has.runs || (has.copied.is_some() && models::runs_on(piece, place, &bounded));
        }
        all.push(has);
    }
    all
}

fn too_large(file: &Path, limit: &str, line: usize) -> Error {
    Error::input(format!("{} is a Dockerfile with more than {limit}", file.display()))
        .hint("Write a smaller one: what is copied or run in bulk can stand in a script.")
        .at(Location { file: file.to_owned(), line: u32::try_from(line).ok(), column: None })
}
