//! The launcher of the actions, run as it is by a real Node, with a shell script in place of the native binary.
#![cfg(unix)]

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Fixture, QUICK, alive, body};
use runner_sim::{Conclusion, Job, Step, StepResult};

const YAML: &str = "inputs: {bento-tag: {default: x}}\nruns: {using: node24, main: main.js, post: post.js}\n";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("it exists")
}

fn fake_bin() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-bin").display().to_string()
}

/// A tree like the repository's `actions/`, with the real scripts of one action and a metadata file of our own.
fn action(fixture: &Fixture, name: &str) -> PathBuf {
    let from = repository().join("actions");
    let folder = fixture.action(name, YAML, &[]);
    let launcher = fixture.action("launcher", "", &[]);
    std::fs::copy(from.join("launcher/launch.js"), launcher.join("launch.js")).expect("the launcher");
    std::fs::copy(from.join(name).join("main.js"), folder.join("main.js")).expect("the script");
    // Actions without a post step have no such script; this is the one that `cargo xtask docs` would write.
    let post = format!("require('../launcher/launch.js')('{name}', 'post')\n");
    std::fs::write(folder.join("post.js"), post).expect("the script");
    folder
}

/// Where no process can become another one (Windows), the launcher starts the binary and passes on what happens.
fn as_a_parent(folder: &Path) {
    let main = folder.join("main.js");
    let script = std::fs::read_to_string(&main).expect("the script");
    std::fs::write(main, format!("process.execve = undefined\n{script}")).expect("writable");
}

async fn fake(what: &str, as_parent: bool, step: impl FnOnce(Step) -> Step) -> StepResult {
    let fixture = Fixture::new();
    let folder = action(&fixture, "setup");
    if as_parent {
        as_a_parent(&folder);
    }
    let mut job =
        fixture.job().timings(QUICK).env("BENTO_ACTIONS_BIN", fake_bin()).env("FAKE", what).env("FAKE_CODE", "7");
    job.step(step(Step::action(folder))).await.expect("it runs")
}

#[tokio::test]
async fn each_action_names_itself_and_its_stage() {
    let fixture = Fixture::new();
    let mut job = fixture.job().env("BENTO_ACTIONS_BIN", fake_bin());
    for name in ["setup", "build-bento", "deploy-bento"] {
        let result = job.step(Step::action(action(&fixture, name))).await.expect("it runs");
        assert_eq!(body(&result), [format!("arguments: {name}")]);
        assert!(result.succeeded());
    }
    let posts = job.finish().await.expect("they run");
    let lines: Vec<_> = posts.iter().map(|post| post.log[1].as_str()).collect();
    assert_eq!(lines, ["arguments: deploy-bento --post", "arguments: build-bento --post", "arguments: setup --post"]);
}

#[tokio::test]
async fn the_exit_code_is_passed_on() {
    for as_parent in [false, true] {
        let result = fake("exit", as_parent, |step| step).await;
        assert_eq!((result.exit_code, result.conclusion), (Some(7), Conclusion::Failure));
        assert_eq!(body(&result), ["arguments: setup"], "and nothing of node's");
        let result = fake("suicide", as_parent, |step| step).await;
        assert_eq!(result.exit_code, Some(128 + 9));
    }
}

#[tokio::test]
async fn the_environment_is_passed_on_as_it_is() {
    // A shell between node and the binary could drop names with hyphens. Node itself plays the binary here: the name of
    // the action is then a script in its working directory.
    let fixture = Fixture::new();
    let bin = fixture.workspace().join("bin");
    std::fs::create_dir(&bin).expect("writable");
    let node = runner_sim::node::find().expect("a node");
    std::os::unix::fs::symlink(node, bin.join("bento-actions")).expect("writable");
    std::fs::write(fixture.workspace().join("build-bento"), "console.log('tag ' + process.env['INPUT_BENTO-TAG'])")
        .expect("writable");
    let mut job = fixture.job().env("BENTO_ACTIONS_BIN", bin.display().to_string());
    let step = Step::action(action(&fixture, "build-bento")).with("bento-tag", "a:b c");
    let result = job.step(step).await.expect("it runs");
    assert_eq!(body(&result), ["tag a:b c"]);
}

#[tokio::test]
async fn signals_reach_the_binary_and_its_clean_end_counts() {
    for as_parent in [false, true] {
        let result = fake("wait", as_parent, |step| step.cancel_when_log_has("ready")).await;
        assert_eq!(body(&result)[1..], ["ready", "got INT", "##[error]The operation was canceled."]);
        assert_eq!((result.exit_code, result.conclusion, result.killed), (Some(42), Conclusion::Cancelled, false));
    }
}

#[tokio::test]
async fn a_stubborn_binary_gets_both_signals_and_dies_with_the_tree() {
    for as_parent in [false, true] {
        let result = fake("stubborn", as_parent, |step| step.cancel_when_log_has("ready")).await;
        assert_eq!(body(&result)[2..5], ["ready", "got INT", "got TERM"]);
        assert!(result.killed);
        assert!(!alive(body(&result)[1].trim_start_matches("pid: ")));
    }
}

