//! What `docker save` writes: an OCI layout in a tar, where what images have in common stands once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::project::output;
use crate::tree::{Change, Tree, changes};

/// An image as it is compared.
pub(crate) struct Image {
    /// What the engine goes by when it runs it: user, variables, entry point, labels and so on.
    pub(crate) config: Value,
    /// All files.
    pub(crate) tree: Tree,
}

/// Some images in a folder.
pub(crate) struct Archive(PathBuf);

/// What each layer that was read changes, by digest: all images stand on the same base.
static LAYERS: Mutex<BTreeMap<String, Arc<Vec<Change>>>> = Mutex::new(BTreeMap::new());

impl Archive {
    /// Saves images of the engine below `folder`.
    pub(crate) fn save(images: &[&str], folder: &Path) -> Self {
        let (file, layout) = (folder.join("images.tar"), folder.join("images"));
        output(Command::new("docker").args(["save", "--output"]).arg(&file).args(images));
        tar::Archive::new(File::open(&file).unwrap()).unpack(&layout).unwrap();
        std::fs::remove_file(file).unwrap();
        Self(layout)
    }

    /// The image of this name.
    pub(crate) fn image(&self, name: &str) -> Image {
        let index = self.json("index.json");
        let named = |one: &&Value| one["annotations"]["io.containerd.image.name"] == *name;
        let mut document = index["manifests"].as_array().unwrap().iter().find(named).expect("it was saved").clone();
        // Of an index, the image that runs here; statements about it have no platform that does.
        while document["mediaType"].as_str().is_some_and(|kind| kind.contains("index") || kind.contains("list")) {
            let list = self.blob(&document);
            let runs = |one: &&Value| one["platform"]["os"] == "linux";
            document = list["manifests"].as_array().unwrap().iter().find(runs).expect("an image of a platform").clone();
        }
        let manifest = self.blob(&document);
        let config = self.blob(&manifest["config"]);
        let mut tree = Tree::default();
        for layer in manifest["layers"].as_array().unwrap() {
            tree.apply(&self.layer(layer));
        }
        let kept = ["os", "architecture", "variant", "config"];
        let config = kept.into_iter().map(|key| (key.to_owned(), config[key].clone())).collect();
        Image { config: Value::Object(config), tree }
    }

    fn layer(&self, descriptor: &Value) -> Arc<Vec<Change>> {
        let digest = descriptor["digest"].as_str().unwrap();
        let mut layers = LAYERS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = layers.entry(digest.to_owned()).or_insert_with(|| {
            let packed = descriptor["mediaType"].as_str().is_some_and(|kind| kind.ends_with("gzip"));
            Arc::new(read(&self.0.join(path(digest)), packed))
        });
        Arc::clone(known)
    }

    fn blob(&self, descriptor: &Value) -> Value {
        self.json(&path(descriptor["digest"].as_str().unwrap()))
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.0.join(path)).unwrap()).unwrap()
    }
}

fn path(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

/// What a layer changes. Unpacked by a program that was compiled to be fast: tests are not.
fn read(layer: &Path, packed: bool) -> Vec<Change> {
    let file = File::open(layer).unwrap();
    if !packed {
        return changes(BufReader::new(file));
    }
    let mut gzip =
        Command::new("gzip").args(["--decompress", "--stdout"]).stdin(file).stdout(Stdio::piped()).spawn().unwrap();
    let changes = changes(BufReader::with_capacity(1 << 16, gzip.stdout.take().unwrap()));
    assert!(gzip.wait().unwrap().success(), "{} is not valid gzip", layer.display());
    changes
}
