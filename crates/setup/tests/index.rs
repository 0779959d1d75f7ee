//! Package indexes that answer something else, or nothing; a disk that is full. The uv is real, and nothing stays behind.

mod common;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use actions_core::Cause;
use common::Machine;
use common::server::{Answer, serve};

/// A machine whose index is this one.
fn machine(address: &str) -> Machine {
    let mut machine = Machine::with_python();
    machine.env.set("UV_CACHE_DIR", machine.path("uv-cache"));
    machine.env.set("UV_HTTP_RETRIES", "0");
    machine.env.set("UV_FIND_LINKS", "");
    machine.env.set("UV_DEFAULT_INDEX", format!("http://{address}/simple"));
    machine
}

/// An index with this file of bentoml, which it says has another hash.
fn index_of(file: PathBuf) -> String {
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    let zeros = "0".repeat(64);
    serve(move |path, _| match path {
        "/simple/bentoml/" => {
            Answer::Text("200 OK", format!("<html><body><a href=\"/{name}#sha256={zeros}\">{name}</a></body></html>"))
        }
        _ if path.ends_with(&name) => Answer::File(file.clone()),
        _ => Answer::Text("404 Not Found", String::new()),
    })
}

#[tokio::test]
async fn what_an_index_answers_is_said() {
    for (status, part) in [
        ("401 Unauthorized", "401"),
        ("403 Forbidden", "does not accept the credentials"),
        ("404 Not Found", "bentoml was not found"),
        ("500 Internal Server Error", "500"),
        ("200 OK", "is index-url the address of an index"),
    ] {
        let address = serve(move |_, _| Answer::Text(status, "<html><body>Log in first</body></html>".to_owned()));
        let machine = machine(&address);
        let error = machine.run().await.error();
        assert!(error.starts_with("failed to install bentoml>=1.0.25 (uv: exit code "), "{status}: {error}");
        assert!(error.contains(part), "{status}: {error}");
        machine.assert_nothing_left();
    }
}

#[tokio::test]
async fn credentials_in_the_address_of_an_index_that_refuses_are_not_shown() {
    let address = serve(|_, _| Answer::Text("401 Unauthorized", String::new()));
    let mut machine = machine(&address);
    machine.set("index-url", &format!("http://me:b%40d-index-s3cret@{address}/simple"));
    let ran = machine.run().await;
    assert!(ran.error().contains("look at index-url"), "{}", ran.error());
    let shown = actions_core::runner::mask::redact(&(ran.plan.clone() + &ran.error()));
    assert!(!shown.contains("d-index-s3cret"), "{shown}");
}

#[tokio::test]
async fn an_index_that_is_silent_ends_at_the_deadline() {
    let mut machine = machine(&serve(|_, _| Answer::Silence));
    machine.set("install-timeout", "3");
    let started = Instant::now();
    let ran = machine.run().await;
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(ran.result.as_ref().expect_err("silent").cause(), Cause::Timeout);
    assert!(ran.error().starts_with("failed to install bentoml>=1.0.25: "), "{}", ran.error());
    assert!(
        ran.error().contains("did not end within 3 s") && ran.error().contains("install-timeout"),
        "{}",
        ran.error()
    );
    machine.assert_nothing_left();
    machine.set("install-timeout", "soon");
    assert!(machine.run().await.error().starts_with("input install-timeout: \"soon\" is not a duration"));
}

#[tokio::test]
async fn a_wheel_that_is_not_what_the_index_says_and_one_for_another_platform() {
    for (file, part) in [
        ("bentoml-9.0-py3-none-any.whl", "it was changed or damaged on its way"),
        ("bentoml-9.0-py3-none-win_arm64.whl", "platform"),
    ] {
        let mut packages = Machine::with_python();
        packages.packages(&["bentoml-9.0"]);
        let wheel = packages.path("packages/bentoml-9.0-py3-none-any.whl");
        let named = wheel.with_file_name(file);
        std::fs::rename(wheel, &named).expect("renamed");
        let machine = machine(&index_of(named));
        let error = machine.run().await.error();
        assert!(error.contains(part), "{file}: {error}");
        machine.assert_nothing_left();
    }
}

/// The folder for temporary files is a small disk that only the action's own process sees.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full() {
    let mut machine = Machine::with_uv().await;
    machine.packages(&["bentoml-9.0", "bulk-1", "pip-99"]);
    machine.append_path(&machine.bare_python());
    let mounted = "mount -t tmpfs -o size=4m none \"$RUNNER_TEMP\"; status=0; \"$@\" || status=$?; \
                   ls -A \"$RUNNER_TEMP\"; exit $status";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-ec", mounted, "sh"]).arg(Machine::program_that_ships());
    command.args(["setup", "--packages", "bulk"]).env_clear().envs(machine.env.iter());
    command.env("PATH", format!("{}:/usr/bin:/bin", machine.env.get("PATH").expect("PATH")));
    let ended = command.output().expect("unshare (util-linux) starts");
    let text = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{text}");
    assert!(text.contains("No space left on device"), "{text}");
    assert!(text.contains("The disk of RUNNER_TEMP") && text.trim_end().ends_with("is full."), "{text}");
    machine.assert_nothing_left();
}
