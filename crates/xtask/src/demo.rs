//! `cargo xtask demo`: setup → build-bento → deploy-bento on a real project, against a BentoCloud on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use actions_core::http;
use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Command};
use runner_sim::{Job, Step, StepResult};
use serde_json::json;

use crate::cloud::Cloud;
use crate::{command, layout, tools};

const PROJECT: &str = "examples/summarization";
const TEXT: &str = "A model in a notebook helps one person. A model behind an API helps everybody who can send a request. \
                    Getting it there takes a package, a place to run, and a check that it answers. \
                    The weather was fine that day.";
/// What a job takes over from this machine besides PATH and the like: where packages come from.
const PACKAGE_SETTINGS: [&str; 3] = ["PIP_", "UV_", "SSL_CERT_"];

pub(crate) fn command() -> Command {
    Command::new("demo").about("Take examples/summarization from a commit to a served Bento, on this machine")
}

pub(crate) fn run(_: &ArgMatches) -> Result<()> {
    tools::ensure()?;
    say("building the actions and a BentoCloud for this machine");
    command::run(command::cargo().args(["build", "--locked", "--workspace", "--bins"]))?;
    let started = Instant::now();
    let runtime = tokio::runtime::Runtime::new().context("could not start tokio")?;
    runtime.block_on(pipeline())?;
    say(&format!("done in {:.1} s; everything that ran has been stopped", started.elapsed().as_secs_f64()));
    Ok(())
}

async fn pipeline() -> Result<()> {
    let folder = Folder::new()?;
    let workspace = folder.0.join("workspace");
    copy(&layout::root().join(PROJECT), &workspace)?;
    let cloud = Cloud::start(&folder.0.join("cloud"), &layout::debug_binaries())?;
    say(&format!("a BentoCloud serves at {}", cloud.endpoint()));
    let mut job = job(&workspace, &folder.0, &cloud)?;

    step(&mut job, "setup", &[]).await?;
    let built = step(&mut job, "build-bento", &[("bento-labels", "made-by=demo")]).await?;
    let tag = built.outputs.get("bento-tag").context("build-bento named no Bento")?.clone();
    let deployed = step(
        &mut job,
        "deploy-bento",
        &[
            ("cloud-api-token", cloud.token()),
            ("cloud-endpoint", cloud.endpoint()),
            ("build", "false"),
            ("bento-tag", &tag),
            ("action", "apply"),
            ("deployment-config", "deployment.yaml"),
        ],
    )
    .await?;
    let url = deployed.outputs.get("deployment-url").context("deploy-bento named no URL")?;
    let answer = summarize(url).await?;
    say(&format!("POST {url}/summarize"));
    println!("\n  text:    {TEXT}\n  summary: {answer}");

    for post in job.finish().await? {
        if !post.succeeded() {
            bail!("the post step {} failed", post.name);
        }
    }
    Ok(())
}

/// A job whose packages come from where this machine's come from, and whose Bentos stay in the demo's folder.
fn job(workspace: &Path, folder: &Path, cloud: &Cloud) -> Result<Job> {
    let job = Job::new(workspace)?
        .secret(cloud.token())
        .env("BENTO_ACTIONS_BIN", layout::debug_binaries().to_string_lossy())
        .env("BENTOML_HOME", folder.join("bentoml").to_string_lossy())
        .env("BENTOML_DO_NOT_TRACK", "True")
        .node(tools::node())
        .with_tool_cache(layout::target().join("demo-tool-cache"))
        .event("push", json!({"ref": "refs/heads/main"}))
        .on_log(|line| println!("    {line}"));
    let settings = std::env::vars().filter(|(name, _)| PACKAGE_SETTINGS.iter().any(|prefix| name.starts_with(prefix)));
    Ok(settings.fold(job, |job, (name, value)| job.env(name, value)))
}

async fn step(job: &mut Job, action: &str, with: &[(&str, &str)]) -> Result<StepResult> {
    say(&format!("uses: ./actions/{action}"));
    let step = Step::action(layout::root().join("actions").join(action));
    let result = job.step(with.iter().fold(step, |step, (name, value)| step.with(*name, *value))).await?;
    if !result.succeeded() {
        bail!("{action} failed: {}", result.errors().join("; "));
    }
    for (name, value) in result.outputs.iter().filter(|(_, value)| value.lines().count() == 1) {
        println!("  → {name} = {value}");
    }
    println!("  {action} took {:.1} s", result.duration.as_secs_f64());
    Ok(result)
}

async fn summarize(url: &str) -> Result<String> {
    let client = http::client()?;
    let response = client.post(format!("{url}/summarize")).json(&json!({"text": TEXT})).send().await?;
    let (status, answer) = (response.status(), response.text().await?);
    if !status.is_success() || answer.trim().is_empty() {
        bail!("the service answered {status}: {answer}");
    }
    Ok(answer)
}

fn say(text: &str) {
    println!("\n== {text}");
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The demo's folder; what an interrupted run left is removed first, what this one leaves when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let folder = layout::target().join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("could not empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The next run removes what could not be.
        let _ = fs::remove_dir_all(&self.0);
    }
}
