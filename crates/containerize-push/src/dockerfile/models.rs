//! Instructions of a Dockerfile that read the models while the image is built.

use crate::dockerfile::Place;
use crate::model::{HUB_MODELS, MODELS};

/// Does the instruction read the models? Copying the whole Bento is none.
pub(crate) fn reads(instruction: &str, place: &Place) -> bool {
    match keyword(instruction).as_str() {
        "COPY" | "ADD" => {
            Copy::parse(instruction).is_some_and(|copy| copy.sources.iter().any(|source| is_model(source)))
        }
        "RUN" => words(instruction).any(|word| is_model_of(word, place)),
        _ => false,
    }
}

/// The instruction with the models taken from this build context, which holds them as the Bento's own would.
pub(crate) fn from_context(instruction: &str, context: &str) -> String {
    match keyword(instruction).as_str() {
        "COPY" | "ADD" => match Copy::parse(instruction) {
            Some(copy) => copy.apart(context).unwrap_or_else(|| instruction.to_owned()),
            None => instruction.to_owned(),
        },
        "RUN" => mounted(instruction, context),
        _ => instruction.to_owned(),
    }
}

fn keyword(instruction: &str) -> String {
    instruction.split_whitespace().next().unwrap_or_default().to_uppercase()
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

fn words(instruction: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "\"'=;,()[]<>|&`".contains(c);
    instruction.split(ends).filter(|word| !word.is_empty())
}

/// A `COPY` or `ADD` from the main context, on one line.
struct Copy<'a> {
    keyword: &'a str,
    flags: Vec<&'a str>,
    sources: Vec<String>,
    target: String,
}

impl<'a> Copy<'a> {
    /// None where it copies from elsewhere.
    fn parse(instruction: &'a str) -> Option<Self> {
        let (keyword, mut rest) = instruction.trim().split_once(char::is_whitespace)?;
        let mut flags = Vec::new();
        loop {
            rest = rest.trim_start().trim_start_matches('\\').trim_start();
            if !rest.starts_with("--") {
                break;
            }
            let end = rest.find(char::is_whitespace)?;
            flags.push(&rest[..end]);
            rest = &rest[end..];
        }
        let mut paths: Vec<String> = match rest.starts_with('[') {
            true => serde_json::from_str(&rest.replace("\\\n", " ")).ok()?,
            false => rest.split_whitespace().filter(|word| *word != "\\").map(str::to_owned).collect(),
        };
        let target = paths.pop()?;
        let elsewhere = flags.iter().any(|flag| flag.starts_with("--from="));
        (!elsewhere && !paths.is_empty()).then_some(Self { keyword, flags, sources: paths, target })
    }

    /// Two instructions: what is no model, and the models from their context. None where there are none.
    fn apart(&self, context: &str) -> Option<String> {
        // ADD takes nothing from another context. COPY does the same with what is no archive.
        let unpacks = |source: &str| self.keyword.eq_ignore_ascii_case("ADD") && source.contains(".t");
        let is_taken = |source: &&String| is_model(source) && !unpacks(source);
        let (models, others): (Vec<_>, Vec<_>) = self.sources.iter().partition(is_taken);
        if models.is_empty() {
            return None;
        }
        let line = |keyword: &str, from: String, sources: &[&String]| {
            let flags: String = self.flags.iter().map(|flag| format!(" {flag}")).collect();
            let paths: Vec<_> = sources.iter().copied().chain([&self.target]).collect();
            if sources.is_empty() {
                String::new()
            } else {
                format!("{keyword}{from}{flags} {}\n", serde_json::json!(paths))
            }
        };
        Some(line(self.keyword, String::new(), &others) + &line("COPY", format!(" --from={context}"), &models))
    }
}

/// A `RUN` whose mounts of models are mounts of their context.
fn mounted(instruction: &str, context: &str) -> String {
    let mut text = String::new();
    for (number, piece) in instruction.split("--mount=").enumerate() {
        if number == 0 {
            text.push_str(piece);
            continue;
        }
        let end = piece.find(char::is_whitespace).unwrap_or(piece.len());
        let (mount, rest) = piece.split_at(end);
        let value = |name: &str| mount.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let binds = value("type").is_none_or(|kind| kind == "bind") && value("from").is_none();
        let source = value("source").or_else(|| value("src"));
        text.push_str(&format!("--mount={mount}"));
        if binds && source.is_some_and(is_model) {
            text.push_str(&format!(",from={context}"));
        }
        text.push_str(rest);
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
            ("RUN --mount=type=bind,source=models/m,target=/m ls /m\n", true),
            ("COPY models/m/v1/weights.bin /w/\n", true),
            ("copy --chown=a:a a ./models /x/\n", true),
            ("ADD [\"/hf-models\", \"/x\"]\n", true),
            ("COPY models . \n", true),
            ("RUN bentoml models list\n", false),
            ("RUN mkdir -p /opt/models my-models/x\n", false),
            ("COPY my-models/x /models/\n", false),
            ("COPY --from=base models /x\n", false),
            ("COPY --chown=a:a . ./\n", false),
            ("ENV X=models/m\n", false),
        ] {
            assert_eq!(reads(instruction, &place), expected, "{instruction}");
        }
    }

    #[test]
    fn models_come_from_their_own_context_and_the_rest_from_the_other() {
        for (instruction, expected) in [
            ("COPY models/m/v1/w /w\n", "COPY --from=x [\"models/m/v1/w\",\"/w\"]\n"),
            (
                "COPY --chown=a:a \\\n  a models/m \\\n  ./t/\n",
                "COPY --chown=a:a [\"a\",\"./t/\"]\nCOPY --from=x --chown=a:a [\"models/m\",\"./t/\"]\n",
            ),
            ("ADD [\"./hf-models\", \"/t\"]\n", "COPY --from=x [\"./hf-models\",\"/t\"]\n"),
            ("ADD models/m/v1/w.tar.gz /t\n", "ADD models/m/v1/w.tar.gz /t\n"),
            ("COPY . ./\n", "COPY . ./\n"),
            ("COPY --from=base models /x\n", "COPY --from=base models /x\n"),
            (
                "RUN --mount=type=cache,target=/c --mount=source=models/m,target=/m ls /m\n",
                "RUN --mount=type=cache,target=/c --mount=source=models/m,target=/m,from=x ls /m\n",
            ),
            (
                "RUN --mount=type=bind,from=y,source=models,target=/m ls\n",
                "RUN --mount=type=bind,from=y,source=models,target=/m ls\n",
            ),
        ] {
            assert_eq!(from_context(instruction, "x"), expected, "{instruction}");
        }
    }
}
