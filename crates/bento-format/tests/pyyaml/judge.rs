//! Asks PyYAML, and compares.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use bento_format::yaml;
use serde_json::Value;

/// What PyYAML makes of each text; `None` is an error.
pub(crate) fn judged(texts: &[String]) -> Vec<Option<Value>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pyyaml/judge.py");
    let mut child = Command::new(testkit::venv().join("bin/python"))
        .arg(program)
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(&serde_json::to_vec(texts).expect("JSON")).expect("python reads");
    drop(stdin);
    let output = child.wait_with_output().expect("python ends");
    assert!(output.status.success());
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("a list");
    assert_eq!(answers.len(), texts.len());
    answers.into_iter().map(|answer| answer.get("value").cloned()).collect()
}

/// Fails with every text that is read in another way than PyYAML reads it.
pub(crate) fn assert_same(texts: &[String]) {
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(judged(texts)) {
        let ours = yaml::parse(text);
        let same = match (&ours, &theirs) {
            (Ok(ours), Some(theirs)) => equal(&ours.value, theirs),
            (Err(_), None) => true,
            _ => false,
        };
        if !same {
            let show = |value: Option<&Value>| value.map_or("an error".into(), Value::to_string);
            let ours = ours.map_or_else(|error| format!("an error ({error})"), |ours| show(Some(&ours.value)));
            wrong.push(format!("{text:?}\n   ours: {ours}\n theirs: {}", show(theirs.as_ref())));
        }
    }
    assert!(wrong.is_empty(), "{} of {} texts differ:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
}

/// Equality in which the last digit of a float does not count: it may get lost on the way through JSON.
fn equal(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 4.0 * f64::EPSILON * a.abs()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => ours == theirs,
    }
}
