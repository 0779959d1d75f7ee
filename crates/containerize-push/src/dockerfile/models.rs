//! Instructions of a Dockerfile that read the models while the image is built.

use std::collections::HashSet;

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

/// The text of a script that the Bento has at this path below its folder, if it has one.
pub(crate) type Scripts<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Scripts that start scripts are followed so far.
const DEEPEST: usize = 3;
/// Programs that take files as they are: a script among their arguments is not started.
const FILE_TOOLS: [&str; 15] = [
    "cat", "chgrp", "chmod", "chown", "cp", "echo", "install", "ln", "ls", "mkdir", "mv", "rm", "sed", "test", "touch",
];
/// Programs that go through a whole folder, by themselves or with an option for it.
const THROUGH: [&str; 5] = ["du", "find", "rsync", "tar", "tree"];
const THROUGH_WITH_OPTION: [&str; 8] = ["chgrp", "chmod", "chown", "cp", "grep", "ls", "rm", "setfacl"];

/// Does a command read or change models, which are there once the Bento is? It may name them, go through the whole folder
/// of the Bento, or start a script of the Bento that does. Each script is looked into once.
pub(super) fn runs_on(instruction: &str, place: &Place, scripts: &Scripts<'_>) -> bool {
    if keyword(instruction) != "RUN" {
        return false;
    }
    let (mut texts, mut seen) = (vec![super::syntax::command(instruction)], HashSet::new());
    for _ in 0..=DEEPEST {
        let mut started = Vec::new();
        for text in texts {
            let commands = Commands::of(&text);
            if commands.work_on(place) {
                return true;
            }
            let new =
                commands.words().filter_map(|word| below(word, place)).filter(|path| seen.insert((*path).to_owned()));
            started.extend(new.filter_map(scripts));
        }
        texts = started;
    }
    false
}

/// The commands of a script, as far as they can be told.
struct Commands(Vec<String>);

impl Commands {
    fn of(text: &str) -> Self {
        let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let text = lines.join("\n").replace("\\\n", " ");
        let commands = text.lines().flat_map(|line| line.split([';', '|', '&', '(', ')', '`']));
        Self(commands.map(str::to_owned).collect())
    }

    /// Does one name a model, or go through all of the Bento?
    fn work_on(&self, place: &Place) -> bool {
        let names = |command: &str| command.split(ends_word).any(|word| is_model_of(word, place));
        self.0.iter().any(|command| names(command) || goes_through(command, place))
    }

    /// The words that may be started.
    fn words(&self) -> impl Iterator<Item = &str> {
        let started = self.0.iter().filter(|command| !FILE_TOOLS.contains(&program(command)));
        started.flat_map(|command| command.split(ends_word)).filter(|word| !word.is_empty())
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "\"'=;,()[]<>|&`".contains(c)
}

/// What a command starts, without its folder.
fn program(command: &str) -> &str {
    const BEFORE: [&str; 6] = ["env", "exec", "sudo", "then", "else", "do"];
    let mut words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'', ',', '[', ']', '{', '}']));
    let program = words.find(|word| !word.is_empty() && !word.contains('=') && !BEFORE.contains(word));
    program.and_then(|program| program.rsplit('/').next()).unwrap_or_default()
}

/// Does it go through the Bento's folder with all below, or through one above?
fn goes_through(command: &str, place: &Place) -> bool {
    let words = || command.split(|c: char| c.is_whitespace() || "\"',[]".contains(c)).filter(|word| !word.is_empty());
    let deep = |word: &str| match word.strip_prefix("--") {
        Some(long) => matches!(long, "recursive" | "archive"),
        None => word.strip_prefix('-').is_some_and(|flags| flags.contains(['R', 'r', 'a'])),
    };
    let program = program(command);
    let goes = THROUGH.contains(&program) || (THROUGH_WITH_OPTION.contains(&program) && words().any(deep));
    goes && words().skip(1).any(|word| is_whole(word, place))
}

/// The Bento's folder, or one above it.
fn is_whole(word: &str, place: &Place) -> bool {
    let folder = word.trim_end_matches('*').trim_end_matches("/.").trim_end_matches('/');
    match folder {
        "." | "$BENTO_PATH" | "${BENTO_PATH}" | "$PWD" => true,
        "" => word == "*",
        _ => place.folder == folder || place.folder.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
    }
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
    match from_folder(word, place) {
        Some(below) => is_model(below),
        None => !word.starts_with('/') && word.contains('/') && is_model(word),
    }
}

