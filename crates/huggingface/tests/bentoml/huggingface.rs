//! Models of a hub: what we fetch, bentoml and the hub's client find, and the other way about.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use actions_core::{Cause, Env, Error};
use archive::{FixedPlan, unpack};
use bento_format::BentoModel;
use huggingface::{Entry, Snapshot, download};
use serde_json::{Value, json};
use sha2::Digest;
use tempfile::TempDir;
use testkit::{python_on, succeed};

use crate::hub::{COMMIT, Hub, LARGE, Trouble};

/// Says where bentoml finds the model; `base` is the folder of an image that it is copied to.
const RESOLVE: &str = "
import sys, json
from _bentoml_sdk.models import HuggingFaceModel
from bentoml._internal.bento.bento import BentoModelInfo
info = BentoModelInfo('org--tiny:1', registry='huggingface', metadata=json.loads(sys.argv[1]))
print('found', HuggingFaceModel.from_info(info).resolve(*sys.argv[2:]))
";

/// A cache, and what a Bento says of its model.
struct Lab {
    hub: Hub,
    cache: TempDir,
    metadata: Value,
    env: Env,
}

impl Lab {
    async fn start(trouble: Trouble) -> Self {
        let (hub, cache) = (Hub::start(trouble).await, tempfile::tempdir().expect("a folder"));
        let metadata = json!({
            "model_id": "org/tiny", "revision": COMMIT, "endpoint": hub.address, "include": null, "exclude": ["*.bin"],
        });
        let folder = cache.path().to_str().expect("text");
        let env = [("BENTOML_HF_CACHE_DIR", folder), ("HF_ENDPOINT", &hub.address), ("HF_TOKEN", "hf-sekrit-token")];
        let env = env.into_iter().collect();
        Self { hub, cache, metadata, env }
    }

    fn model(&self) -> BentoModel {
        let tag = "org--tiny:1".parse().expect("a tag");
        BentoModel { tag, registry: "huggingface".into(), metadata: self.metadata.clone() }
    }

    async fn download(&self) -> Result<Snapshot, Error> {
        download(&self.model(), &self.env, &Cancel::default()).await
    }

    /// bentoml's way to the model.
    async fn bentoml(&self, offline: bool, base: Option<&Path>) -> PathBuf {
        let mut command = python_on(self.cache.path());
        command.env("BENTOML_HF_CACHE_DIR", self.cache.path()).env("HF_HOME", self.cache.path().join("none"));
        command.env("HF_HUB_DISABLE_XET", "1").env("HF_HUB_OFFLINE", if offline { "1" } else { "0" });
        command.args(["-c", RESOLVE]).arg(self.metadata.to_string()).args(base);
        let text = tokio::task::spawn_blocking(move || succeed(&mut command)).await.expect("it ran");
        let found = text.lines().find_map(|line| line.strip_prefix("found "));
        PathBuf::from(found.expect("a folder"))
    }

    /// All that is in the cache, relative.
    fn cached(&self) -> BTreeSet<String> {
        below(self.cache.path())
    }

