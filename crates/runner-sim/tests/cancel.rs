//! Cancellation and lingering children, on real processes.
#![cfg(unix)]

mod common;

use std::time::{Duration, Instant};

use common::{Fixture, QUICK, alive, body};
use runner_sim::{Conclusion, Step, Timings};

const STAY: &str = "setInterval(() => {}, 1000); say('ready');";

async fn cancelled(main: &str) -> runner_sim::StepResult {
    let fixture = Fixture::new();
    let step = Step::action(fixture.script(main)).cancel_when_log_has("ready");
    fixture.job().timings(QUICK).step(step).await.expect("it runs")
}

#[test]
fn the_defaults_are_the_runners() {
    let expected = Timings {
        interrupt: Duration::from_millis(7500),
        terminate: Duration::from_millis(2500),
        lingering: Duration::from_millis(5000),
    };
    assert_eq!(Timings::default(), expected);
}

#[tokio::test]
async fn sigint_comes_first_and_a_clean_end_is_left_alone() {
    let result = cancelled(&format!("process.on('SIGINT', () => {{ say('bye'); process.exit(0) }}); {STAY}")).await;
    assert_eq!(
        (result.conclusion, result.exit_code),
        (Conclusion::Cancelled, Some(0)),
        "cancelled even with exit code 0"
    );
    assert!(result.cancelled && !result.killed);
    assert_eq!(body(&result), ["ready", "bye", "##[error]The operation was canceled."]);
    assert!(result.duration < Duration::from_secs(5));
}

#[tokio::test]
async fn sigterm_follows_when_sigint_is_ignored() {
    let result = cancelled(&format!(
        "let t; process.on('SIGINT', () => t = Date.now()); process.on('SIGTERM', () => {{ say(Date.now() - t); process.exit(1) }}); {STAY}"
    ))
    .await;
    let waited: u64 = body(&result)[1].parse().expect("milliseconds");
    assert!((350..2000).contains(&waited), "{waited}");
    assert!(!result.killed);
}

#[tokio::test]
async fn the_tree_is_killed_when_both_are_ignored() {
    let result = cancelled(
        "process.on('SIGINT', () => say('INT')); process.on('SIGTERM', () => say('TERM'));
         const child = require('child_process').spawn('sleep', ['300'], {stdio: 'inherit'});
         say(child.pid); setInterval(() => {}, 1000); say('ready')",
    )
    .await;
    assert!(result.killed);
    assert_eq!(result.exit_code, Some(128 + 9));
    assert_eq!(body(&result)[1..4], ["ready", "INT", "TERM"]);
    assert!(!alive(body(&result)[0]), "the grandchild is gone too");
}

#[tokio::test]
async fn cancelling_after_a_delay_and_posts_after_it() {
    let fixture = Fixture::new();
    let yaml = "runs: {using: node24, main: main.js, post: post.js}\n";
    let scripts = [
        ("main.js", "put('GITHUB_STATE', 'a=1\\n'); setInterval(() => {}, 1000)"),
        ("post.js", "say(process.env.STATE_a)"),
    ];
    let mut job = fixture.job().timings(QUICK);
    let step = Step::action(fixture.action("late", yaml, &scripts)).cancel_after(Duration::from_millis(400));
    let result = job.step(step).await.expect("it runs");
    assert_eq!((result.conclusion, result.exit_code), (Conclusion::Cancelled, Some(128 + 2)));
    let posts = job.finish().await.expect("they run");
    assert_eq!(posts[0].log, ["Post job cleanup.", "1"], "what was written before the end counts");
}

#[tokio::test]
async fn the_button_cancels_the_running_step_and_no_later_one() {
    let fixture = Fixture::new();
    let mut job = fixture.job().timings(QUICK);
    let button = job.canceller();
    let press = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        button.cancel();
    };
    let (result, ()) = tokio::join!(job.step(Step::run(["sleep", "30"])), press);
    assert!(result.expect("it runs").cancelled);
    assert!(job.step(Step::run(["echo", "later"])).await.expect("it runs").succeeded());
}

#[tokio::test]
async fn a_child_that_holds_the_output_open_is_waited_for_and_then_killed() {
    let fixture = Fixture::new();
    let lingering = |detached: bool| {
        format!(
            "const child = require('child_process').spawn('sleep', ['300'], {{stdio: ['ignore', 'inherit', 'inherit'], detached: {detached}}});
             say(child.pid); child.unref()"
        )
    };
    for detached in [false, true] {
        let mut job = fixture.job().timings(QUICK);
        let started = Instant::now();
        let result = job.step(Step::action(fixture.script(&lingering(detached)))).await.expect("it runs");
        assert_eq!((result.conclusion, result.exit_code), (Conclusion::Success, Some(0)));
        assert!(result.killed);
        assert!((200..3000).contains(&started.elapsed().as_millis()));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!alive(body(&result)[0]), "{result:#?}");
    }
}

#[tokio::test]
async fn a_service_in_the_background_lives_until_the_end_of_the_job() {
    let fixture = Fixture::new();
    let mut job = fixture.job();
    let start = "const child = require('child_process').spawn('sleep', ['300'], {stdio: 'ignore', detached: true});
                 say(child.pid); child.unref()";
    let result = job.step(Step::action(fixture.script(start))).await.expect("it runs");
    assert!(!result.killed);
    let pid = body(&result)[0].to_owned();
    job.step(Step::run(["true"])).await.expect("it runs");
    assert!(alive(&pid));
    job.finish().await.expect("no posts");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!alive(&pid));
}
