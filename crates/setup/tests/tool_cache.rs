//! Environments in the tool cache of a self-hosted machine.

mod common;

use std::path::{Path, PathBuf};

use common::{Machine, Ran, run};
use runner_sim::cache::Server;

const PACKAGES: [&str; 2] = ["bentoml-9.0", "pip-99"];

/// A job on the machine with this tool cache.
fn machine(tools: &Path, packages: &[&str]) -> Machine {
    let mut machine = Machine::with_python();
    machine.packages(packages);
    machine.env.set("RUNNER_ENVIRONMENT", "self-hosted");
    machine.env.set("RUNNER_TOOL_CACHE", tools);
    machine
}

/// An empty tool cache but for uv, which all tests share. In it the Python that all jobs of the machine have: another one is
/// another key.
struct Tools(tempfile::TempDir, Machine);

impl Tools {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools/uv");
        if shared.is_dir() {
            std::os::unix::fs::symlink(shared, folder.path().join("uv")).expect("a link");
        }
        Self(folder, Machine::with_python())
    }

    fn job(&self, packages: &[&str]) -> Machine {
        let mut machine = machine(self.0.path(), packages);
        let path = self.1.env.get("PATH").expect("PATH").to_owned();
        machine.env.set("PATH", path);
        machine
    }

    fn kept(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path().join("bentoml-env")).expect("kept").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

async fn ran(machine: &Machine) -> Ran {
    let ran = machine.run().await;
    ran.result.as_ref().expect("an environment");
    let answer = run(format!("{}/bin/bentoml", ran.output("venv")), &["--version"]);
    assert!(answer.contains(ran.output("bentoml-version")), "{answer}");
    assert_eq!(machine.temp_files().len(), 1, "{:?}", machine.temp_files());
    ran
}

fn module(ran: &Ran) -> PathBuf {
    run(ran.output("python-path"), &["-c", "import bentoml; print(bentoml.__file__)"]).into()
}

#[tokio::test]
async fn the_next_job_has_it_too_and_what_it_changes_is_its_own() {
    let tools = Tools::new();
    let first = tools.job(&PACKAGES);
    let made = ran(&first).await;
    assert_eq!((made.output("cache-hit"), made.output("bentoml-version")), ("false", "9.0"));
    let key = made.output("cache-key");
    assert_eq!(tools.kept(), [key.to_owned(), format!("{key}.complete")]);
    // As a later step that installs something would.
    std::fs::remove_file(module(&made)).expect("removed");

    for exact in ["", "9.0", "9"] {
        let mut second = tools.job(&PACKAGES);
        second.set("bentoml-version", exact);
        let again = ran(&second).await;
        assert_eq!(again.output("cache-hit"), if exact == "9.0" { "false" } else { "true" }, "{exact}");
        let folder = tools.0.path().join("bentoml-env").join(again.output("cache-key"));
        let kept = folder.join(module(&again).strip_prefix(again.output("venv")).expect("inside"));
        assert!(kept.is_file(), "{}", kept.display());
    }
    assert_eq!(tools.kept().len(), 4, "who asks for a number has an environment of its own");

    let newer = ran(&tools.job(&["bentoml-9.0", "bentoml-9.1", "pip-99"])).await;
    assert_eq!((newer.output("cache-hit"), newer.output("bentoml-version")), ("false", "9.1"));
    assert_eq!(tools.kept().len(), 6);
}

