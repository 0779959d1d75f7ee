//! What the tests share: the real `bentoml` client, one built Bento, and temporary stores.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub(crate) use testkit::venv;

use local_cloud::{Config, Server};
use tempfile::TempDir;

/// The token of all test servers.
pub(crate) const TOKEN: &str = "test-token";

/// The interpreter of the virtual environment.
pub(crate) fn python() -> PathBuf {
    venv().join("bin/python")
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A configuration for tests.
pub(crate) fn config(data: &Path) -> Config {
    let mut config = Config::new(data);
    config.python = Some(python());
    config.token = Some(TOKEN.to_owned());
    config
}

/// A BENTOML_HOME and the `bentoml` command on it.
pub(crate) struct Store {
    pub(crate) home: TempDir,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) success: bool,
    /// Output and errors.
    pub(crate) text: String,
}

impl Store {
    pub(crate) fn empty() -> Self {
        Self { home: tempfile::tempdir().expect("a temporary directory") }
    }

    /// A store that holds the built greeter and its model.
    pub(crate) fn with_greeter() -> Self {
        let store = Self::empty();
        copy(&greeter().0, store.home.path());
        store
    }

    /// The same, logged in to `server`.
    pub(crate) async fn logged_in(self, server: &Server) -> Self {
        let login = self.bentoml(&["cloud", "login", "--endpoint", server.endpoint(), "--api-token", TOKEN]).await;
        assert!(login.success, "{}", login.text);
        self
    }

    /// Runs `bentoml` with these arguments.
    pub(crate) async fn bentoml(&self, arguments: &[&str]) -> Ran {
        let mut command = client(self.home.path());
        command.args(arguments);
        ran(tokio::task::spawn_blocking(move || command.output()).await.expect("no panic"))
    }

    /// The same, and it must succeed.
    pub(crate) async fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.bentoml(arguments).await;
        assert!(ran.success, "bentoml {} failed:\n{}", arguments.join(" "), ran.text);
        ran.text
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }
}

/// `bentoml` without anything of a surrounding CI job or of the user's own settings.
fn client(home: &Path) -> Command {
    let mut command = Command::new(python());
    for (name, _) in std::env::vars_os() {
        let scrubbed = ["GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "BENTO"];
        if name.to_str().is_some_and(|name| scrubbed.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    // A wide terminal, or its messages are broken into lines.
    command.args(["-m", "bentoml"]).env("BENTOML_HOME", home).env("BENTOML_DO_NOT_TRACK", "True").env("COLUMNS", "400");
    command
}

fn ran(output: std::io::Result<Output>) -> Ran {
    let output = output.expect("python starts");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    Ran { success: output.status.success(), text }
}

/// Tag of the greeter, `greeter:<version>`.
pub(crate) fn tag() -> &'static str {
    &greeter().1
}

/// Builds the greeter once for all tests of a binary.
fn greeter() -> &'static (PathBuf, String) {
    static BUILT: OnceLock<(PathBuf, String)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(concat!("greeter-", env!("CARGO_CRATE_NAME")));
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).expect("a directory below target");
        let mut make_model = Command::new(python());
        make_model.arg(fixture("make_model.py")).env("BENTOML_HOME", &home).env("BENTOML_DO_NOT_TRACK", "True");
        let made = ran(make_model.output());
        assert!(made.success, "{}", made.text);
        let built = ran(client(&home).args(["build", "-o", "tag"]).arg(fixture("greeter")).output());
        assert!(built.success, "{}", built.text);
        let version = fs::read_to_string(home.join("bentos/greeter/latest")).expect("a built Bento");
        (home, format!("greeter:{}", version.trim()))
    })
}

/// Every file below a directory with its content, by relative path.
pub(crate) fn tree(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    fn walk(root: &Path, directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let relative = path.strip_prefix(root).expect("below the root").to_owned();
                files.push((relative, fs::read(&path).expect("a file")));
            }
        }
    }
    let mut files = Vec::new();
    walk(root, root, &mut files);
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    for (path, content) in tree(from) {
        let target = to.join(path);
        fs::create_dir_all(target.parent().expect("a parent")).expect("a directory");
        fs::write(target, content).expect("a file");
    }
}

/// Asks again until the answer is there; fails after a minute.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A plain HTTP client.
pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("an HTTP client")
}

/// The API of a server, with its token.
pub(crate) struct Api<'s> {
    server: &'s Server,
    http: reqwest::Client,
}

impl<'s> Api<'s> {
    pub(crate) fn new(server: &'s Server) -> Self {
        Self { server, http: http() }
    }

    /// Status and JSON body (null if there is none).
    pub(crate) async fn call(&self, method: &str, path: &str, body: serde_json::Value) -> (u16, serde_json::Value) {
        let method = method.parse().expect("a method");
        let url = format!("{}{path}", self.server.endpoint());
        let mut request = self.http.request(method, url).header("X-YATAI-API-TOKEN", TOKEN);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, serde_json::Value) {
        self.call("GET", path, serde_json::Value::Null).await
    }
}
