//! One Bento for all tests, in a store and in a cloud, and the real `bentoml` command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use testkit::venv;

use tokio::sync::OnceCell;

use crate::cloud::Cloud;

/// The Bento that is built once.
pub(crate) const BENTO: &str = "greeter:v1";
/// The same Bento under another version.
pub(crate) const OTHER: &str = "greeter:v2";

/// A file or folder beside these tests.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/fixtures").join(name)
}

/// Runs `bentoml` with this store, and this cloud where there is one. It must succeed.
pub(crate) async fn bentoml(home: &Path, cloud: Option<&Cloud>, arguments: &[&str]) -> String {
    let mut command = Command::new(venv().join("bin/python"));
    for (name, _) in std::env::vars_os() {
        let foreign = ["GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "BENTO"];
        if name.to_str().is_some_and(|name| foreign.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    command.args(["-m", "bentoml"]).args(arguments).env("BENTOML_HOME", home).env("BENTOML_DO_NOT_TRACK", "True");
    if let Some(cloud) = cloud {
        command.env("BENTO_CLOUD_API_ENDPOINT", cloud.endpoint()).env("BENTO_CLOUD_API_KEY", crate::cloud::TOKEN);
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "bentoml {} failed:\n{text}", arguments.join(" "));
    text
}

/// A store with both Bentos. It is read only: copy it to change it.
pub(crate) async fn store() -> &'static Path {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT
        .get_or_init(|| async {
            let home = empty_folder("store");
            let project = fixture("greeter").display().to_string();
            bentoml(&home, None, &["build", "--version", "v1", &project]).await;
            let folder = home.join("bentos/greeter");
            copy(&folder.join("v1"), &folder.join("v2"));
            let yaml = fs::read_to_string(folder.join("v1/bento.yaml")).unwrap();
            let other = yaml.replacen("version: v1\n", "version: v2\n", 1);
            assert_ne!(yaml, other, "bento.yaml has another form now");
            fs::write(folder.join("v2/bento.yaml"), other).unwrap();
            home
        })
        .await
}

/// The data of a cloud that has both Bentos.
pub(crate) async fn cloud_data() -> &'static Path {
    static PUSHED: OnceCell<PathBuf> = OnceCell::const_new();
    PUSHED
        .get_or_init(|| async {
            let data = empty_folder("cloud");
            let cloud = Cloud::at(&data, |_| {}).await;
            for tag in [BENTO, OTHER] {
                bentoml(store().await, Some(&cloud), &["push", tag]).await;
            }
            cloud.stop().await;
            data
        })
        .await
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy-bento-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}
