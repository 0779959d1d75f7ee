//! Secrets: nowhere in the log, in annotations or in the summary, whatever they hold.

use std::io::Write;

use actions_core::runner::{Annotation, Level, console, mask};
use secrecy::SecretString;

use crate::player::{Stage, play};

const KEY: &str = "-----BEGIN KEY-----\nMIIEow%25IBAAK,CAQ:EA\n\n  indented-line\r\nlast%0Aline\n-----END KEY-----\n";
const SHORT: &str = "p@ss%w::ord";

/// The lines that must not be seen.
fn lines() -> Vec<&'static str> {
    let lines = KEY.lines().chain([SHORT]).map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

pub(crate) fn scene(stage: &Stage) {
    for secret in [KEY, SHORT, "", " \n\t\n"] {
        mask::add(&SecretString::from(secret));
    }
    console::line(&format!("a line: {SHORT} and {KEY}"));
    Annotation::new(Level::Error, format!("failed with {KEY} and {SHORT}")).title(format!("title {SHORT}")).emit(None);
    let group = console::group(&format!("group {SHORT}"));
    drop(group);
    stage.files.append_summary(&format!("| {SHORT} | {} |\n", KEY.replace('\n', " "))).unwrap();
    let foreign = console::guard_foreign_output();
    foreign.line(&format!("a tool prints {SHORT}"));
    drop(foreign);
    stage.files.set_outputs(&[("raw".into(), "kept".into())]).unwrap();
    // Straight past this process's own redaction: the runner itself must know each line.
    for line in lines() {
        let mut out = std::io::stdout().lock();
        out.write_all(format!("raw: {line}\n").as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn secrets_of_one_line_and_of_many_are_masked_everywhere() {
    let result = play("masks").await;
    let log = result.log.join("\n");
    let annotation = result.annotations.first().expect("an error");
    assert_eq!(result.annotations.len(), 1, "a mask that the runner refuses draws a warning: {:?}", result.annotations);
    let texts = [&log, &annotation.message, annotation.title.as_ref().unwrap(), result.summary.as_ref().unwrap()];
    for secret in lines() {
        for text in texts {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert_eq!(log.matches("raw: ***").count(), lines().len(), "{log}");
    assert!(log.contains("a tool prints ***") && log.contains("##[group]group ***"), "{log}");
}