/// Where it is below the Bento's folder, should it be there.
fn below<'w>(word: &'w str, place: &Place) -> Option<&'w str> {
    from_folder(word, place).or_else(|| Some(word).filter(|word| !word.starts_with(['/', '-', '$'])))
}

fn from_folder<'w>(word: &'w str, place: &Place) -> Option<&'w str> {
    let folders = [place.folder.as_str(), "$BENTO_PATH", "${BENTO_PATH}", "."];
    folders.iter().find_map(|folder| word.strip_prefix(folder)?.strip_prefix('/'))
}

/// Two instructions: what is not a model, and the models from their context. None where there are none.
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
    let (mut text, mut rest) = (String::new(), instruction);
    for flag in flags {
        let Some(mount) = flag.strip_prefix("--mount=") else { continue };
        let value = |name: &str| mount.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let binds = value("type").is_none_or(|kind| kind == "bind") && value("from").is_none();
        let models = binds && value("source").or_else(|| value("src")).is_some_and(is_model);
        if let Some((before, after)) = rest.split_once(flag).filter(|_| models) {
            text.extend([before, flag, ",from=", context]);
            rest = after;
        }
    }
    text + rest
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
            assert_eq!(runs_on(instruction, &place, &|_| None), expected, "{instruction}");
        }
    }

    #[test]
    fn scripts_are_followed_and_so_is_what_goes_through_the_whole_folder() {
        let place = Place { folder: "/b/c".into(), uid: 1, gid: 1 };
        let scripts = |path: &str| {
            let text = match path {
                "env/docker/setup_script" => "#!/bin/sh\nset -e\ncat /b/c/models/old/latest > /seen\n",
                "own.sh" => "chown -R 2000:2000 $BENTO_PATH\n",
                "first.py" => "import subprocess\nsubprocess.run(['sh', './second.sh'])\n",
                "second.sh" => "# models/x\nls models/m\n",
                "harmless.sh" => "# reads no models/m\necho made > /made\nchmod +x env/docker/setup_script\n",
                "ever.sh" => "sh ever.sh\n",
                _ => return None,
            };
            Some(text.to_owned())
        };
        for (instruction, expected) in [
            ("RUN /b/c/env/docker/setup_script\n", true),
            ("RUN chmod +x ./env/docker/setup_script && \\\n  ./env/docker/setup_script\n", true),
            ("RUN [\"bash\", \"-c\", \"./own.sh\"]\n", true),
            ("RUN python first.py\n", true),
            ("RUN chmod +x /b/c/env/docker/setup_script\n", false),
            ("RUN sh harmless.sh\n", false),
            ("RUN sh ever.sh\n", false),
            ("RUN chown -R 2000 /b/c\n", true),
            ("RUN chown -R 2000 /b/\n", true),
            ("RUN --mount=type=cache,target=/x chmod --recursive a+r .\n", true),
            ("RUN true && find . -name '*.pyc' -delete\n", true),
            ("RUN chown -R a:a /app/.venv\n", false),
            ("RUN chown 2000 /b/c\n", false),
            ("RUN pip install .\n", false),
            ("RUN chmod -R a+r /b/cd\n", false),
            ("RUN tar xf x.tar -C /opt\n", false),
        ] {
            assert_eq!(runs_on(instruction, &place, &scripts), expected, "{instruction}");
        }
    }

    /// Scripts that start one another many times over.
    #[test]
    fn a_script_is_looked_into_once() {
        let place = Place { folder: "/b/c".into(), uid: 1, gid: 1 };
        let asked = std::cell::Cell::new(0);
        let scripts = |path: &str| {
            asked.set(asked.get() + 1);
            matches!(path, "a.sh" | "b.sh").then(|| "sh a.sh; sh b.sh\n".repeat(2000))
        };
        assert!(!runs_on("RUN sh a.sh\n", &place, &scripts));
        assert_eq!(asked.get(), 3, "sh, a.sh and b.sh");
    }

    #[test]
    fn each_of_two_mounts_alike_is_changed() {
        let mount = "--mount=source=models,target=/m";
        let expected = format!("RUN {mount},from=x {mount},from=x ls\n");
        assert_eq!(from_context(&format!("RUN {mount} {mount} ls\n"), "x"), expected);
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
