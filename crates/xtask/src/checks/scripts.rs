//! The scripts in workflows, run by bash with the worst that a caller may pass.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::JoinHandle;

use serde_yaml::Value;

use super::repositories;
use crate::{command, layout};

/// A shell that took any of it for its own would make the file `pwned`.
const HOSTILE: &str = "@/etc/hostname $(touch pwned) `touch pwned` \"$(touch pwned)\" 'a' ; touch pwned\n& touch pwned";

/// The steps of a workflow or a composite action that run a script.
fn steps(document: &Value) -> Vec<&Value> {
    match document {
        Value::Mapping(mapping) if mapping.contains_key("run") => vec![document],
        Value::Mapping(mapping) => mapping.iter().flat_map(|(_, value)| steps(value)).collect(),
        Value::Sequence(items) => items.iter().flat_map(steps).collect(),
        _ => Vec::new(),
    }
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a file of the checkout");
    serde_yaml::from_str(&text).expect("YAML")
}

/// Runs a step of a workflow as the runner does, in `folder`, with these variables and no others of its `env:`.
fn run(workflow: &str, step: &str, folder: &Path, env: &BTreeMap<&str, String>) {
    try_to_run(workflow, step, folder, env).expect("the step (it needs curl)");
}

/// What the step prints; an error where it fails.
fn try_to_run(workflow: &str, step: &str, folder: &Path, env: &BTreeMap<&str, String>) -> anyhow::Result<String> {
    let document = read(&layout::root().join(".github/workflows").join(workflow));
    let steps = steps(&document);
    let step = steps.iter().find(|found| found["name"] == step).unwrap_or_else(|| panic!("{workflow} has no {step}"));
    for (name, _) in step["env"].as_mapping().expect("env:") {
        assert!(env.contains_key(name.as_str().expect("a name")), "{name:?} is not tried");
    }
    let script = step["run"].as_str().expect("run:");
    let mut bash = command::clean("bash");
    let result = command::capture(bash.args(["-e", "-c", script]).current_dir(folder).envs(env));
    assert!(!folder.join("pwned").exists(), "a part of the input was run");
    result
}

/// Answers one request with this, and returns the request's first line and its body.
fn one_request(
    listener: TcpListener,
    answer: impl Iterator<Item = u8> + Send + 'static,
) -> JoinHandle<(String, Vec<u8>)> {
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream);
        let mut lines = reader.by_ref().lines().map(|line| line.expect("a header"));
        let first = lines.next().expect("a request");
        let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let length = headers.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        reader.read_exact(&mut body).expect("a body");
        let mut writer = std::io::BufWriter::new(reader.into_inner());
        writer.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").expect("an answer");
        // One that has heard enough hangs up.
        let _ = answer.map(|byte| writer.write_all(&[byte])).find(Result::is_err);
        let _ = writer.flush();
        (first, body)
    })
}

#[test]
fn no_script_has_an_expression_pasted_into_it() {
    for repository in repositories(&layout::root()).expect("folders") {
        for path in repository.workflows.iter().chain(&repository.actions) {
            for step in steps(&read(&repository.root.join(path))) {
                let script = step["run"].as_str().expect("run:");
                assert!(!script.contains("${{"), "{}: pass it by `env:`\n{script}", path.display());
            }
        }
    }
}

/// The workflows whose step *Test* calls the Deployment.
const TESTING: [&str; 2] = ["bento-ship.yml", "bento-deploy.yml"];

/// What the step *Test* prints when the service answers with this, and what the service was asked.
fn test_with(
    workflow: &str,
    path: &str,
    answer: impl Iterator<Item = u8> + Send + 'static,
) -> (anyhow::Result<String>, (String, Vec<u8>)) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let request = one_request(listener, answer);
    let env = BTreeMap::from([("URL", url), ("TEST_PATH", path.to_owned()), ("BODY", HOSTILE.to_owned())]);
    let printed = try_to_run(workflow, "Test", folder.path(), &env);
    (printed, request.join().expect("the server"))
}

/// The lines whose workflow commands the runner obeys, and those that it only shows.
fn obeyed_and_shown(printed: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut obeyed, mut shown, mut token) = (Vec::new(), Vec::new(), None);
    for line in printed.split(['\n', '\r']) {
        match token {
            Some(stop) if line == format!("::{stop}::") => token = None,
            Some(_) => shown.push(line),
            None if line.starts_with("::stop-commands::") => token = line.strip_prefix("::stop-commands::"),
            None => obeyed.push(line),
        }
    }
    assert_eq!(token, None, "commands stay stopped");
    (obeyed, shown)
}

