//! Environments from the cache of GitHub Actions, as served by runner-sim.

mod common;

use common::{Machine, Ran, run};
use runner_sim::cache::Server;

const PACKAGES: [&str; 2] = ["bentoml-9.0", "pip-99"];

/// A machine of its own with this cache and these packages in place of the index.
fn machine(server: &Server, packages: &[&str]) -> Machine {
    let mut machine = Machine::with_python();
    machine.with_cache(server);
    machine.packages(packages);
    machine
}

/// Runs the step and its post step, and checks that what it made runs.
async fn job(machine: &Machine) -> Ran {
    let ran = machine.run().await;
    ran.result.as_ref().expect("an environment");
    let answer = run(format!("{}/bin/bentoml", ran.output("venv")), &["--version"]);
    assert!(answer.contains(ran.output("bentoml-version")), "{answer}");
    machine.post().await.expect("a post step");
    assert_eq!(machine.temp_files().len(), 1, "{:?}", machine.temp_files());
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_bentoml_comes_back_without_uv_and_index() {
    let server = Server::start().await.expect("a server");
    let mut first = Machine::with_python();
    first.with_cache(&server);
    first.set("bentoml-version", "1.4.39");
    let ran = job(&first).await;
    assert_eq!((ran.output("cache-hit"), server.entries().len()), ("false", 1));
    assert_eq!(server.entries()[0].key, ran.output("cache-key"));
    assert!(ran.output("cache-key").ends_with("-1.4.39"), "{}", ran.output("cache-key"));

    let mut second = Machine::with_python();
    second.with_cache(&server);
    second.set("bentoml-version", "1.4.39");
    for (name, value) in [("RUNNER_TOOL_CACHE", ""), ("UV_INDEX_URL", "http://127.0.0.1:9"), ("PIP_INDEX_URL", "x")] {
        second.env.set(name, value);
    }
    let again = job(&second).await;
    assert_eq!((again.output("cache-hit"), again.output("uv-version")), ("true", ""));
    assert_eq!(again.output("cache-key"), ran.output("cache-key"));
    let python = again.output("python-path");
    assert!(python.starts_with(&*second.path("temp").to_string_lossy()), "{python}");
    let import = "import bentoml, sys; print(sys.prefix, bentoml.__file__)";
    let answer = run(python, &["-c", import]);
    assert!(answer.split(' ').all(|path| path.starts_with(again.output("venv"))), "{answer}");
    assert!(run(again.output("venv").to_owned() + "/bin/pip", &["check"]).contains("No broken requirements"));
    assert_eq!(server.entries().len(), 1, "nothing new to save");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_is_brought_up_to_date_and_saved_again() {
    let server = Server::start().await.expect("a server");
    let first = job(&machine(&server, &PACKAGES)).await;
    assert_eq!((first.output("bentoml-version"), first.output("cache-hit")), ("9.0", "false"));
    let same = job(&machine(&server, &PACKAGES)).await;
    assert_eq!((same.output("cache-hit"), same.output("cache-key")), ("true", first.output("cache-key")));
    assert!(!same.output("uv-version").is_empty());

    // 9.2 stands at the top of the index and cannot be installed.
    let newer = machine(&server, &["bentoml-9.0", "bentoml-9.1", "bentoml-9.2:pip>=100", "pip-99"]);
    let newer = job(&newer).await;
    assert_eq!((newer.output("bentoml-version"), newer.output("cache-hit")), ("9.1", "false"));
    let keys: Vec<_> = server.entries().into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, [first.output("cache-key"), newer.output("cache-key")]);

    // An exact version is not the one that starts with it.
    let mut exact = machine(&server, &["bentoml-9", "pip-99"]);
    exact.set("bentoml-version", "9");
    assert_eq!(job(&exact).await.output("cache-hit"), "false");

    let offline = machine(&server, &PACKAGES);
    std::fs::remove_dir_all(offline.path("packages")).expect("removed");
    let offline = job(&offline).await;
    assert_eq!((offline.output("cache-hit"), offline.output("bentoml-version")), ("true", "9.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_later_steps_install_is_not_saved() {
    let server = Server::start().await.expect("a server");
    let first = machine(&server, &PACKAGES);
    let ran = first.run().await;
    let site = run(ran.output("python-path"), &["-c", "import bentoml; print(bentoml.__path__[0])"]);
    std::fs::write(format!("{site}/later.py"), "").expect("writable");
    first.post().await.expect("saved");
    let second = machine(&server, &PACKAGES);
    let ran = second.run().await;
    assert_eq!(ran.output("cache-hit"), "true");
    let site = run(ran.output("python-path"), &["-c", "import bentoml; print(bentoml.__path__[0])"]);
    assert!(!std::path::Path::new(&site).join("later.py").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_cannot_be_used_are_installed_instead() {
    let server = Server::start().await.expect("a server");
    let key = job(&machine(&server, &PACKAGES)).await.output("cache-key").to_owned();
    let changes: [fn(Vec<u8>) -> Vec<u8>; 3] =
        [|bytes| bytes[..bytes.len() - 9].to_vec(), |_| Vec::new(), |_| b"<html>not found</html>".to_vec()];
    for change in changes {
        server.tamper(&key, change).expect("changed");
        let ran = job(&machine(&server, &PACKAGES)).await;
        assert_eq!((ran.output("cache-hit"), ran.output("bentoml-version")), ("false", "9.0"));
    }
    server.fail("GetCacheEntryDownloadURL", 403);
    assert_eq!(job(&machine(&server, &PACKAGES)).await.output("cache-hit"), "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_where_it_may_not_be_used() {
    let server = Server::start().await.expect("a server");
    for (name, value) in [
        ("INPUT_CACHE", "false"),
        ("GITHUB_SERVER_URL", "https://git.example.com"),
        ("ACTIONS_CACHE_MODE", "none"),
        ("ACTIONS_RESULTS_URL", ""),
        ("ACTIONS_RESULTS_URL", "no address"),
    ] {
        let mut machine = machine(&server, &PACKAGES);
        machine.env.set(name, value);
        assert_eq!(job(&machine).await.output("cache-key"), "", "{name}");
    }
    assert_eq!(server.requests(), []);
    let mut machine = machine(&server, &PACKAGES);
    machine.env.set("ACTIONS_CACHE_MODE", "read");
    assert_eq!(job(&machine).await.output("cache-hit"), "false");
    assert!(server.entries().is_empty());
}
