//! The command line.

mod common;

use std::process::{Command, Output};

use common::Fixture;

fn cli(fixture: &Fixture, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runner-sim"));
    command.current_dir(fixture.workspace()).args(arguments).env("CLI_TEST_TOKEN", "t0p-secret");
    command.env("INPUT_TAG", "ambient").output().expect("it starts")
}

fn action(fixture: &Fixture) -> String {
    let yaml = "inputs: {tag: {default: none}}\nruns: {using: node24, main: main.js, post: post.js}\n";
    let main = "say('token ' + process.env.CLI_TEST_TOKEN + ' event ' + process.env.GITHUB_EVENT_NAME);
                put('GITHUB_OUTPUT', `tag=${process.env.INPUT_TAG} ${process.env.A}\\n`);
                process.exit(process.env.INPUT_TAG === 'bad' ? 4 : 0)";
    fixture.action("cli", yaml, &[("main.js", main), ("post.js", "say('cleaned')")]).display().to_string()
}

#[test]
fn the_log_then_what_is_left() {
    let fixture = Fixture::new();
    std::fs::write(fixture.workspace().join("event.json"), r#"{"ref": "refs/heads/x"}"#).expect("writable");
    let action = action(&fixture);
    let output = cli(
        &fixture,
        &[
            "run",
            &action,
            "--with",
            "tag=a:b",
            "--env",
            "A=x=y",
            "--secret",
            "CLI_TEST_TOKEN",
            "--event",
            "push=event.json",
        ],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("token *** event push\n"), "{text}");
    assert!(text.contains("output tag=a:b x=y\n") && text.contains("Post job cleanup.\ncleaned\n"), "{text}");
    assert!(!text.contains("t0p-secret"));
}

#[test]
fn json_is_the_typed_result_and_failure_an_exit_code() {
    let fixture = Fixture::new();
    let output = cli(&fixture, &["run", &action(&fixture), "--with", "tag=bad", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let results: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(results[0]["conclusion"], "failure");
    assert_eq!(results[0]["exit_code"], 4);
    assert_eq!(results[1]["stage"], "post");
    let default = cli(&fixture, &["run", &action(&fixture), "--json"]);
    let results: serde_json::Value = serde_json::from_slice(&default.stdout).expect("JSON");
    assert_eq!(results[0]["outputs"]["tag"], "none undefined", "the default, not what this process has");
}

#[test]
fn what_cannot_be_run_is_said() {
    let fixture = Fixture::new();
    let action = action(&fixture);
    for (arguments, part) in [
        (&["run", "nowhere"][..], "no action.yml"),
        (&["run", &action, "--workspace", "/no/such/folder"], "/no/such/folder"),
        (&["run", &action, "--event", "push=none.json"], "none.json"),
        (&["run", &action, "--secret", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
        (&["run", &action, "--with", "novalue"], "NAME=VALUE"),
    ] {
        let output = cli(&fixture, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(part), "{part}: {error}");
    }
}