#[tokio::test]
async fn what_is_broken_is_installed_and_kept_again() {
    let tools = Tools::new();
    let made = ran(&tools.job(&PACKAGES)).await;
    let folder = tools.0.path().join("bentoml-env").join(made.output("cache-key"));
    std::fs::remove_file(folder.join("bin/python")).expect("removed");
    assert_eq!(ran(&tools.job(&PACKAGES)).await.output("cache-hit"), "false");
    assert_eq!(ran(&tools.job(&PACKAGES)).await.output("cache-hit"), "true");
    // A job that was killed leaves no marker.
    std::fs::remove_file(folder.with_file_name(format!("{}.complete", made.output("cache-key")))).expect("removed");
    assert_eq!(ran(&tools.job(&PACKAGES)).await.output("cache-hit"), "false");

    let file = tools.0.path().join("no-folder");
    std::fs::write(&file, "").expect("a file");
    let mut other = tools.job(&PACKAGES);
    other.env.set("RUNNER_TOOL_CACHE", file);
    assert_eq!(ran(&other).await.output("bentoml-version"), "9.0", "a tool cache that takes nothing is not a failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_it_yet_gets_it_from_the_service_and_keeps_it() {
    let (server, one, other) = (Server::start().await.expect("a server"), Tools::new(), Tools::new());
    let mut first = one.job(&PACKAGES);
    first.with_cache(&server);
    let made = first.run().await;
    made.result.as_ref().expect("installed");
    first.post().await.expect("saved");
    assert_eq!((one.kept().len(), server.entries().len()), (2, 1));

    for requests in [true, false] {
        let mut second = other.job(&PACKAGES);
        let path = one.1.env.get("PATH").expect("PATH").to_owned();
        second.env.set("PATH", path);
        second.with_cache(&server);
        let before = server.requests().len();
        let again = ran(&second).await;
        assert_eq!((again.output("cache-hit"), again.output("cache-key")), ("true", made.output("cache-key")));
        assert_eq!(server.requests().len() > before, requests);
    }
    assert_eq!(other.kept().len(), 2);
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() => files(&entry.path(), found),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_a_job_writes_into_a_file_is_not_there_for_the_next_nor_in_the_caches_of_uv() {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;
    let tools = Tools::new();
    let uv_cache = tempfile::tempdir().expect("a folder");
    let job = || {
        let mut job = tools.job(&PACKAGES);
        job.env.set("UV_CACHE_DIR", uv_cache.path());
        // A machine may ask for it: what is kept must not be in uv's cache under another name.
        job.env.set("UV_LINK_MODE", "hardlink");
        job
    };
    let spoil = |file: &Path| {
        let mut file = std::fs::File::options().append(true).open(file).expect("a file that can be written");
        file.write_all(b"raise SystemExit('CONTAMINATED')\n").expect("written");
    };
    for hit in ["false", "true", "true"] {
        let job = job();
        let made = ran(&job).await;
        assert_eq!(made.output("cache-hit"), hit);
        let mut all = Vec::new();
        files(Path::new(made.output("venv")), &mut all);
        assert!(all.iter().any(|file| file.ends_with("bin/uv")), "{all:?}");
        for file in &all {
            assert_eq!(file.metadata().expect("there").nlink(), 1, "{}", file.display());
        }
        spoil(&module(&made));
    }
    let mut elsewhere = job();
    elsewhere.env.set("RUNNER_ENVIRONMENT", "github-hosted");
    ran(&elsewhere).await;
}

#[tokio::test]
async fn a_bentoml_that_does_not_start_is_neither_installed_nor_kept() {
    let tools = Tools::new();
    let server = Server::start().await.expect("a server");
    let mut job = tools.job(&["bentoml-9.0!", "pip-99"]);
    job.with_cache(&server);
    let error = job.run().await.error();
    assert!(error.starts_with("bentoml 9.0 was installed but does not start: ModuleNotFoundError: "), "{error}");
    assert!(error.contains("gone_since_then") && error.contains("input packages"), "{error}");
    job.assert_nothing_left();
    job.post().await.expect("nothing to do");
    assert!(server.entries().is_empty());
    assert!(!tools.0.path().join("bentoml-env").exists());

    // Neither does it take the place of one that does.
    ran(&tools.job(&PACKAGES)).await;
    let newer = ran(&tools.job(&["bentoml-9.0", "bentoml-9.1!", "pip-99"])).await;
    assert_eq!((newer.output("bentoml-version"), newer.output("cache-hit")), ("9.0", "true"));
}
