//! Inputs, command files and what steps hand on, with real actions.

mod common;

use common::{Fixture, body};
use runner_sim::{Conclusion, Level, Stage, Step};
use serde_json::json;

const DUMP: &str = "put('GITHUB_OUTPUT', 'env<<E_O_F\\n' + JSON.stringify(process.env) + '\\nE_O_F\\n')";

fn environment(result: &runner_sim::StepResult) -> serde_json::Value {
    serde_json::from_str(&result.outputs["env"]).unwrap_or_else(|error| panic!("{error}: {}", result.log_text()))
}

#[tokio::test]
async fn inputs_come_with_defaults_and_contexts() {
    let fixture = Fixture::new();
    let action = fixture.action(
        "inputs",
        "inputs:\n  bento-tag: {required: true}\n  cloud_api_token: {default: '${{ github.token }}'}\n  with space: {default: 1}\n  \
         temp: {default: '${{ runner.temp }}/x'}\n  number: {default: '${{ github.event.number }}'}\n  from-env: {default: '${{ env.A }}'}\n  \
         empty: {}\n  old: {deprecationMessage: use new}\nruns: {using: node24, main: main.js}\n",
        &[("main.js", DUMP)],
    );
    let mut job = fixture.job().token("t0ken").env("A", "b").event("push", json!({"number": 7, "ref": "refs/heads/x"}));
    let temp = job.runner_temp();
    let step = Step::action(action).with("Bento-Tag", " a:b ").with("old", "1").with("typo", "2");
    let result = job.step(step).await.expect("it runs");
    let env = environment(&result);
    assert_eq!(env["INPUT_BENTO-TAG"], " a:b ");
    assert_eq!(env["INPUT_CLOUD_API_TOKEN"], "t0ken");
    assert_eq!(env["INPUT_WITH_SPACE"], "1");
    assert_eq!(env["INPUT_TEMP"], format!("{}/x", temp.display()));
    assert_eq!(
        (&env["INPUT_NUMBER"], &env["INPUT_FROM-ENV"], &env["INPUT_EMPTY"]),
        (&json!("7"), &json!("b"), &json!(""))
    );
    assert_eq!(env["INPUT_TYPO"], "2", "unexpected inputs are passed all the same");
    let warnings: Vec<_> = result.annotations_of(Level::Warning).map(|a| a.message.as_str()).collect();
    assert_eq!(warnings[0], "Input 'old' has been deprecated with message: use new");
    assert!(warnings[1].starts_with("Unexpected input(s) 'typo', valid inputs are ['bento-tag', "), "{warnings:?}");
    assert!(result.log.contains(&"  cloud_api_token: ***".to_owned()), "{:#?}", result.log);
}