#[test]
fn a_test_request_is_sent_as_it_was_written() {
    for workflow in TESTING {
        let path = "/$(touch${IFS}pwned)`touch${IFS}pwned`[1-2]{a,b}";
        let (printed, (first, body)) = test_with(workflow, path, "ok".bytes());
        printed.expect("the step (it needs curl)");
        assert_eq!(first, format!("POST {path} HTTP/1.1"), "{workflow}");
        assert_eq!(String::from_utf8_lossy(&body), HOSTILE, "{workflow}");
    }
}

#[test]
fn an_answer_to_the_test_issues_no_command_and_is_cut() {
    let answer = "::set-output name=deployment-url::x\r::stop-commands::y\n::error::z\n##[error]w";
    for workflow in TESTING {
        let (printed, _) = test_with(workflow, "/", answer.bytes());
        let printed = printed.expect("the step");
        let (obeyed, shown) = obeyed_and_shown(&printed);
        assert!(obeyed.iter().all(|line| line.is_empty()), "{workflow}: {obeyed:?}");
        assert!(answer.split(['\n', '\r']).all(|line| shown.contains(&line)), "{workflow}: {shown:?}");

        let (printed, _) = test_with(workflow, "/", std::iter::repeat_n(b'Z', 100_000));
        let printed = printed.expect("the step");
        assert_eq!(printed.matches('Z').count(), 4096, "{workflow}");
        assert!(printed.contains("The answer has 100000 bytes"), "{workflow}: {printed}");
    }
}

#[cfg(unix)]
#[test]
fn an_answer_without_end_to_the_test_is_a_failure() {
    for workflow in TESTING {
        let (printed, _) = test_with(workflow, "/", std::iter::repeat(b'a'));
        let error = printed.expect_err("it is too long").to_string();
        assert!(error.contains("::error::the answer of the Deployment is longer than 16 MiB"), "{workflow}: {error}");
        assert!(error.len() < 10_000, "{workflow}: {} bytes", error.len());
    }
}

#[test]
fn only_an_address_of_the_web_is_tested() {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::write(folder.path().join("secret"), "quite-secret").expect("write");
    let file = format!("file://{}", folder.path().join("secret").display());
    for (url, path) in
        [("", "http://127.0.0.1:9/"), ("http://", "/x"), (file.as_str(), ""), ("-K", "x"), ("ftp://h", "/x")]
    {
        for workflow in TESTING {
            let env =
                BTreeMap::from([("URL", url.to_owned()), ("TEST_PATH", path.to_owned()), ("BODY", "{}".to_owned())]);
            let error = try_to_run(workflow, "Test", folder.path(), &env).expect_err("it is refused").to_string();
            assert!(error.contains("::error::the Deployment has no http(s) address"), "{workflow}: {url}: {error}");
            assert!(!error.contains("quite-secret"), "{workflow}: {error}");
        }
    }
}

#[test]
fn a_token_of_google_goes_to_its_registry_only() {
    let found = |names: &str| {
        let folder = tempfile::tempdir().expect("temporary folder");
        let output = folder.path().join("output");
        let env =
            BTreeMap::from([("NAMES", names.to_owned()), ("GITHUB_OUTPUT", output.to_string_lossy().into_owned())]);
        try_to_run("bento-image.yml", "Find Google's registry", folder.path(), &env).ok()?;
        Some(std::fs::read_to_string(output).expect("an output"))
    };
    for (names, registry) in [
        ("gcr.io/p/name:1", "gcr.io"),
        ("europe-docker.pkg.dev", "europe-docker.pkg.dev"),
        ("ghcr.io/o/name:1\n  eu.gcr.io/p/name\n", "eu.gcr.io"),
        ("docker.io/o/name,us-docker.pkg.dev/p/r/name:1\nus-docker.pkg.dev/p/r/name:2", "us-docker.pkg.dev"),
    ] {
        assert_eq!(found(names).as_deref(), Some(format!("registry={registry}\n").as_str()), "{names}");
    }
    for names in [
        "",
        "ghcr.io/o/name:1",
        "pkg.dev.example.com/p/name",
        "notgcr.io/p/name",
        "gcr.io@example.com/p/name",
        "example.com/gcr.io/p/name",
        "gcr.io:5000/p/name",
        "gcr.io/p/name\neu.gcr.io/p/name",
        HOSTILE,
    ] {
        assert_eq!(found(names), None, "{names}");
    }
}

