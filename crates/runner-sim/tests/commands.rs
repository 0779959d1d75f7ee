//! Workflow commands and masks in the output of real processes.

mod common;

use common::{Fixture, body};
use runner_sim::{Conclusion, Level, Step};

#[tokio::test]
async fn output_reaches_the_log_and_commands_do_not() {
    let result = Fixture::new()
        .run(
            "say('plain'); say('::debug::hidden'); say('  ::group::Title%0A'); say('in'); say('::endgroup::');
              process.stderr.write('no newline')",
        )
        .await;
    assert_eq!(result.conclusion, Conclusion::Success);
    let mut lines = body(&result);
    // The two streams have no order among each other.
    lines.retain(|line| *line != "no newline");
    assert_eq!(lines, ["plain", "##[group]Title", "", "in", "##[endgroup]"]);
    assert!(result.log.iter().any(|line| line == "no newline"));
}

#[tokio::test]
async fn debug_lines_show_when_debug_is_on() {
    let fixture = Fixture::new();
    let script = fixture.script("say('::debug::a%0Ab'); say(process.env.RUNNER_DEBUG)");
    let result = fixture.job().debug().step(Step::action(script)).await.expect("it runs");
    assert_eq!(body(&result)[..3], ["##[debug]a", "##[debug]b", "1"]);
}

#[tokio::test]
async fn annotations_have_their_places_and_texts() {
    let fixture = Fixture::new();
    let result = fixture
        .run(
            "say('::error file=' + process.cwd() + '/s.py,line=2,endLine=4,col=3,title=a%2Cb%3A::x%0Ay%25');
              say('::warning::w'); say('##[notice file=n;line=1;col=2]n'); console.error(' ::error::from stderr')",
        )
        .await;
    assert_eq!(result.conclusion, Conclusion::Success, "annotations alone fail nothing");
    let first = result.annotations.iter().find(|a| a.title.is_some()).expect("the first one");
    assert_eq!((first.message.as_str(), first.title.as_deref()), ("x\ny%", Some("a,b:")));
    assert_eq!((first.file.as_deref(), first.line, first.end_line, first.col), (Some("s.py"), Some(2), Some(4), None));
    let notice = result.annotations_of(Level::Notice).next().expect("a notice");
    assert_eq!((notice.message.as_str(), notice.line, notice.col), ("n", Some(1), Some(2)));
    assert!(result.errors().contains(&"from stderr"));
    assert!(result.log_text().contains("##[error]x\ny%"));
}

#[tokio::test]
async fn ten_annotations_of_each_level_are_kept_and_messages_are_cut() {
    let result = Fixture::new()
        .run(
            "for (let i = 0; i < 12; i++) { say('::error::e' + i); say('::warning::w' + i) }
              say('::notice::' + 'n'.repeat(5000))",
        )
        .await;
    assert_eq!(result.annotations_of(Level::Error).count(), 10);
    assert_eq!(result.annotations_of(Level::Warning).count(), 10);
    assert_eq!(result.annotations_dropped, 4);
    assert_eq!(result.annotations_of(Level::Notice).next().map(|a| a.message.len()), Some(4096));
    assert!(result.log.iter().any(|line| line == "##[error]e11"), "the log has them all");
}

#[tokio::test]
async fn stop_commands_holds_until_its_token() {
    let result = Fixture::new()
        .run(
            "say('::stop-commands::t0k'); say('::error::no'); say('::add-mask::no'); say('::wrong::');
              say('::stop-commands::t1'); say('::t0k::'); say('::warning::yes')",
        )
        .await;
    assert_eq!(result.annotations.len(), 1);
    assert_eq!(result.annotations[0].message, "yes");
    let stopped =
        ["::stop-commands::t0k", "::error::no", "::add-mask::no", "::wrong::", "::stop-commands::t1", "::t0k::"];
    assert_eq!(body(&result)[..6], stopped);
}

#[tokio::test]
async fn stop_tokens_that_anybody_could_guess_fail_the_step() {
    for token in ["", "warning", "pause-logging"] {
        let result = Fixture::new().run(&format!("say('::stop-commands::{token}'); say('::notice::heard')")).await;
        assert_eq!(result.conclusion, Conclusion::Failure, "{token}");
        assert_eq!(result.annotations_of(Level::Notice).count(), 1, "commands still work after `{token}`");
    }
}

#[tokio::test]
async fn masks_hide_from_then_on_and_everywhere() {
    let fixture = Fixture::new();
    let script = fixture.script(
        "say('early s3cret'); say('::add-mask::s3cret'); say('late s3cret'); say('::add-mask::one%0Atwo'); say('two one');
         say('::error title=s3cret::s3cret'); put('GITHUB_STEP_SUMMARY', 'a s3cret\\nof two'); put('GITHUB_OUTPUT', 'o=s3cret\\n');
         say('::add-mask:: '); say('job secret: ' + process.env.TOKEN)",
    );
    let mut job = fixture.job().secret("from-the-job").env("TOKEN", "from-the-job");
    let result = job.step(Step::action(&script)).await.expect("it runs");
    assert_eq!(
        body(&result),
        [
            "early s3cret",
            "late ***",
            "*** ***",
            "##[error]***",
            "##[warning]Can't add secret mask for empty string in ##[add-mask] command.",
            "job secret: ***"
        ]
    );
    assert!(result.log.contains(&"  TOKEN: ***".to_owned()), "{:#?}", result.log);
    assert_eq!(result.annotations[0].title.as_deref(), Some("***"));
    assert_eq!(result.summary.as_deref(), Some("a ***\nof ***\n"));
    assert_eq!(result.outputs["o"], "s3cret", "outputs are values, not log");
    let next = job.step(Step::run(["echo", "s3cret"])).await.expect("it runs");
    assert_eq!(body(&next), ["***"], "masks outlive their step");
}

#[tokio::test]
async fn deprecated_commands_still_work_and_disabled_ones_fail() {
    let fixture = Fixture::new();
    let result = fixture
        .run("say('::set-output name=a::1'); say('x ##[set-output name=b]2'); say('::save-state name=s::3')")
        .await;
    assert_eq!((result.outputs["a"].as_str(), result.outputs["b"].as_str()), ("1", "2"));
    assert_eq!(result.state["s"], "3");
    assert_eq!(result.annotations_of(Level::Warning).count(), 3);
    assert_eq!(result.conclusion, Conclusion::Success);

    let result = fixture.run("say('::set-env name=A::1'); say('::add-path::/x')").await;
    assert_eq!((result.conclusion, result.exit_code), (Conclusion::Failure, Some(0)));
    assert!(result.env.is_empty() && result.path.is_empty());
    assert!(result.errors().iter().any(|message| message.contains("`set-env` command is disabled")));
}

#[tokio::test]
async fn commands_after_a_carriage_return_are_commands() {
    let result = Fixture::new().run("process.stdout.write('50%\\r::warning::found\\r\\n100%\\n')").await;
    assert_eq!(body(&result), ["50%", "##[warning]found", "100%"]);
}

#[tokio::test]
async fn echo_shows_commands() {
    let result =
        Fixture::new().run("say('::echo::on'); say('::group::x'); say('::echo::off'); say('::echo::maybe')").await;
    assert_eq!(body(&result)[..3], ["::group::x", "##[group]x", "::echo::off"]);
    assert_eq!(result.conclusion, Conclusion::Failure);
}
