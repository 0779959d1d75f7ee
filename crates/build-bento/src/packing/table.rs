//! Random patterns, judged by Python's pathspec and by BentoML itself.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use actions_core::Env;
use fastrand::Rng;
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::{Listing, Rules};
use crate::locate;
use crate::testing::asked;

const SETS: usize = 6000;
const TREES: usize = 150;
/// Parts of patterns, the odd ones more often than people write them.
const PARTS: [&str; 38] = [
    "a", "b", "c", "ab", "a.py", "é", "x y", "*", "*", "**", "**", "***", "a**", "?", "?b", "a*", "*.py", "*b*",
    "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[!]]", "[a-]", "[--b]", "[c-a]", "[a", "[", "[\\]", "[[a]", "[.-0]b",
    "\\a", "\\*", "\\", "a\\ ", "#a", "",
];
const NAMES: [&str; 14] = ["a", "b", "c", "ab", "a.py", "b.py", "é", "x y", "a ", "#a", "!a", "-", "]", "a\nb"];

fn pattern(rng: &mut Rng) -> String {
    let parts: Vec<_> = (0..rng.usize(1..4)).map(|_| PARTS[rng.usize(..PARTS.len())]).collect();
    let first = ["", "", "", "!", "/", "!/", "#", " "][rng.usize(..8)];
    let last = ["", "", "", "/", " ", "/ ", "\t"][rng.usize(..7)];
    format!("{first}{}{last}", parts.join("/"))
}

fn path(rng: &mut Rng) -> String {
    let parts: Vec<_> = (0..rng.usize(1..5)).map(|_| NAMES[rng.usize(..NAMES.len())]).collect();
    parts.join("/")
}

#[test]
fn patterns_match_what_pathspec_matches() {
    let mut rng = Rng::with_seed(14);
    let questions: Vec<_> = (0..SETS)
        .map(|_| {
            let lines: Vec<_> = (0..rng.usize(1..5)).map(|_| pattern(&mut rng)).collect();
            let paths: Vec<_> = (0..20).map(|_| path(&mut rng)).collect();
            json!({"lines": lines, "paths": paths})
        })
        .collect();
    let script = "
import json, sys
from pathspec import PathSpec
for line in sys.stdin:
    asked = json.loads(line)
    try:
        spec = PathSpec.from_lines('gitwildmatch', asked['lines'])
        print(json.dumps([bool(spec.match_file(path)) for path in asked['paths']]))
    except Exception:
        print('null')
";
    let answers = asked(script, &questions);
    assert_eq!(answers.len(), SETS);
    let (mut matching, mut refused) = (0, 0);
    for (question, answer) in questions.iter().zip(answers) {
        let texts = |key: &str| question[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        let patterns: Result<Vec<_>, _> = texts("lines").map(|line| Pattern::parse(&line)).collect();
        let ours = patterns.ok().map(|patterns| {
            let patterns: Vec<_> = patterns.into_iter().flatten().collect();
            let takes = |path: &str| patterns.iter().rev().find(|one| one.matches(path)).is_some_and(|one| one.takes);
            texts("paths").map(|path| takes(&path)).collect::<Vec<_>>()
        });
        assert_eq!(json!(ours), answer, "{question}");
        matching += ours.iter().flatten().filter(|matches| **matches).count();
        refused += usize::from(ours.is_none());
    }
    // Neither side says the same to everything.
    assert!((SETS..SETS * 15).contains(&matching) && (100..SETS / 2).contains(&refused), "{matching} {refused}");
}

#[test]
fn projects_are_packed_as_bentoml_packs_them() {
    let mut rng = Rng::with_seed(39);
    let root = tempfile::Builder::new().prefix("packing-").tempdir().unwrap();
    let projects: Vec<_> = (0..TREES).map(|index| root.path().join(index.to_string())).collect();
    let questions: Vec<_> = projects.iter().map(|folder| tree(folder, &mut rng)).collect();
    let script = "
import json, os, sys
from bentoml._internal.bento.build_config import BentoPathSpec
for line in sys.stdin:
    asked = json.loads(line)
    context, taken = asked['context'], []
    try:
        spec = BentoPathSpec(asked['include'], asked['exclude'], context)
    except Exception:
        print('null')
        continue
    for root, _, files in os.walk(context):
        for file in files:
            path = os.path.join(os.path.relpath(root, context), file)
            if spec.includes(path):
                taken.append(os.path.normpath(path))
    print(json.dumps(sorted(taken)))
";
    let answers = asked(script, &questions);
    let mut taken_in_all = 0;
    for ((folder, question), answer) in projects.iter().zip(&questions).zip(answers) {
        let located = locate::local(folder.to_str().unwrap(), None, root.path(), &Env::default()).unwrap();
        let listing = Listing::of(folder).unwrap();
        let ours = Rules::of(located.project.config.as_ref(), &listing).ok().map(|rules| {
            let taken = listing.files.iter().filter(|file| rules.take(&file.name));
            taken.map(|file| file.name.clone()).collect::<BTreeSet<_>>()
        });
        taken_in_all += ours.as_ref().map_or(0, BTreeSet::len);
        let theirs: Option<BTreeSet<String>> = serde_json::from_value(answer).unwrap();
        assert_eq!(ours, theirs, "{question}");
    }
    assert!(taken_in_all > TREES, "{taken_in_all}");
}

/// A random project, and the question what of it is packed.
fn tree(folder: &Path, rng: &mut Rng) -> Value {
    let write = |path: &str, text: &str| {
        let file = folder.join(path);
        // A name may be that of a file already.
        if fs::create_dir_all(file.parent().unwrap()).is_ok() && !file.is_dir() {
            let _ = fs::write(file, text);
        }
    };
    for _ in 0..rng.usize(5..25) {
        write(&path(rng), "");
    }
    for always in ["venv/a.py", "a/__pycache__/a", "b/.DS_Store", "c/.git/a", "venv2/a"] {
        write(always, "");
    }
    let mut lists = |most: usize| (0..rng.usize(..most)).map(|_| pattern(rng)).collect::<Vec<_>>();
    let (include, exclude) = (lists(4), lists(3));
    let include = if include.is_empty() { vec!["*".to_owned()] } else { include };
    for place in ["", "a/", "b/c/"] {
        let lines = lists(3);
        if !lines.is_empty() {
            write(&format!("{place}.bentoignore"), &lines.join("\r\n"));
        }
    }
    fs::write(folder.join("bentofile.yaml"), json!({"include": include, "exclude": exclude}).to_string()).unwrap();
    let _ = std::os::unix::fs::symlink("../0", folder.join("linked"));
    let _ = std::os::unix::fs::symlink("nowhere", folder.join("dead"));
    let _ = std::os::unix::fs::symlink("loop", folder.join("loop"));
    json!({"context": folder, "include": include, "exclude": exclude})
}