    fn check(&self, snapshot: &Path) {
        for name in ["config.json", "copy of config.json", "model.safetensors", "onnx/deep/tiny.onnx"] {
            let found = fs::read(snapshot.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(found == self.hub.contents(name), "{name} differs");
        }
        assert!(!snapshot.join("pytorch_model.bin").exists(), "it is excluded");
    }
}

/// The names of all files and links below a folder, with where links point to.
fn below(root: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").display().to_string();
            if let Ok(target) = fs::read_link(&path) {
                names.insert(format!("{name} -> {}", target.display()));
            } else if path.is_dir() {
                folders.push(path);
            } else {
                names.insert(name);
            }
        }
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_fetch_bentoml_finds_without_a_network() {
    let lab = Lab::start(Trouble::None).await;
    let snapshot = lab.download().await.expect("fetched");
    assert_eq!(snapshot.size(), (LARGE + 1000 + 2) as u64, "two files of the same contents count once");
    lab.check(&snapshot.folder());
    lab.hub.asked();
    assert_eq!(lab.bentoml(true, None).await, snapshot.folder());
    // With the hub at hand it finds everything there, too.
    assert_eq!(lab.bentoml(false, None).await, snapshot.folder());
    assert_eq!(lab.hub.asked(), [], "the hub's client had to ask");
    assert_eq!(lab.download().await.expect("there"), snapshot);
    assert_eq!(lab.hub.asked(), [], "we had to ask");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_bentoml_fetches_we_find_and_lay_out_alike() {
    let (theirs, mut ours) = (Lab::start(Trouble::None).await, Lab::start(Trouble::None).await);
    let folder = theirs.bentoml(false, None).await;
    theirs.hub.asked();
    let found = theirs.download().await.expect("found");
    assert_eq!((found.folder(), theirs.hub.asked()), (folder, vec![]));
    theirs.check(&found.folder());
    let fetched = ours.download().await.expect("fetched");
    assert_eq!(layout(&found), layout(&fetched), "an image gets something else");

    // Both caches hold the same, but for what the hub's client keeps for itself.
    let own = |name: &String| name.starts_with(".locks") || name == "CACHEDIR.TAG";
    let kept: BTreeSet<_> = theirs.cached().into_iter().filter(|name| !own(name)).collect();
    assert_eq!(ours.cached(), kept);

    // Of a cache that an older client filled there is no list of what there is.
    fs::remove_dir_all(found.root.join("trees")).expect("removed");
    assert_eq!(layout(&theirs.download().await.expect("found")), layout(&fetched));
    fs::remove_dir_all(found.root.join("trees")).expect("removed");
    let mut offline = Lab { hub: Hub::start(Trouble::None).await, ..theirs };
    offline.env.set("HF_HUB_OFFLINE", "1");
    let mut without_list = layout(&fetched);
    without_list
        .retain(|entry| !matches!(entry, Entry::Folder(path) | Entry::Text(path, _) if path.contains("/trees")));
    assert_eq!(layout(&offline.download().await.expect("found")), without_list);

    // A branch is remembered as the hub's client does.
    ours.metadata["revision"] = json!("main");
    let branch = ours.download().await.expect("found");
    assert_eq!((branch.reference.as_deref(), branch.folder()), (Some("main"), fetched.folder()));
    assert_eq!(ours.bentoml(true, None).await, fetched.folder());
}

/// The entries without the places on this machine.
fn layout(snapshot: &Snapshot) -> Vec<Entry> {
    let place = |entry| match entry {
        Entry::File(path, content) => {
            let digest = sha2::Sha256::digest(fs::read(content).expect("contents"));
            Entry::Text(path, format!("{digest:x}"))
        }
        other => other,
    };
    snapshot.entries().into_iter().map(place).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_gets_what_bentoml_copies() {
    let lab = Lab::start(Trouble::None).await;
    let snapshot = lab.download().await.expect("fetched");
    let (theirs, ours) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    lab.bentoml(true, Some(theirs.path())).await;
    let mut fixed = FixedPlan::new(1034, 1034);
    for entry in snapshot.entries() {
        match entry {
            Entry::Folder(path) => fixed.folder(&path),
            Entry::File(path, content) => fixed.tree(&path, &content),
            Entry::Text(path, text) => fixed.file(&path, text.as_bytes()),
            Entry::Link(path, target) => fixed.link(&path, &target),
        }
        .expect("laid out");
    }
    let plan = fixed.finish();
    unpack(plan.read_range(0..plan.len()), ours.path()).expect("unpacked");
    assert_eq!(below(ours.path()), below(theirs.path()));
    // As in a container: this folder is all there is, and nothing asks the hub, be it at hand or not.
    let container = Lab { cache: ours, ..lab };
    container.hub.asked();
    for offline in [true, false] {
        container.check(&container.bentoml(offline, None).await);
        assert_eq!(container.hub.asked(), [], "the hub's client had to ask");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_stays_with_the_hub_that_it_is_for() {
    let lab = Lab::start(Trouble::Gated).await;
    lab.download().await.expect("fetched");
    let asked = lab.hub.asked();
    for asked in &asked {
        let expected = (asked.at == "hub").then_some("Bearer hf-sekrit-token");
        assert_eq!(asked.token.as_deref(), expected, "{asked:?}");
    }
    assert!(asked.iter().any(|asked| asked.at == "storage"));

    // An address that only the Bento names gets none.
    let mut other = Lab::start(Trouble::Gated).await;
    other.env.set("HF_ENDPOINT", "");
    let error = other.download().await.expect_err("no token");
    assert_eq!(error.cause(), Cause::Access);
    assert!(other.hub.asked().iter().all(|asked| asked.token.is_none()));
    assert!(!error.full_text().contains("sekrit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_breaks_off_goes_on_where_it_was() {
    let lab = Lab::start(Trouble::BreaksOff(2)).await;
    let snapshot = lab.download().await.expect("fetched");
    lab.check(&snapshot.folder());
    let ranges: Vec<_> = lab.hub.asked().into_iter().filter(|asked| asked.at == "storage").collect();
    assert_eq!(ranges.iter().filter(|asked| asked.range.is_some()).count(), 2, "{ranges:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_announced_does_not_get_its_name() {
    let lab = Lab::start(Trouble::Wrong).await;
    let text = lab.download().await.expect_err("other contents").full_text();
    assert!(text.contains("SHA-256 is") && text.contains("of org/tiny"), "{text}");
    let large: Vec<_> = lab.cached().into_iter().filter(|name| name.contains("safetensors")).collect();
    assert!(large.is_empty() && !lab.cached().iter().any(|name| name.contains("incomplete")), "{:?}", lab.cached());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_ends_at_once_with_whole_files_only() {
    let lab = Lab::start(Trouble::Stalls).await;
    let cancel = Cancel::default();
    let model = lab.model();
    let downloading = download(&model, &lab.env, &cancel);
    let (ended, cancelled) = tokio::join!(downloading, async {
        while !lab.cached().iter().any(|name| name.contains("incomplete")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        Instant::now()
    });
    assert_eq!(ended.expect_err("cancelled").cause(), Cause::Cancelled);
    assert!(cancelled.elapsed() < Duration::from_secs(2), "{:?}", cancelled.elapsed());
    assert!(!lab.cached().iter().any(|name| name.contains("incomplete") || name.contains("safetensors")));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_tell_what_to_do() {
    let gated = Lab::start(Trouble::Gated).await;
    let mut lab = Lab::start(Trouble::None).await;
    let mut case = |name: &str, value: &str| {
        lab.metadata[name] = json!(value);
        (lab.model(), lab.env.clone())
    };
    let revision = case("revision", &"f".repeat(40));
    let name = case("model_id", "org/unknown");
    let mut offline = (revision.0.clone(), revision.1.clone());
    offline.1.set("HF_HUB_OFFLINE", "1");
    let mut gone = (gated.model(), gated.env.clone());
    gone.1.set("HF_TOKEN", "");
    gone.1.set("HF_HOME", gated.cache.path().to_str().expect("text"));
    let cases = [
        (gone, Cause::Access, "the model is gated. Accept its terms at http"),
        (revision, Cause::NotFound, "it has no revision ffff"),
        (name, Cause::Access, "or there is no such model (401"),
        (offline, Cause::NotFound, "HF_HUB_OFFLINE is set"),
    ];
    for ((model, env), cause, text) in cases {
        let error = download(&model, &env, &Cancel::default()).await.expect_err(text);
        assert_eq!(error.cause(), cause, "{}", error.full_text());
        assert!(error.full_text().contains(text), "{}", error.full_text());
        assert!(error.hint_text().is_some());
    }
}
