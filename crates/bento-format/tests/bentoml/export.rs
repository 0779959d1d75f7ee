//! What `bentoml export` writes is read as it was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use actions_core::action::Cancel;
use bento_format::unpack_export;
use bento_format::{Kind, Store};
use testkit::{python_on, succeed};

const MANIFEST: &str = "service: service:Shop
name: shop
version: v1
bentoml_version: 1.4.39
creation_time: '2026-01-02T03:04:05.678901+00:00'
labels: {}
models:
- tag: prices:m1
  module: ''
  creation_time: '2026-01-02T03:04:05.678901+00:00'
  registry: bentoml
entry_service: Shop
services: []
envs: []
schema: {}
spec: 2
image:
  base_image: python:3.11-slim
  python_version: '3.11'
  commands: []
  python_requirements: bentoml
  post_commands: []
";

const MODEL: &str = "name: prices
version: m1
module: ''
labels: {}
options: {}
metadata: {}
context:
  framework_name: ''
  framework_versions: {}
  bentoml_version: 1.4.39
  python_version: 3.11.7
signatures: {}
api_version: v1
creation_time: '2026-01-02T03:04:05.678901+00:00'
";

/// A store with one Bento and its model.
fn store() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("bentos/shop/v1");
    let deep = format!("src/{}/{}", "d".repeat(90), "\u{fc}".repeat(60));
    let files = [("bento.yaml", MANIFEST), ("src/run.sh", "#!/bin/sh\n"), ("src/empty", ""), (&deep, "deep")];
    for (name, content) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(file, content).expect("a file");
    }
    let model = home.path().join("models/prices/m1");
    fs::create_dir_all(&model).expect("a folder");
    fs::write(model.join("model.yaml"), MODEL).expect("a file");
    fs::write(model.join("weights"), [7; 5000]).expect("a file");
    fs::write(model.with_file_name("latest"), "m1").expect("a file");
    fs::create_dir_all(folder.join("src/hollow")).expect("a folder");
    fs::set_permissions(folder.join("src/run.sh"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let noise: Vec<u8> = (0..400_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    fs::write(folder.join("src/large"), noise).expect("a file");
    fs::write(home.path().join("bentos/shop/latest"), "v1").expect("a file");
    home
}

/// Every entry below a folder: its mode, and its contents or where it points to.
fn tree(root: &Path, follow: bool) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut entries = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let meta = if follow { fs::metadata(&path) } else { fs::symlink_metadata(&path) }.expect("an entry");
            let content = if meta.is_symlink() {
                fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
            } else if meta.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).expect("a file")
            };
            let mode = if meta.is_symlink() { 0 } else { meta.permissions().mode() };
            entries.insert(path.strip_prefix(root).expect("below").to_owned(), (mode, content));
        }
    }
    entries
}

fn exported(home: &Path, name: &str) -> PathBuf {
    let file = home.join(name);
    succeed(python_on(home).args(["-m", "bentoml", "export", "shop:v1"]).arg(&file));
    assert!(file.is_file(), "bentoml wrote no {name}");
    file
}

#[test]
fn every_format_comes_out_as_it_was() {
    let home = store();
    let original = home.path().join("bentos/shop/v1");
    symlink("run.sh", original.join("src/link")).expect("a link");
    for name in ["a.bento", "b.tar", "c.tar.gz", "d.tar.xz", "e.zip"] {
        let file = exported(home.path(), name);
        // The contents tell, not the name.
        let renamed = file.with_file_name(format!("renamed-{}", name.replace('.', "-")));
        fs::rename(file, &renamed).expect("renamed");
        let target = tempfile::tempdir().expect("a folder");
        let info = unpack_export(&renamed, target.path(), &Cancel::default()).expect(name);
        assert_eq!(info.tag.to_string(), "shop:v1");
        let (tag, model) =
            Store::at(target.path()).find(Kind::Model, &info.models[0].tag).expect("read").expect("its model");
        assert_eq!(tag.to_string(), "prices:m1");
        assert!(tree(&model, false) == tree(&home.path().join("models/prices/m1"), false), "the model differs");
        fs::remove_dir_all(target.path().join("models")).expect("removed");
        let follow = name.ends_with(".zip");
        let (found, expected) = (tree(target.path(), follow), tree(&original, follow));
        let modes = |tree: &BTreeMap<PathBuf, (u32, Vec<u8>)>| {
            tree.iter().map(|(path, (mode, _))| format!("{mode:o} {}", path.display())).collect::<Vec<_>>()
        };
        assert_eq!(modes(&found), modes(&expected), "{name}");
        assert!(found == expected, "contents of {name} differ");
    }
}

#[test]
fn a_file_that_is_cut_off_is_no_bento() {
    let home = store();
    for name in ["a.bento", "b.tar", "c.tar.gz", "e.zip"] {
        let file = exported(home.path(), name);
        let whole = fs::read(&file).expect("a file");
        // A tar ends with more zeros than it needs.
        let least = if name == "b.tar" { 10_240 } else { 20 };
        for left in [whole.len() / 2, whole.len() - least] {
            fs::write(&file, &whole[..left]).expect("a file");
            let target = tempfile::tempdir().expect("a folder");
            let unpacked = unpack_export(&file, target.path(), &Cancel::default());
            let text = unpacked.expect_err(name).full_text();
            assert!(text.starts_with("failed to unpack"), "{name} at {left} of {}: {text}", whole.len());
        }
    }
}

#[test]
fn bzip2_is_named_and_so_is_what_is_read() {
    let home = store();
    let file = exported(home.path(), "a.tar.bz2");
    let target = tempfile::tempdir().expect("a folder");
    let text = unpack_export(&file, target.path(), &Cancel::default()).expect_err("bzip2").full_text();
    assert!(
        text.contains("compressed with bzip2") && text.contains(".bento, .tar, .tar.xz, .tar.gz or .zip"),
        "{text}"
    );
}
