//! Every target with the inputs that are kept in `fuzz/corpus`, and with fresh ones.
//!
//! Fresh inputs come of a seed that is another one in each run. A failure names it: `FUZZ_SEED=…` makes them again.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fuzz_targets::{TARGETS, target};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestError, TestRng, TestRunner};

/// Fresh inputs of a target.
const FRESH: u32 = 2000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The kept inputs of a target, sorted by name.
fn kept(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(root().join("corpus").join(name)).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("a kept input"))).collect()
}

fn seed() -> u64 {
    let given = std::env::var("FUZZ_SEED").ok().map(|seed| seed.parse().expect("FUZZ_SEED is a number"));
    given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock after 1970");
        now.as_nanos() as u64
    })
}

/// Words of the target, pieces of kept inputs and any bytes, one after the other.
fn fresh(words: &'static [&'static str], kept: Vec<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let bytes = vec(any::<u8>(), 0..24).boxed();
    let mut pieces = vec![(1, bytes.clone()), (1, vec(0x20u8..0x7f, 0..8).boxed())];
    if !words.is_empty() {
        pieces.push((6, select(words).prop_map(|word| word.as_bytes().to_vec()).boxed()));
    }
    let kept: Vec<_> = kept.into_iter().filter(|input| !input.is_empty()).collect();
    if !kept.is_empty() {
        let piece = (select(kept), any::<prop::sample::Index>(), any::<prop::sample::Index>());
        let piece = piece.prop_map(|(input, from, to)| {
            let (from, to) = (from.index(input.len()), to.index(input.len()));
            input[from.min(to)..=from.max(to)].to_vec()
        });
        pieces.push((2, piece.boxed()));
    }
    let pieces = prop::strategy::Union::new_weighted(pieces);
    prop_oneof![4 => vec(pieces, 0..24).prop_map(|pieces| pieces.concat()), 1 => vec(any::<u8>(), 0..2000)].boxed()
}

fn try_target(name: &str) {
    let target = target(name).expect("a target");
    let kept = kept(name);
    for (path, input) in &kept {
        let result = std::panic::catch_unwind(|| (target.run)(input));
        assert!(result.is_ok(), "{name} failed on {}", path.display());
    }
    let seed = seed();
    let config =
        Config { cases: FRESH, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let mut rng = [0; 32];
    rng[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &rng));
    let strategy = fresh(target.words, kept.into_iter().map(|(_, input)| input).collect());
    let outcome = runner.run(&strategy, |input| {
        (target.run)(&input);
        Ok(())
    });
    if let Err(TestError::Fail(reason, input)) = outcome {
        panic!("{name} failed on b\"{}\" (FUZZ_SEED={seed}): {reason}", input.escape_ascii());
    }
    outcome.expect("every input is tried");
}

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                try_target(stringify!($name));
            }
        )*

        const TRIED: &[&str] = &[$(stringify!($name)),*];
    };
}

targets!(
    bento_archive,
    bento_tag,
    cache_entry,
    challenge,
    command_files,
    dockerfile,
    image_reference,
    link,
    lists,
    manifest,
    patterns,
    range,
    yaml,
);

/// A target that only one of them knows would be tried by one only.
#[test]
fn libfuzzer_and_these_tests_know_the_same_targets() {
    let all: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(TRIED, all);
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    let built: Vec<_> = manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert_eq!(built.split_first(), Some((&"fuzz", all.as_slice())));
    for name in all {
        let source = std::fs::read_to_string(root().join("fuzz_targets").join(format!("{name}.rs"))).expect("a source");
        assert!(source.contains(&format!("\"{name}\"")), "{name}.rs runs another target");
        assert!(!kept(name).is_empty(), "fuzz/corpus/{name} is empty");
    }
}
