//! Environments from the cache of GitHub Actions, as served by runner-sim.

mod common;

use common::server::{Answer, serve};
use common::{Machine, Ran, run};
use python_env::Uv;
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
    // Both jobs have the same settings.
    first.env.set("PIP_FIND_LINKS", "");
    let ran = job(&first).await;
    assert_eq!((ran.output("cache-hit"), server.entries().len()), ("false", 1));
    assert_eq!(server.entries()[0].key, ran.output("cache-key"));
    assert!(ran.output("cache-key").ends_with("-1.4.39"), "{}", ran.output("cache-key"));

    let mut second = Machine::with_python();
    second.with_cache(&server);
    second.set("bentoml-version", "1.4.39");
    second.env.set("RUNNER_TOOL_CACHE", "");
    second.without_network();
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

    // An exact version has an entry of its own, whichever of its names it was asked for by.
    for (version, hit) in [("9", "false"), ("9", "true"), ("9.0", "true"), ("9.0.0", "true")] {
        let mut exact = machine(&server, &PACKAGES);
        exact.set("bentoml-version", version);
        assert_eq!(job(&exact).await.output("cache-hit"), hit, "{version}");
    }

    let offline = machine(&server, &PACKAGES);
    std::fs::remove_dir_all(offline.path("packages")).expect("removed");
    let offline = job(&offline).await;
    assert_eq!((offline.output("cache-hit"), offline.output("bentoml-version")), ("true", "9.1"));
}

