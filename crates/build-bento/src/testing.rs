//! What unit tests share.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a script in the Python with BentoML answers to questions: JSON, one a line.
pub(crate) fn asked(script: &str, questions: &[Value]) -> Vec<Value> {
    let mut python = Command::new(testkit::venv().join("bin/python"));
    python.args(["-W", "ignore", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut python = python.env("BENTOML_DO_NOT_TRACK", "True").spawn().unwrap();
    let mut stdin = python.stdin.take().unwrap();
    let text: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writing = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    writing.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