/// A build script of a dependency runs with the rights of its job.
#[test]
fn nothing_is_compiled_in_a_job_that_may_write_or_sign() {
    for repository in repositories(&layout::root()).expect("folders") {
        for path in &repository.workflows {
            let workflow = read(&repository.root.join(path));
            for (name, job) in workflow["jobs"].as_mapping().expect("jobs") {
                let rights = job["permissions"].as_mapping().into_iter().flatten();
                if !rights.into_iter().any(|(_, right)| right == "write") {
                    continue;
                }
                for step in steps(job) {
                    let script = step["run"].as_str().expect("run:");
                    let compiles = script.split_whitespace().any(|word| word == "cargo" || word == "rustup");
                    assert!(!compiles, "{}: {name:?} compiles:\n{script}", path.display());
                }
            }
        }
    }
}

/// Puts a script into the folder that is first on PATH.
#[cfg(unix)]
fn stand_in(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;

    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("write");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[cfg(unix)]
fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").expect("PATH"))
}

#[cfg(unix)]
#[test]
fn tags_are_pushed_with_the_deploy_key_which_does_not_stay() {
    let folder = tempfile::tempdir().expect("temporary folder");
    stand_in(folder.path(), "gh", "echo 'github.com ssh-ed25519 AAAA'");
    // Keeps what it was called with, and the key as ssh would read it.
    std::fs::create_dir_all(folder.path().join("target/debug")).expect("a folder");
    stand_in(
        folder.path(),
        "target/debug/xtask",
        "printf '%s\\n' \"$*\" \"${KEY-unset}\" \"$(cat ssh.*/known_hosts)\" \"$(cat ssh.*/key)\" > called\n\
         ls -l ssh.*/key | cut -c 1-10 >> called\nprintf %s \"$GIT_SSH_COMMAND\" > ssh-command",
    );
    let at = folder.path().to_string_lossy().into_owned();
    let env = BTreeMap::from([
        ("PATH", path_with(folder.path())),
        ("RUNNER_TEMP", at.clone()),
        ("GITHUB_REPOSITORY", "octo/app".to_owned()),
        ("GH_TOKEN", "t".to_owned()),
        ("KEY", "BEGIN\nkey\nEND".to_owned()),
    ]);
    run("release.yml", "Publish", folder.path(), &env);
    let called = std::fs::read_to_string(folder.path().join("called")).expect("xtask was called");
    let expected = "dist publish --remote git@github.com:octo/app.git\nunset\ngithub.com ssh-ed25519 AAAA\n\
                    BEGIN\nkey\nEND\n-rw-------\n";
    assert_eq!(called, expected);
    let ssh = std::fs::read_to_string(folder.path().join("ssh-command")).expect("xtask was called");
    assert!(ssh.starts_with(&format!("ssh -i '{at}/ssh.")) && ssh.contains("StrictHostKeyChecking=yes"), "{ssh}");
    let left = std::fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok);
    assert!(!left.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("ssh.")));
}

#[cfg(unix)]
#[test]
fn an_exported_bento_is_named_as_it_was_written() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    // Stands in for BentoML, which refuses such a tag: the question is what reaches it.
    stand_in(folder.path(), "bentoml", "printf '%s\\0' \"$@\" > arguments");
    let env = BTreeMap::from([
        ("PATH", path_with(folder.path())),
        ("RUNNER_TEMP", at("")),
        ("GITHUB_OUTPUT", at("output")),
        ("TAG", HOSTILE.to_owned()),
        ("NAME", "na me".to_owned()),
        ("VERSION", "$(touch pwned)".to_owned()),
    ]);
    run("bento-build.yml", "Export", folder.path(), &env);
    let arguments = std::fs::read_to_string(at("arguments")).expect("bentoml was called");
    let file = format!("{}/na me-$(touch pwned).bento", at(""));
    assert_eq!(arguments.split('\0').collect::<Vec<_>>(), ["export", HOSTILE, &file, ""]);
    assert_eq!(std::fs::read_to_string(at("output")).expect("an output"), format!("file={file}\n"));
}
