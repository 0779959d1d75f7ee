//! The action as a runner starts it: the launcher on the real Node, the step and its post step.

mod common;

use std::path::Path;

use common::Machine;
use runner_sim::cache::Server;
use runner_sim::{Conclusion, Job, Step, StepResult};

/// A job on this machine, with a tool cache of its own.
fn job(machine: &Machine, server: &Server) -> Job {
    let job = Job::new(machine.path("workspace")).expect("a job").runtime(server.results_url(), server.token());
    let program = Machine::program_that_ships();
    let job = job.env("BENTO_ACTIONS_BIN", program.parent().expect("a folder").to_string_lossy());
    let ours = |name: &str| name == "PATH" || name.starts_with("UV_") || name.starts_with("PIP_");
    let variables = machine.env.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    variables.filter(|(name, _)| ours(name)).fold(job, |job, (name, value)| job.env(name, value))
}

fn action() -> Step {
    Step::action(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions/setup"))
}

/// The step, what a later step sees, and the post step.
async fn whole(machine: &Machine, server: &Server) -> (StepResult, StepResult) {
    let mut job = job(machine, server);
    let main = job.step(action()).await.expect("it runs");
    assert!(main.succeeded(), "{}", main.log_text());
    let later = job.step(Step::run(["bentoml", "--version"])).await.expect("bentoml is on PATH");
    assert!(later.log_text().contains("bentoml, version 9.0"), "{}", later.log_text());
    let mut posts = job.finish().await.expect("it ends");
    (main, posts.remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_post_step_saves_the_next_job_has() {
    let server = Server::start().await.expect("a server");
    let mut machine = Machine::with_uv().await;
    machine.packages(&["bentoml-9.0", "pip-99"]);
    machine.append_path(&machine.bare_python());
    machine.append_path(Path::new("/usr/bin"));
    let (first, post) = whole(&machine, &server).await;
    assert_eq!((first.outputs["cache-hit"].as_str(), server.entries().len()), ("false", 1));
    assert_eq!(post.conclusion, Conclusion::Success, "{}", post.log_text());
    assert!(post.log_text().contains("saved in the cache: "), "{}", post.log_text());

    let (second, post) = whole(&machine, &server).await;
    assert_eq!((second.outputs["cache-hit"].as_str(), server.entries().len()), ("true", 1));
    assert_eq!(second.outputs["cache-key"], first.outputs["cache-key"]);
    assert!(!post.log_text().contains("saved"), "{}", post.log_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_step_that_fails_is_a_warning_and_a_failed_step_saves_nothing() {
    let server = Server::start().await.expect("a server");
    let mut machine = Machine::with_uv().await;
    machine.packages(&["bentoml-9.0", "pip-99"]);
    machine.append_path(&machine.bare_python());
    machine.append_path(Path::new("/usr/bin"));
    server.fail("CreateCacheEntry", 403);
    let (_, post) = whole(&machine, &server).await;
    assert_eq!(post.conclusion, Conclusion::Success, "{}", post.log_text());
    let warnings: Vec<_> = post.annotations_of(runner_sim::Level::Warning).map(|one| one.message.clone()).collect();
    assert!(warnings.iter().any(|text| text.contains("failed to save the environment in the cache")), "{warnings:?}");

    let mut job = job(&machine, &server);
    let failed = job.step(action().with("bentoml-version", "9.5")).await.expect("it runs");
    assert_eq!(failed.exit_code, Some(2), "{}", failed.log_text());
    assert_eq!(failed.errors().len(), 1, "{}", failed.log_text());
    assert!(failed.path.is_empty() && failed.env.is_empty());
    let post = job.finish().await.expect("it ends").remove(0);
    assert!(post.succeeded() && server.entries().is_empty(), "{}", post.log_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_mean_something_else_are_warned_of_at_their_place() {
    let server = Server::start().await.expect("a server");
    let mut machine = Machine::with_uv().await;
    machine.packages(&["bentoml-9.0", "pip-99"]);
    machine.append_path(&machine.bare_python());
    machine.write("workspace/app/pyproject.toml", "[project]\nname = 'x'\nrequires-python = '<3.9'\n");
    let mut job = job(&machine, &server);
    let step = job.step(action().with("context", "app").with("dry-run", "true")).await.expect("it runs");
    let [warning] = &step.annotations[..] else { panic!("{}", step.log_text()) };
    assert!(warning.message.contains("requires-python is \"<3.9\", and the chosen Python is 3."), "{warning:?}");
    assert_eq!((warning.file.as_deref(), warning.line), (Some("app/pyproject.toml"), Some(3)), "{warning:?}");
    let step =
        job.step(action().with("python-version", "3.1").env("UV_PYTHON_DOWNLOADS", "never")).await.expect("it runs");
    assert!(!step.succeeded());
    assert!(step.log_text().contains("YAML takes 3.10 without quotes for the number 3.1"), "{}", step.log_text());
}
