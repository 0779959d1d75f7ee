//! Instructions of a Dockerfile that read the models while the image is built.

use super::Place;
use super::syntax::{Copy, arguments, keyword};
use crate::model::{HUB_MODELS, MODELS};

/// What `ADD` unpacks.
const ARCHIVES: [&str; 8] = [".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst"];

/// Does the instruction take models from the build context? Copying the whole Bento is none.
pub(super) fn takes(instruction: &str) -> bool {
    match Copy::parse(instruction) {
        Some(copy) => copy.sources.iter().any(|source| is_model(source)),
        None => keyword(instruction) == "RUN" && mounted(instruction, "") != instruction,
    }
}

/// Does a command name models, which are there once the Bento is?
pub(super) fn runs_on(instruction: &str, place: &Place) -> bool {
    let ends = |c: char| c.is_whitespace() || "\"'=;,()[]<>|&`".contains(c);
    let lines = instruction.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(|line| line.split(ends));
    keyword(instruction) == "RUN" && words.into_iter().any(|word| is_model_of(word, place))
}

/// The instruction with the models taken from this build context, which holds them as the Bento's own would.
pub(super) fn from_context(instruction: &str, context: &str) -> String {
    match Copy::parse(instruction) {
        Some(copy) => apart(&copy, context).unwrap_or_else(|| instruction.to_owned()),
        None if keyword(instruction) == "RUN" => mounted(instruction, context),
        None => instruction.to_owned(),
    }
}

/// A path in the build context.
fn is_model(source: &str) -> bool {
    let first = source.split('/').find(|part| !matches!(*part, "" | "."));
    matches!(first, Some(MODELS | HUB_MODELS))
}

/// A path in the image, as a command names it: from the Bento's folder on. `models` alone may be any word.
fn is_model_of(word: &str, place: &Place) -> bool {
    let folders = [place.folder.as_str(), "$BENTO_PATH", "${BENTO_PATH}", "."];
    let below = folders.iter().find_map(|folder| word.strip_prefix(folder)?.strip_prefix('/'));
    match below {
        Some(below) => is_model(below),
        None => !word.starts_with('/') && word.contains('/') && is_model(word),
    }
}

/// Two instructions: what is no model, and the models from their context. None where there are none.
fn apart(copy: &Copy, context: &str) -> Option<String> {
    // COPY does what ADD does with all but archives. With one of these the build fails, for it is not in the main context.
    let unpacks = |source: &str| copy.keyword == "ADD" && ARCHIVES.iter().any(|end| source.ends_with(end));
    let sources = copy.sources.iter().map(String::as_str);
    let (models, others): (Vec<_>, Vec<_>) = sources.partition(|source| is_model(source) && !unpacks(source));
    if models.is_empty() {
        return None;
    }
    let others = if others.is_empty() { String::new() } else { copy.of(&others, &copy.target, None) };
    Some(others + &copy.of(&models, &copy.target, Some(context)))
}

/// A `RUN` whose mounts of models are mounts of their context.
fn mounted(instruction: &str, context: &str) -> String {
    let arguments = arguments(instruction);
    let flags = arguments.split_whitespace().take_while(|word| word.starts_with("--"));
    let mut text = instruction.to_owned();
    for flag in flags {
        let Some(mount) = flag.strip_prefix("--mount=") else { continue };
        let value = |name: &str| mount.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let binds = value("type").is_none_or(|kind| kind == "bind") && value("from").is_none();
        if binds && value("source").or_else(|| value("src")).is_some_and(is_model) {
            text = text.replacen(flag, &format!("{flag},from={context}"), 1);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_models_is_told_from_words_alike() {
        let place = Place { folder: "/b/c".into(), uid: 1, gid: 1 };
        for (instruction, expected) in [
            ("RUN convert models/m/v1\n", true),
            ("RUN python convert.py --in=./models\n", true),
            ("RUN ls \\\n    \"$BENTO_PATH/hf-models\"\n", true),
            ("RUN du /b/c/models/m\n", true),
            ("RUN <<END\ncat models/m/v1/x\nEND\n", true),
            ("RUN bentoml models list\n", false),
            ("RUN true \\\n  # models/m\n  && false\n", false),
            ("RUN mkdir -p /opt/models my-models/x\n", false),
            ("ENV X=models/m\n", false),
        ] {
            assert_eq!(runs_on(instruction, &place), expected, "{instruction}");
        }
    }

    #[test]
    fn models_come_from_their_own_context_and_the_rest_from_the_other() {
        for (instruction, expected) in [
            ("COPY models/m/v1/w /w\n", "COPY --from=x [\"models/m/v1/w\",\"/w\"]\n"),
            (
                "COPY --chown=a:a \\\n  # not b\n  a \"models/m\" \\\n  ./t/\n",
                "COPY --chown=a:a [\"a\",\"./t/\"]\nCOPY --from=x --chown=a:a [\"models/m\",\"./t/\"]\n",
            ),
            ("copy ./models .\n", "COPY --from=x [\"./models\",\".\"]\n"),
            ("ADD [\"/hf-models\", \"/t\"]\n", "COPY --from=x [\"/hf-models\",\"/t\"]\n"),
            ("ADD models/m/v1/vocab.txt /t\n", "COPY --from=x [\"models/m/v1/vocab.txt\",\"/t\"]\n"),
            (
                "RUN --mount=type=cache,target=/c --mount=source=models/m,target=/m ls /m\n",
                "RUN --mount=type=cache,target=/c --mount=source=models/m,target=/m,from=x ls /m\n",
            ),
        ] {
            assert_eq!(from_context(instruction, "x"), expected, "{instruction}");
            assert!(takes(instruction), "{instruction}");
        }
        for instruction in [
            "COPY . ./\n",
            "COPY my-models/x /models/\n",
            "COPY --from=base models /x\n",
            "COPY <<END /x\ncat models/m\nEND\n",
            "RUN --mount=type=bind,from=y,source=models,target=/m ls\n",
            "RUN ls models/m\n",
        ] {
            assert_eq!(from_context(instruction, "x"), instruction);
            assert!(!takes(instruction), "{instruction}");
        }
        assert_eq!(from_context("ADD models/m/v1/w.tar.gz /t\n", "x"), "ADD models/m/v1/w.tar.gz /t\n");
    }
}
