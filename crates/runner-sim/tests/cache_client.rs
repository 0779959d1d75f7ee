//! The real client, npm's `@actions/cache`, saves to the cache service and restores from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use runner_sim::cache::Server;

const SCRIPT: &str = "
const cache = require('@actions/cache')
const [what, key, ...rest] = process.argv.slice(1)
const work = what === 'save' ? cache.saveCache(['data'], key) : cache.restoreCache(['data'], key, rest)
work.then(value => console.log(`RESULT=${value}`), error => { console.log(`THROWN=${error.message}`) })
";

struct Client {
    folder: tempfile::TempDir,
    server: Server,
}

impl Client {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("data")).expect("writable");
        fs::create_dir(folder.path().join("temp")).expect("writable");
        Self { folder, server: Server::start().await.expect("a server") }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn run(&self, arguments: &[&str]) -> String {
        self.run_with(arguments, self.server.token()).await
    }

    async fn run_with(&self, arguments: &[&str], token: &str) -> String {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("actions-cache");
        let modules = tools.join("node_modules");
        assert!(modules.is_dir(), "the tests need {}: run `cargo xtask tools`", modules.display());
        let mut command = Command::new(runner_sim::node::find().expect("Node 24: run `cargo xtask tools`"));
        let scrubbed = ["GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_"];
        for (name, _) in std::env::vars().filter(|(name, _)| scrubbed.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
        command
            .args(["-e", SCRIPT, "--"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NODE_PATH", modules)
            .env("RUNNER_TEMP", self.folder.path().join("temp"))
            .env("GITHUB_WORKSPACE", self.folder.path())
            .env("ACTIONS_CACHE_SERVICE_V2", "true")
            .env("ACTIONS_RESULTS_URL", self.server.results_url())
            .env("ACTIONS_RUNTIME_TOKEN", token);
        let Output { stdout, stderr, .. } =
            tokio::task::spawn_blocking(move || command.output().expect("Node starts")).await.expect("it ends");
        let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(text.contains("RESULT=") || text.contains("THROWN="), "{text}");
        text
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(length / 8).flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_saves_it_gets_back() {
    let client = Client::new().await;
    fs::write(client.data().join("a"), "alpha").expect("writable");
    let saved = client.run(&["save", "os-one"]).await;
    assert!(saved.contains("RESULT=1"), "{saved}");
    let entries = client.server.entries();
    assert_eq!((entries.len(), entries[0].key.as_str()), (1, "os-one"));
    assert!(entries[0].size.is_some_and(|size| size > 0));

    fs::remove_file(client.data().join("a")).expect("there");
    let restored = client.run(&["restore", "os-one"]).await;
    assert!(restored.contains("RESULT=os-one"), "{restored}");
    assert_eq!(fs::read_to_string(client.data().join("a")).expect("restored"), "alpha");

    // By a prefix; none at all; the same key again.
    let restored = client.run(&["restore", "os-two", "mac-", "os-"]).await;
    assert!(restored.contains("RESULT=os-one"), "{restored}");
    let missed = client.run(&["restore", "other"]).await;
    assert!(missed.contains("RESULT=undefined"), "{missed}");
    let again = client.run(&["save", "os-one"]).await;
    assert!(again.contains("already exists") && again.contains("RESULT=-1"), "{again}");
    let refused = client.run_with(&["restore", "os-one"], "another").await;
    assert!(refused.contains("RESULT=undefined") && refused.contains("401"), "{refused}");
}

/// Over 128 MiB the client sends blocks.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_saves_in_blocks_it_gets_back() {
    let client = Client::new().await;
    let bytes = noise(130 * 1024 * 1024);
    let file = client.data().join("large");
    fs::write(&file, &bytes).expect("writable");
    let saved = client.run(&["save", "large"]).await;
    assert!(saved.contains("RESULT=1"), "{saved}");
    let count = |what: &str| client.server.requests().iter().filter(|request| request.what == what).count();
    assert_eq!((count("block"), count("blocklist")), (3, 1));
    fs::remove_file(&file).expect("there");
    let restored = client.run(&["restore", "large"]).await;
    assert!(restored.contains("RESULT=large"), "{restored}");
    assert!(fs::read(&file).expect("restored") == bytes, "the bytes differ");
}