#[tokio::test]
async fn hang_up_and_terminate_are_passed_on() {
    for (signal, code, as_parent) in [("HUP", 44, false), ("TERM", 43, false), ("HUP", 44, true), ("TERM", 43, true)] {
        let fixture = Fixture::new();
        let folder = action(&fixture, "setup");
        if as_parent {
            as_a_parent(&folder);
        }
        let node = runner_sim::node::find().expect("a node");
        // The launcher is a child of this script, which sends it the signal once the binary is ready.
        let script = format!(
            "{} {} > log & pid=$!; until grep -q ready log; do sleep 0.05; done; kill -{signal} $pid; wait $pid; code=$?; cat log; exit $code",
            node.display(),
            folder.join("main.js").display()
        );
        let mut job = fixture.job().env("BENTO_ACTIONS_BIN", fake_bin()).env("FAKE", "wait");
        let result = job.step(Step::run(["sh", "-c", &script])).await.expect("it runs");
        assert_eq!(result.exit_code, Some(code), "{}", result.log_text());
        assert!(result.log_text().contains(&format!("got {signal}")));
    }
}

async fn launch(job: Job, folder: &Path) -> StepResult {
    let mut job = job;
    let result = job.step(Step::action(folder)).await.expect("it runs");
    assert_eq!(result.exit_code, Some(1), "{}", result.log_text());
    assert_eq!(result.annotations.len(), 1, "one error: {}", result.log_text());
    assert_eq!(body(&result).join("\n"), format!("##[error]{}", result.errors()[0]), "and nothing else");
    result
}

#[tokio::test]
async fn without_a_binary_one_error_lists_the_platforms_and_says_what_to_do() {
    let fixture = Fixture::new();
    let folder = action(&fixture, "setup");
    let result = launch(fixture.job(), &folder).await;
    let [error] = result.errors()[..] else { panic!("{}", result.log_text()) };
    let all =
        ["linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64", "win32-x64", "release tag", "BENTO_ACTIONS_BIN"];
    for part in all {
        assert!(error.contains(part), "{part}: {error}");
    }

    let named = fixture.job().env("BENTO_ACTIONS_BIN", "/no such\nfolder");
    let result = launch(named, &folder).await;
    assert!(result.errors()[0].contains("BENTO_ACTIONS_BIN is /no such\nfolder"), "{:?}", result.errors());
}

#[tokio::test]
async fn an_unsupported_platform_is_told_so() {
    let fixture = Fixture::new();
    let folder = action(&fixture, "setup");
    std::fs::write(
        folder.join("main.js"),
        "Object.defineProperty(process, 'arch', {value: 'riscv64'}); require('../launcher/launch.js')('setup')",
    )
    .expect("writable");
    let result = launch(fixture.job(), &folder).await;
    let error = result.errors()[0];
    assert!(
        error.contains("riscv64") && error.contains("supported platform") && error.contains("win32-x64"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_executed_is_told_so() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let folder = action(&fixture, "setup");
    let binary = fixture.workspace().join("bento-actions");
    let job = || fixture.job().env("BENTO_ACTIONS_BIN", fixture.workspace().display().to_string());
    std::fs::write(&binary, "#!/no/such/interpreter\n").expect("writable");
    let result = launch(job(), &folder).await;
    assert!(result.errors()[0].contains("chmod +x"), "{:?}", result.errors());

    std::fs::set_permissions(&binary, PermissionsExt::from_mode(0o755)).expect("ours");
    let result = launch(job(), &folder).await;
    assert!(result.errors()[0].starts_with("Cannot start "), "{:?}", result.errors());

    // For another CPU, or cut off.
    std::fs::write(&binary, b"\x7fELF\x02\x01\x01").expect("writable");
    let result = launch(job(), &folder).await;
    assert!(result.errors()[0].starts_with("Cannot start "), "{:?}", result.errors());

    std::fs::remove_file(&binary).expect("ours");
    std::fs::create_dir(&binary).expect("writable");
    let result = launch(job(), &folder).await;
    assert!(result.errors()[0].starts_with("Cannot start "), "a folder of that name: {:?}", result.errors());
}

#[tokio::test]
async fn a_binary_in_the_tree_is_found_by_platform() {
    let fixture = Fixture::new();
    let folder = action(&fixture, "setup");
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", _) => "darwin-x64",
        (_, "aarch64") => "linux-arm64",
        _ => "linux-x64",
    };
    let bin = fixture.action("bin", "", &[]);
    std::os::unix::fs::symlink(fake_bin(), bin.join(platform)).expect("writable");
    let result = fixture.job().step(Step::action(&folder)).await.expect("it runs");
    assert_eq!(body(&result), ["arguments: setup"]);

    // Whatever the job's environment says: another program would get the secrets.
    let other = fixture.workspace().join("bento-actions");
    std::fs::write(&other, "#!/bin/sh\necho another one\n").expect("writable");
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    let mut job = fixture.job().env("BENTO_ACTIONS_BIN", ".");
    let result = job.step(Step::action(&folder)).await.expect("it runs");
    let said = "BENTO_ACTIONS_BIN is not used: this action brings its own binary";
    assert_eq!(body(&result), [said, "arguments: setup"]);
}

#[tokio::test]
async fn without_binaries_in_the_tree_the_variable_names_one_from_the_working_directory() {
    let fixture = Fixture::new();
    let folder = action(&fixture, "setup");
    // Relative to the working directory, and never a look-up on PATH.
    std::os::unix::fs::symlink(format!("{}/bento-actions", fake_bin()), fixture.workspace().join("bento-actions"))
        .expect("writable");
    let mut job = fixture.job().env("BENTO_ACTIONS_BIN", ".");
    let result = job.step(Step::action(&folder)).await.expect("it runs");
    assert_eq!(body(&result), ["arguments: setup"]);
}

#[tokio::test]
async fn launching_costs_little() {
    let result = fake("exit", false, |step| step).await;
    assert!(result.duration < Duration::from_secs(3), "{:?}", result.duration);
}
