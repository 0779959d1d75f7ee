//! Files of the store that are no text, or too long for one.

use std::fs::File;

use actions_core::Cause;
use bento_format::{BentoInfo, ModelInfo, description};

#[test]
fn manifests_are_not_read_beyond_their_limit() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["bento.yaml", "model.yaml"] {
        // A hole: no disk is needed, and reading all of it would take the memory of any machine.
        File::create(folder.path().join(name)).unwrap().set_len(1 << 40).unwrap();
    }
    let errors = [BentoInfo::read(folder.path()).unwrap_err(), ModelInfo::read(folder.path()).unwrap_err()];
    for (error, name) in errors.iter().zip(["bento.yaml", "model.yaml"]) {
        let text = error.to_string();
        assert!(
            error.cause() == Cause::Input && text.contains(name) && text.contains("is longer than 8.0 MiB"),
            "{text}"
        );
    }
}

#[test]
fn files_of_the_store_that_are_not_text_name_themselves() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["bento.yaml", "model.yaml", "README.md"] {
        std::fs::write(folder.path().join(name), b"name: caf\xe9\n").unwrap();
    }
    let errors = [
        BentoInfo::read(folder.path()).unwrap_err(),
        ModelInfo::read(folder.path()).unwrap_err(),
        description(folder.path()).unwrap_err(),
    ];
    for (error, name) in errors.iter().zip(["bento.yaml", "model.yaml", "README.md"]) {
        let text = error.to_string();
        assert!(error.cause() == Cause::Input && text.contains(name) && text.contains("0xe9"), "{text}");
    }
}
