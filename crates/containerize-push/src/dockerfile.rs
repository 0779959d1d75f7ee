//! The Dockerfile that BentoML wrote for the Bento, and what is changed in it before the engine reads it.

#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod models;
mod syntax;

use std::path::PathBuf;

use syntax::{Copy, arguments, instructions, keyword, lineage, stage_of, stages};

pub(crate) use models::Scripts;

/// Where pip and uv keep what they downloaded.
///
/// The options, and which instructions get them, are those of `bentoml containerize`: either finds the other's cache.
const CACHE_MOUNT: &str = "--mount=type=cache,sharing=locked,target=/root/.cache/ ";

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
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
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
        let folder =
            value("BENTO_PATH").or_else(|| self.folder(target)).unwrap_or_else(|| "/home/bentoml/bento".into());
        Place {
            folder: folder.trim_end_matches('/').to_owned(),
            uid: number("BENTO_USER_UID"),
            gid: number("BENTO_USER_GID"),
        }
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
        for instruction in lineage(&pieces, &stages, stage).into_iter().filter_map(|at| pieces.get(at)) {
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
            || (0..stages.len()).any(|stage| runs_on_models(&pieces, &lineage(&pieces, &stages, stage), place, scripts))
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
        let mut places = Vec::new();
        for (number, stage) in stages.iter().enumerate() {
            let all = lineage(&pieces, &stages, number);
            let copies = all.iter().copied().find(|&at| pieces.get(at).is_some_and(|piece| copies_all(piece)));
            match copies {
                Some(at) if Some(number) == last || runs_on_models(&pieces, &all, place, scripts) => places.push(at),
                None if Some(number) == last => places.push(stage.end),
                _ => {}
            }
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

/// Does one of these commands read or change the models, after the Bento was copied?
fn runs_on_models(pieces: &[&str], all: &[usize], place: &Place, scripts: &Scripts<'_>) -> bool {
    let all = all.iter().filter_map(|&at| pieces.get(at));
    all.skip_while(|piece| !copies_all(piece)).any(|piece| models::runs_on(piece, place, scripts))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "FROM x\n# RUN pip install -r no\nARG BENTO_USER_UID=1034\nARG BENTO_USER_GID=7\nARG BENTO_PATH=/b/c/\n\
        RUN if true; then \\\n    pip install -r x; \\\n    fi\nRUN --mount=type=cache,target=/c pip install -r a\n\
        RUN echo hi\nCOPY --chown=a:a ./env ./env/\nCOPY --chown=a:a . ./\nUSER a\n";

    #[test]
    fn only_installing_instructions_get_a_cache() {
        let changed = Dockerfile::new(TEXT).with_caches();
        assert_eq!(changed.text().matches("sharing=locked").count(), 1, "{}", changed.text());
        let first = format!("RUN {CACHE_MOUNT}if true; then \\\n    pip install -r x; \\\n    fi\n");
        assert!(changed.text().contains(&first), "{}", changed.text());
        assert_eq!(changed.text().replace(CACHE_MOUNT, ""), TEXT);
    }

    #[test]
    fn lines_go_before_the_source_and_else_to_the_end() {
        let with = |text: &str, target: Option<&str>| {
            let dockerfile = Dockerfile::new(text);
            dockerfile
                .with_before_source("MODELS\n", &dockerfile.place(&[], target), target, &no_scripts)
                .text()
                .to_owned()
        };
        assert!(with(TEXT, None).contains("./env/\nMODELS\nCOPY --chown=a:a . ./\n"));
        assert_eq!(with("FROM x", None), "FROM x\nMODELS\n");
        // The stage that makes the image, and one that needs them.
        let two = |run: &str| format!("FROM x AS a\nCOPY . .\nRUN {run}\nFROM y\nCOPY . /b\nRUN z\n");
        assert_eq!(with(&two("make"), None), two("make").replace("COPY . /b", "MODELS\nCOPY . /b"));
        assert_eq!(with(&two("convert models/m"), None), two("convert models/m").replace("COPY .", "MODELS\nCOPY ."));
        assert_eq!(with(&two("make"), Some("a")), two("make").replace("COPY . .", "MODELS\nCOPY . ."));
        assert_eq!(with("FROM x AS a\nRUN a\nFROM y\n", Some("a")), "FROM x AS a\nRUN a\nMODELS\nFROM y\n");
    }

    #[test]
    fn a_builder_without_mounts_gets_none() {
        let plain = Dockerfile::new(TEXT).with_caches().without_caches().unwrap();
        assert!(!plain.text().contains("--mount"), "{}", plain.text());
        assert!(plain.text().contains("RUN pip install -r a\n"), "{}", plain.text());
        let secret =
            Dockerfile::new("FROM x\nRUN --mount=type=cache,target=/c --mount=type=secret,id=a pip install x\n");
        assert_eq!(secret.without_caches().unwrap_err(), "--mount=type=secret,id=a");
    }

    #[test]
    fn the_whole_context_can_be_named_piece_by_piece() {
        let changed = Dockerfile::new(TEXT).with_copied(&["src".into()], &["a b".into()]);
        let expected = "COPY --chown=a:a [\"a b\",\"./\"]\nCOPY --chown=a:a [\"src\",\"./src/\"]\nUSER a\n";
        assert!(changed.text().ends_with(expected), "{}", changed.text());
    }

    #[test]
    fn bases_are_what_is_written_out() {
        let text = "FROM --platform=$BUILDPLATFORM r.x/a:1 AS b\nFROM $BASE\nfrom python:3.11-slim\n";
        assert_eq!(Dockerfile::new(text).bases(), ["r.x/a:1", "python:3.11-slim"]);
    }

    #[test]
    fn the_place_comes_from_arguments() {
        let dockerfile = Dockerfile::new(TEXT);
        let place = |arguments: &[&str]| {
            dockerfile.place(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>(), None)
        };
        assert_eq!(place(&[]), Place { folder: "/b/c".into(), uid: 1034, gid: 7 });
        assert_eq!(place(&["BENTO_USER_UID=5", "BENTO_PATH=/d"]), Place { folder: "/d".into(), uid: 5, gid: 7 });
        let none = Dockerfile::new("FROM x").place(&[], None);
        assert_eq!((none.folder.as_str(), none.uid), ("/home/bentoml/bento", 1034));
        for (text, expected) in [
            ("FROM x\nENV BENTO_PATH=/e\nWORKDIR /w\nCOPY . .\n", "/e"),
            ("FROM x\nWORKDIR /w/\nCOPY . ./\nWORKDIR /z\n", "/w"),
            ("FROM x\nWORKDIR /w\nCOPY . b/\n", "/w/b"),
            ("FROM x\nCOPY . /c\n", "/c"),
            ("FROM x\nWORKDIR $W\nCOPY . .\n", "/home/bentoml/bento"),
            ("FROM x AS a\nCOPY . /src\nFROM y\nCOPY --from=a /src /app\nWORKDIR /app\n", "/app"),
        ] {
            assert_eq!(Dockerfile::new(text).place(&[], None).folder, expected, "{text}");
        }
    }

    fn no_scripts(_: &str) -> Option<String> {
        None
    }

    /// The last stage begins from the one that copies the Bento.
    #[test]
    fn a_stage_has_what_it_begins_from() {
        let text = "FROM x AS base\nWORKDIR /w\nCOPY . .\nFROM y AS other\nWORKDIR /o\nFROM base AS final\nRUN cat models/m/v1\n";
        let dockerfile = Dockerfile::new(text);
        let place = dockerfile.place(&[], None);
        assert_eq!(place.folder, "/w");
        for (target, folder) in [("BASE", "/w"), ("other", "/o"), ("1", "/o"), ("final", "/w")] {
            assert_eq!(dockerfile.place(&[], Some(target)).folder, folder, "{target}");
        }
        assert!(dockerfile.reads_models(&place, &no_scripts));
        let with = dockerfile.with_before_source("LINE\n", &place, None, &no_scripts);
        assert_eq!(with.text(), text.replace("COPY . .\n", "LINE\nCOPY . .\n"));
    }

    #[test]
    fn reading_models_during_the_build_is_noticed() {
        let reads = |text: &str| {
            let dockerfile = Dockerfile::new(text);
            dockerfile.reads_models(&dockerfile.place(&[], None), &no_scripts)
        };
        assert!(!reads(TEXT));
        assert!(!reads("ENV BENTOML_HF_CACHE_DIR=/b/hf-models/x\n# RUN ls models/\n"));
        // BentoML runs the commands of an Image before it copies the Bento.
        assert!(!reads("FROM x\nRUN mkdir -p models/cache\nCOPY . ./\n"));
        assert!(!reads("FROM x\nCOPY . ./\nFROM y\nRUN convert models/m/v1\n"));
        assert!(reads("FROM x\nCOPY . /b\nRUN convert models/m/v1\n"));
        assert!(reads("FROM x\nCOPY models/m /m\nCOPY . ./\n"));
        assert!(Dockerfile::new(TEXT).with_models_from("x").is_none());
        let changed = Dockerfile::new("FROM x\nCOPY models/m /m\nUSER a\n").with_models_from("c").unwrap();
        assert_eq!(changed.text(), "FROM x\nCOPY --from=c [\"models/m\",\"/m\"]\nUSER a\n");
    }
}