/// A uv on PATH that does this before it goes on as the real one.
async fn uv_that(machine: &Machine, does: &str) {
    let real = Uv::find(&machine.context()).await.expect("looked").expect("an earlier job has fetched it");
    machine.program("bin/uv", &format!("#!/bin/sh\n{does}\nexec {} \"$@\"\n", real.program.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_fails_leaves_what_was_there() {
    let server = Server::start().await.expect("a server");
    job(&machine(&server, &PACKAGES)).await;
    let newer = ["bentoml-9.0", "bentoml-9.1", "pip-99"];

    let breaks = machine(&server, &newer);
    let site = breaks.path("temp/.venv-*/venv/lib/*/site-packages/bentoml*");
    let does =
        format!("case \"$*\" in *--upgrade-package*) /bin/rm -r {} && : >\"$TRIED\"; exit 2;; esac", site.display());
    uv_that(&breaks, &does.replace("$TRIED", &breaks.path("tried").to_string_lossy())).await;
    let ran = job(&breaks).await;
    assert!(breaks.path("tried").exists());
    assert_eq!((ran.output("cache-hit"), ran.output("bentoml-version")), ("true", "9.0"));

    // An index that does not answer is not asked for more.
    let silent = machine(&server, &newer);
    let does = "case \"$*\" in 'pip compile'*) exit 2;; *--upgrade-package*) : >\"$TRIED\";; esac";
    uv_that(&silent, &does.replace("$TRIED", &silent.path("tried").to_string_lossy())).await;
    let ran = job(&silent).await;
    assert_eq!((ran.output("cache-hit"), ran.output("bentoml-version")), ("true", "9.0"));
    assert!(!silent.path("tried").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_without_pip_is_not_kept() {
    let server = Server::start().await.expect("a server");
    let mut machine = machine(&server, &["bentoml-9.0"]);
    machine.env.set("UV_CACHE_DIR", machine.path("uv-cache"));
    assert_eq!(job(&machine).await.output("cache-key"), "");
    assert!(server.entries().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_brings_its_uv_along_where_path_has_none() {
    let server = Server::start().await.expect("a server");
    let first = machine(&server, &PACKAGES);
    let ran = job(&first).await;
    assert!(run(format!("{}/bin/uv", ran.output("venv")), &["--version"]).starts_with("uv "));
    // It is brought up to date where no uv can be had.
    let mut second = machine(&server, &["bentoml-9.0", "bentoml-9.1", "pip-99"]);
    second.env.set("RUNNER_TOOL_CACHE", "");
    second.without_network();
    let again = job(&second).await;
    assert_eq!((again.output("bentoml-version"), again.output("uv-version")), ("9.1", ran.output("uv-version")));

    let server = Server::start().await.expect("a server");
    let mut with_uv = Machine::with_uv().await;
    with_uv.with_cache(&server);
    with_uv.packages(&PACKAGES);
    with_uv.append_path(&with_uv.bare_python());
    let ran = job(&with_uv).await;
    assert!(!std::path::Path::new(ran.output("venv")).join("bin/uv").exists(), "PATH has one");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_later_steps_install_is_not_saved() {
    let server = Server::start().await.expect("a server");
    let first = machine(&server, &PACKAGES);
    let ran = first.run().await;
    let site = run(ran.output("python-path"), &["-c", "import bentoml; print(bentoml.__path__[0])"]);
    std::fs::write(format!("{site}/later.py"), "").expect("writable");
    // In place, as a step that patches a package may do.
    std::fs::write(format!("{site}/__init__.py"), "raise SystemExit('CONTAMINATED')\n").expect("writable");
    first.post().await.expect("saved");
    let second = machine(&server, &PACKAGES);
    let ran = second.run().await;
    assert_eq!(ran.output("cache-hit"), "true");
    let site = run(ran.output("python-path"), &["-c", "import bentoml; print(bentoml.__path__[0])"]);
    assert!(!std::path::Path::new(&site).join("later.py").exists());
}

/// An archive of this format with one file more.
fn archive(format: &str, name: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in [(".bento-actions-cache", format), (name, "x")] {
        let mut header = tar::Header::new_gnu();
        // `set_path` would refuse what is tested here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        header.set_cksum();
        tar.append(&header, text.as_bytes()).expect("in memory");
    }
    zstd::encode_all(&*tar.into_inner().expect("in memory"), 1).expect("in memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_cannot_be_used_are_installed_instead() {
    let server = Server::start().await.expect("a server");
    let key = job(&machine(&server, &PACKAGES)).await.output("cache-key").to_owned();
    let changes: [fn(Vec<u8>) -> Vec<u8>; 6] = [
        |bytes| bytes[..bytes.len() - 9].to_vec(),
        |_| Vec::new(),
        |_| b"<html>not found</html>".to_vec(),
        |_| archive("2\n", "bin/x"),
        |_| archive("1\n", "../../escaped"),
        |_| archive("1\n", "/tmp/bento-actions-escaped"),
    ];
    for change in changes {
        server.tamper(&key, change).expect("changed");
        let ran = job(&machine(&server, &PACKAGES)).await;
        assert_eq!((ran.output("cache-hit"), ran.output("bentoml-version")), ("false", "9.0"));
    }
    assert!(!std::path::Path::new("/tmp/bento-actions-escaped").exists());
    server.fail("GetCacheEntryDownloadURL", 403);
    assert_eq!(job(&machine(&server, &PACKAGES)).await.output("cache-hit"), "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_silent_or_gone_is_asked_once_and_not_for_long() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&asked);
    let silent = serve(move |_, _| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Answer::Silence
    });
    // Nothing listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let server = Server::start().await.expect("a server");
    for address in [silent, gone.to_string()] {
        let mut machine = machine(&server, &PACKAGES);
        machine.env.set("ACTIONS_RESULTS_URL", format!("http://{address}/"));
        let start = std::time::Instant::now();
        let ran = job(&machine).await;
        assert_eq!((ran.output("cache-hit"), ran.output("bentoml-version")), ("false", "9.0"));
        assert_eq!(ran.output("cache-key"), "");
        // The post step has nothing to save: asked again, the service would hold it for two minutes.
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_where_it_may_not_be_used() {
    let server = Server::start().await.expect("a server");
    for (name, value) in [
        ("INPUT_CACHE", "false"),
        ("GITHUB_SERVER_URL", "https://git.example.com"),
        ("ACTIONS_CACHE_MODE", "none"),
        ("ACTIONS_RESULTS_URL", ""),
        ("ACTIONS_RESULTS_URL", "not a valid address"),
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

#[tokio::test(flavor = "multi_thread")]
async fn the_post_step_neither_sends_nor_removes_what_is_not_its_own() {
    let server = Server::start().await.expect("a server");
    let machine = machine(&server, &PACKAGES);
    machine.run().await.result.expect("an environment");
    let state = machine.read("GITHUB_STATE");
    let own = state.lines().nth(1).expect("a name").to_owned();
    assert!(machine.path("temp").join(&own).is_dir(), "{state}");
    let victim = machine.write("victim/file", "mine").parent().expect("a folder").to_owned();
    let inside = machine.write("temp/other/file", "mine").parent().expect("a folder").to_owned();
    for (folder, key) in [
        (victim.to_string_lossy().into_owned(), None),
        ("../victim".to_owned(), None),
        ("other".to_owned(), None),
        (own.clone(), Some("bentoml-of-another-branch-8.0")),
    ] {
        let state = state.replace(&own, &folder);
        let state = match key {
            Some(key) => state
                .lines()
                .map(|line| if line.starts_with("bentoml-") { key } else { line })
                .collect::<Vec<_>>()
                .join("\n"),
            None => state,
        };
        machine.write("GITHUB_STATE", &state);
        let error = machine.post().await.expect_err("not its own").full_text();
        assert!(error.starts_with("the environment is not saved in the cache: "), "{error}");
        assert!(victim.join("file").is_file() && inside.join("file").is_file());
        assert!(machine.path("temp").join(&own).is_dir());
    }
    assert!(server.entries().is_empty());
    machine.write("GITHUB_STATE", &state);
    machine.post().await.expect("its own");
    assert_eq!(server.entries().len(), 1);
    assert!(!machine.path("temp").join(&own).exists());
}
