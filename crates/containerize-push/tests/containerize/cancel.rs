//! Cancellation: in the middle of a build, and of a push.

use std::time::{Duration, Instant};

use runner_sim::StepResult;

use crate::lab::{Lab, docker, registry_get};
use crate::relay::Relay;

const MIB: u64 = 1024 * 1024;

/// Runs a step that is cancelled when its log has this text, and returns how long it took from then on.
fn cancelled(lab: &Lab, with: &[(&str, &str)], env: &[(&str, &str)], text: &str) -> (StepResult, Duration) {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (noted, wanted) = (std::sync::Arc::clone(&seen), text.to_owned());
    let on_log = move |line: &str| {
        if line.contains(&wanted) {
            noted.lock().unwrap().get_or_insert_with(Instant::now);
        }
    };
    let result = lab.watch(with, env, |step| step.cancel_when_log_has(text), on_log);
    let since = seen.lock().unwrap().expect("the log has it").elapsed();
    assert_eq!((result.exit_code, result.killed), (Some(130), false), "{}", result.log_text());
    (result, since)
}

#[test]
fn a_build_ends_at_once() {
    let lab = Lab::greeter(10);
    lab.dockerfile("RUN echo hangs n''ow && sleep 600");
    let image = lab.image("never");
    let with = [
        ("bento-tag", "greeter:v1"),
        ("file", "Dockerfile"),
        ("push", "true"),
        ("tags", image.as_str()),
        ("no-cache", "true"),
    ];
    let (result, took) = cancelled(&lab, &with, &[], "hangs now");
    assert!(took < Duration::from_secs(5), "{took:?}: {}", result.log_text());
}

#[test]
fn a_build_by_the_api_ends_at_once_and_leaves_no_container() {
    let lab = Lab::greeter(10);
    let mark = lab.repository().to_owned();
    lab.dockerfile(&format!("RUN echo {mark} hangs n''ow && sleep 600"));
    let empty = lab.folder("empty").display().to_string();
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("oci-backend", "docker"), ("load", "true")];
    let (result, took) = cancelled(&lab, &with, &[("PATH", &empty)], "hangs now");
    assert!(took < Duration::from_secs(5), "{took:?}: {}", result.log_text());
    let start = Instant::now();
    let left = || docker(&["ps", "--all", "--no-trunc", "--format", "{{.Command}}"]);
    while left().contains(&mark) {
        assert!(start.elapsed() < Duration::from_secs(15), "a container is left: {}", left());
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_push_ends_at_once_and_leaves_no_tag() {
    let lab = Lab::greeter(80 * MIB).quick();
    let relay = Relay::start();
    // Neither the model nor what the engine pushes gets through.
    relay.hold_after(3 * MIB);
    let image = format!("{}/{}:never", relay.address(), lab.repository());
    let with = [("bento-tag", "greeter:v1"), ("file", "Dockerfile"), ("push", "true"), ("tags", image.as_str())];
    let (result, took) = cancelled(&lab, &with, &[], "pushing layers");
    assert!(took < Duration::from_secs(5), "{took:?}: {}", result.log_text());
    let tags = registry_get(&format!("{}/tags/list", lab.repository()));
    assert!(tags["tags"].as_array().is_none_or(Vec::is_empty), "{tags}");
}
