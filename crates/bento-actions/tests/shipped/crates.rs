//! Every crate that ships keeps the rules that lints keep; a new one cannot forget to turn them on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Starts programs at one place only, which filters what they get: see `clippy.toml` for the methods.
const METHODS: &str = "clippy::disallowed_methods";
/// Numbers and places of foreign text are checked.
const NUMBERS: [&str; 2] = ["clippy::arithmetic_side_effects", "clippy::indexing_slicing"];
/// They read no bytes of strangers but through the other crates.
const WITHOUT_NUMBERS: [&str; 2] = ["bento-actions", "containerize-push"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of the crates of this workspace that the binary is made of.
fn shipped() -> BTreeSet<PathBuf> {
    let mut shipped = BTreeSet::new();
    let mut waiting = vec![crates().join("bento-actions")];
    while let Some(folder) = waiting.pop() {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let dependencies = manifest["dependencies"].as_table().expect("a table");
        let ours = dependencies
            .keys()
            .map(|name| crates().join(name.strip_prefix("actions-core").map_or(name.as_str(), |_| "core")));
        if shipped.insert(folder) {
            waiting.extend(ours.filter(|folder| folder.is_dir()));
        }
    }
    shipped
}

#[test]
fn every_crate_that_ships_turns_the_rules_on() {
    let shipped = shipped();
    assert!(shipped.len() >= 13, "{shipped:?}");
    for folder in shipped {
        let text = std::fs::read_to_string(folder.join("src/lib.rs")).expect("a library");
        let on = text.lines().find(|line| line.starts_with("#![cfg_attr(not(test), warn(")).unwrap_or_default();
        let needs_numbers = !WITHOUT_NUMBERS.iter().any(|name| folder.ends_with(name));
        let rules = [METHODS].into_iter().chain(NUMBERS.into_iter().filter(|_| needs_numbers));
        let missing: Vec<_> = rules.filter(|rule| !on.contains(rule)).collect();
        assert!(missing.is_empty(), "{} lacks {missing:?} in {on:?}", folder.display());
    }
}

#[test]
fn the_binary_tidies_up_after_a_defect_and_notices_an_overflow() {
    let manifest = std::fs::read_to_string(crates().join("../Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let profile = &manifest["profile"]["dist"];
    assert_eq!(profile["panic"].as_str(), Some("unwind"));
    assert_eq!(profile["overflow-checks"].as_bool(), Some(true));
}
