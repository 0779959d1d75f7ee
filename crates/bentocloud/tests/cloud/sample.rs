//! A Bento with two models, built by the real `bentoml`, and with everything in it that an archive can get wrong.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bento_format::Store;

use crate::bentoml::{bentoml_on, python_on, succeed};

/// A store that holds the shop, its models, and the model `big:v1`. Tests only read it.
pub(crate) struct Sample {
    pub(crate) home: PathBuf,
    /// `shop:<version>`.
    pub(crate) tag: String,
}

impl Sample {
    pub(crate) fn store(&self) -> Store {
        Store::at(&self.home)
    }
}

/// A file in tests/fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Built once for all tests.
pub(crate) fn sample() -> &'static Sample {
    static BUILT: OnceLock<Sample> = OnceLock::new();
    BUILT.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bentocloud-sample");
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).expect("a folder below target");
        succeed(python_on(&home).arg(fixture("make_models.py")));
        succeed(bentoml_on(&home).args(["build", "-o", "tag"]).arg(fixture("shop")));
        let version = fs::read_to_string(home.join("bentos/shop/latest")).expect("a built Bento");
        oddities(&home.join("bentos/shop").join(&version).join("src"));
        oddities(&home.join("models/prices/v1"));
        big_model(&home.join("models/big"));
        Sample { home, tag: format!("shop:{version}") }
    })
}

/// What `bentoml build` would leave out, or what a tar needs more than a plain header for.
fn oddities(folder: &Path) {
    let write = |name: &str, content: &[u8]| {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(&file, content).expect("a file");
        file
    };
    let script = write("run.sh", b"#!/bin/sh\n");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).expect("a mode");
    write("empty", b"");
    write("with space \u{fc}\u{6a21}\u{578b}\u{1f371}.txt", "\u{fc}".as_bytes());
    write(&format!("{}/{}/{}.txt", "d".repeat(90), "e".repeat(120), "\u{e9}".repeat(60)), &[7; 513]);
    // 100 bytes is what a header's name field holds; "./" comes before.
    for length in [97, 98, 99, 100, 101] {
        write(&"n".repeat(length), &[1; 512]);
    }
    write("block", &[2; 512]);
    write("models/not-a-model", b"kept: it is below src or in a model");
    fs::create_dir_all(folder.join("hollow/inner")).expect("a folder");
    symlink("run.sh", folder.join("link")).expect("a link");
    symlink("../run.sh", folder.join("hollow/up")).expect("a link");
    symlink("hollow", folder.join("folder-link")).expect("a link");
    symlink(format!("{}/{}", "d".repeat(90), "e".repeat(120)), folder.join("long-link")).expect("a link");
}

/// Two parts of 100 MiB and a bit; sparse, but for a pattern around the border of the parts.
fn big_model(name: &Path) {
    use std::io::{Seek, SeekFrom, Write};
    let folder = name.join("v1");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(name.join("latest"), "v1").expect("a file");
    let manifest = "name: big\nversion: v1\nmodule: ''\nlabels: {}\noptions: {}\nmetadata: {}\n\
        context:\n  framework_name: ''\n  framework_versions: {}\n  bentoml_version: 1.4.39\n  python_version: 3.11.7\n\
        signatures: {}\napi_version: v1\ncreation_time: '2026-01-02T03:04:05.678901+00:00'\n";
    fs::write(folder.join("model.yaml"), manifest).expect("a file");
    let mut file = File::create(folder.join("weights.bin")).expect("a file");
    file.set_len(101 * 1024 * 1024).expect("a size");
    file.seek(SeekFrom::Start(99 * 1024 * 1024)).expect("a place");
    let pattern: Vec<u8> = (0..2 * 1024 * 1024_u32).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect();
    file.write_all(&pattern).expect("a pattern");
}
