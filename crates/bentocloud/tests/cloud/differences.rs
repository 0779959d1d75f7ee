//! Where two JSON values differ, as lines that a person can read.

use serde_json::Value;

/// One line for each field that differs: its pointer and both values.
pub(crate) fn differences(left: &Value, right: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(left, right, "", &mut found);
    found
}

fn compare(left: &Value, right: &Value, pointer: &str, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(a), Value::Object(b))
            if a.keys().chain(b.keys()).all(|k| a.contains_key(k) && b.contains_key(k)) =>
        {
            a.iter().for_each(|(key, value)| compare(value, &b[key], &format!("{pointer}/{key}"), found));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let items = a.iter().zip(b).enumerate();
            items.for_each(|(at, (a, b))| compare(a, b, &format!("{pointer}/{at}"), found));
        }
        _ if left == right => {}
        _ => found.push(format!("{pointer}: {left} | {right}")),
    }
}