#[tokio::test]
async fn the_environment_is_the_runners_and_nothing_ambient() {
    let fixture = Fixture::new();
    let mut job = fixture.job().event("push", json!({"ref": "refs/heads/x", "repository": {"full_name": "a/b"}}));
    job = job.runtime("https://results.example/", "runtime-token").github("run_id", "42");
    let script = fixture.script(DUMP);
    let result = job.step(Step::action(script)).await.expect("it runs");
    let env = environment(&result);
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("CI", "true"),
        ("GITHUB_REPOSITORY", "a/b"),
        ("GITHUB_REF", "refs/heads/x"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_API_URL", "https://api.github.com"),
        ("RUNNER_ENVIRONMENT", "self-hosted"),
        ("ACTIONS_RUNTIME_TOKEN", "runtime-token"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    for name in ["GITHUB_TOKEN", "CARGO_MANIFEST_DIR", "RUNNER_SIM_NODE"] {
        assert!(env.get(name).is_none(), "{name}");
    }
    for name in ["RUNNER_OS", "RUNNER_ARCH", "RUNNER_TOOL_CACHE", "GITHUB_SHA", "GITHUB_STEP_SUMMARY", "GITHUB_STATE"] {
        assert!(env[name].as_str().is_some_and(|value| !value.is_empty()), "{name}");
    }
    let path = env["GITHUB_EVENT_PATH"].as_str().expect("a path");
    assert!(std::fs::read_to_string(path).expect("the payload").contains("refs/heads/x"));
    assert_eq!(env["GITHUB_WORKSPACE"], fixture.workspace().display().to_string());

    let plain = job.step(Step::run(["env"])).await.expect("it runs");
    assert!(plain.log_text().contains("GITHUB_OUTPUT=") && !plain.log_text().contains("ACTIONS_RUNTIME_TOKEN"));
    drop(job);
    assert!(!std::path::Path::new(path).exists(), "the temporary folder goes with the job");
}

#[tokio::test]
async fn env_and_path_reach_later_steps_only_and_the_runners_own_variables_stay() {
    let fixture = Fixture::new();
    let script = fixture.script(
        "put('GITHUB_ENV', 'A=1\\nM<<D\\nx\\ny\\nD\\nNODE_OPTIONS=--bad\\nGITHUB_SHA=evil\\nCI=no\\n');
         put('GITHUB_PATH', '/first\\n\\n/second\\n/first\\n'); say('A is ' + process.env.A)",
    );
    let mut job = fixture.job();
    let result = job.step(Step::action(script)).await.expect("it runs");
    assert_eq!(body(&result)[0], "A is undefined");
    assert_eq!(result.errors(), ["Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command."]);
    assert_eq!(result.path, ["/second", "/first"].map(std::path::PathBuf::from));

    let result = job.step(Step::action(fixture.script(DUMP))).await.expect("it runs");
    let env = environment(&result);
    assert_eq!((&env["A"], &env["M"], &env["CI"]), (&json!("1"), &json!("x\ny"), &json!("no")));
    assert!(env["PATH"].as_str().is_some_and(|path| path.starts_with("/first:/second:")), "{}", env["PATH"]);
    assert_ne!(env["GITHUB_SHA"], "evil");
    assert!(env.get("NODE_OPTIONS").is_none());
}

#[tokio::test]
async fn a_broken_command_file_fails_the_step_and_keeps_what_came_before() {
    let result = Fixture::new().run("put('GITHUB_OUTPUT', 'a=1\\nb<<EOF\\nno end\\n')").await;
    assert_eq!((result.conclusion, result.exit_code), (Conclusion::Failure, Some(0)));
    assert_eq!(result.outputs.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(
        result.errors(),
        ["Unable to process file command 'output' successfully.", "Invalid value. Matching delimiter not found 'EOF'"]
    );
}

#[tokio::test]
async fn outputs_can_be_injected_by_line_and_not_by_block() {
    let value = "x\\nevil=1";
    let fixture = Fixture::new();
    let naive = fixture.run(&format!("put('GITHUB_OUTPUT', 'tag={value}\\n')")).await;
    assert_eq!(naive.outputs["evil"], "1");
    let block = fixture.run(&format!("put('GITHUB_OUTPUT', 'tag<<D-1\\n{value}\\nD-1\\n')")).await;
    assert_eq!(block.outputs.len(), 1);
    assert_eq!(block.outputs["tag"], "x\nevil=1");
}

#[tokio::test]
async fn a_summary_beyond_a_mebibyte_is_dropped() {
    let fixture = Fixture::new();
    let at_limit = fixture.run("put('GITHUB_STEP_SUMMARY', 'x'.repeat(1024 * 1024))").await;
    assert_eq!(at_limit.summary.map(|text| text.len()), Some(1024 * 1024 + 1));
    let beyond = fixture.run("put('GITHUB_STEP_SUMMARY', 'x'.repeat(1024 * 1024 + 1))").await;
    assert_eq!(beyond.summary, None);
    assert!(beyond.errors()[0].contains("1024k"), "{:?}", beyond.errors());
    assert_eq!(beyond.conclusion, Conclusion::Success);
}

#[tokio::test]
async fn posts_run_in_reverse_order_with_their_own_state_and_inputs() {
    let fixture = Fixture::new();
    let yaml = "inputs: {id: {}}\nruns: {using: node24, main: main.js, post: post.js}\n";
    let action = fixture.action(
        "posting",
        yaml,
        &[
            ("main.js", "put('GITHUB_STATE', 'at-End<<D\\n' + process.env.INPUT_ID + '\\n!\\nD\\n'); process.exit(+process.env.INPUT_ID - 1)"),
            ("post.js", "say(JSON.stringify([process.env['STATE_at-End'], process.env.INPUT_ID]))"),
        ],
    );
    let mut job = fixture.job();
    for id in ["1", "2"] {
        let result = job.step(Step::action(&action).with("id", id)).await.expect("it runs");
        assert_eq!(result.state["at-End"], format!("{id}\n!"));
        assert_eq!(result.succeeded(), id == "1");
    }
    let posts = job.finish().await.expect("they run");
    let lines: Vec<_> = posts.iter().map(|post| post.log.join("|")).collect();
    assert_eq!(lines, [r#"Post job cleanup.|["2\n!","2"]"#, r#"Post job cleanup.|["1\n!","1"]"#]);
    assert!(posts.iter().all(|post| post.stage == Stage::Post && post.succeeded()));
}

#[tokio::test]
async fn post_if_decides_by_the_state_of_the_job() {
    for (condition, code, expected) in [
        ("success()", 0, Conclusion::Success),
        ("success()", 3, Conclusion::Skipped),
        ("failure()", 3, Conclusion::Success),
        ("always()", 3, Conclusion::Success),
    ] {
        let fixture = Fixture::new();
        let yaml = format!("runs: {{using: node24, main: main.js, post: post.js, post-if: '{condition}'}}\n");
        let action = fixture.action("post", &yaml, &[("main.js", &format!("process.exit({code})")), ("post.js", "")]);
        let mut job = fixture.job();
        assert_eq!(job.step(Step::action(action)).await.expect("it runs").exit_code, Some(code));
        let posts = job.finish().await.expect("they run");
        assert_eq!(posts[0].conclusion, expected, "{condition} after {code}");
    }
}

#[tokio::test]
async fn exit_codes_decide_and_plain_commands_say_so() {
    let fixture = Fixture::new();
    let result = fixture.run("process.exitCode = 7").await;
    assert_eq!((result.conclusion, result.exit_code), (Conclusion::Failure, Some(7)));
    assert!(result.annotations.is_empty());
    let result = fixture.job().step(Step::run(["sh", "-c", "exit 3"])).await.expect("it runs");
    assert_eq!(result.errors(), ["Process completed with exit code 3."]);
    let result = fixture.run("process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)").await;
    assert_eq!(result.exit_code, Some(128 + 15));
}

#[tokio::test]
async fn actions_that_cannot_be_run_say_why() {
    let fixture = Fixture::new();
    let mut job = fixture.job();
    let error = job.step(Step::action(fixture.workspace())).await.expect_err("no action there");
    assert!(error.to_string().contains("no action.yml"), "{error}");
    let old = fixture.action("old", "runs: {using: node20, main: main.js}", &[]);
    let error = job.step(Step::action(old)).await.expect_err("too old");
    assert!(error.to_string().contains("node20"), "{error}");
    let gone = fixture.action("gone", "runs: {using: node24, main: main.js}", &[]);
    let result = job.step(Step::action(gone)).await.expect("a failed step");
    assert_eq!((result.conclusion, result.exit_code), (Conclusion::Failure, None));
    assert!(result.errors()[0].starts_with("File not found: "), "{:?}", result.errors());
    let error = job.step(Step::run(["no-such-program-here"])).await.expect_err("no program");
    assert!(error.to_string().contains("no-such-program-here"), "{error}");
}
