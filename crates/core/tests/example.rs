//! The example of the README: a whole action, on a laptop and under a runner.

use std::path::PathBuf;
use std::process::Command;

/// Cargo builds the examples of a crate with its tests, beside them.
fn greet() -> Command {
    let tests = std::env::current_exe().expect("this test");
    let name = format!("greet{}", std::env::consts::EXE_SUFFIX);
    let program: PathBuf = tests.ancestors().nth(2).expect("target/debug").join("examples").join(name);
    assert!(program.is_file(), "{} was not built", program.display());
    let mut command = Command::new(program);
    command.env_clear();
    command
}

#[test]
fn the_example_is_a_program_on_a_laptop() {
    let output = greet().args(["--name", "Ada"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(text, "Greets Ada\nHello, Ada!\ngreeting = Hello, Ada!\n");
    let missing = greet().output().unwrap();
    assert_eq!(missing.status.code(), Some(2), "{}", String::from_utf8_lossy(&missing.stderr));
}

#[test]
fn the_example_is_an_action_under_a_runner() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("outputs");
    std::fs::write(&outputs, "").unwrap();
    let mut command = greet();
    command.env("GITHUB_ACTIONS", "true").env("INPUT_NAME", "Ada").env("GITHUB_OUTPUT", &outputs);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(std::fs::read_to_string(&outputs).unwrap().contains("Hello, Ada!"));
    let planned = greet().env("GITHUB_ACTIONS", "true").env("INPUT_NAME", "Bo").env("INPUT_DRY-RUN", "true").output();
    let text = String::from_utf8_lossy(&planned.unwrap().stdout).into_owned();
    assert!(text.contains("Greets Bo") && !text.contains("Hello"), "{text}");
}
