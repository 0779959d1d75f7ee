//! Cancellation: in the middle of a build.

use std::time::{Duration, Instant};

use crate::lab::Lab;

#[test]
fn a_build_ends_at_once() {
    let lab = Lab::greeter(10);
    std::fs::write(lab.workspace().join("Dockerfile"), "FROM python:3.11-slim\nRUN echo hangs n''ow && sleep 600\n")
        .unwrap();
    let image = lab.image("never");
    let with = [
        ("bento-tag", "greeter:v1"),
        ("file", "Dockerfile"),
        ("push", "true"),
        ("tags", image.as_str()),
        ("no-cache", "true"),
    ];
    let start = Instant::now();
    let result = lab.run(&with, &[], |step| step.cancel_when_log_has("hangs now"));
    assert_eq!((result.exit_code, result.killed), (Some(130), false), "{}", result.log_text());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}: {}", start.elapsed(), result.log_text());
}
