//! BuildKit through the docker CLI and its buildx plugin.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use actions_core::action::{Cancel, Context};
use actions_core::process;
use actions_core::process::Command;
use actions_core::runner::console;
use actions_core::{Cause, Env, Error, Result};
use serde_json::Value;

use super::options::{arguments, given};
use super::{BY_DIGEST, Build, Goal, Kind, engine, failure, none};
use crate::Inputs;
use crate::output::is_docker;
use crate::plan::{Plan, Source};
use crate::provenance;
use crate::variables;

/// How long an engine may take to say what it is.
const ANSWER: Duration = Duration::from_secs(60);

/// What a worker on containerd's image store names in its labels.
const CONTAINERD: &str = "org.mobyproject.buildkit.worker.containerd.";

/// The engine.
#[derive(Debug)]
pub(crate) struct Buildx {
    env: Env,
    builder: Option<String>,
    pub(super) pushes: Pushes,
    /// The folder of docker's images, if docker runs on this machine and reports it.
    pub(super) data_root: Option<String>,
}

/// How an image gets to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushes {
    /// BuildKit pushes it, without a tag: a builder of its own.
    ByDigest,
    /// BuildKit pushes it under a tag, and the engine keeps nothing: docker with containerd's image store.
    Tagged,
    /// The engine pushes it from its store, where it has a name: docker with its own, older store.
    FromStore,
}

impl Pushes {
    /// What the `--output` says of it.
    ///
    /// Docker sets `unpack=true` in every output, which costs seconds unless the store is left out; and buildx, after BuildKit,
    /// lets docker push from its store again, unless `push` is empty, which BuildKit takes for true.
    fn attributes(self) -> &'static str {
        match self {
            Self::ByDigest => BY_DIGEST,
            Self::Tagged => "push=,store=false",
            Self::FromStore => "push=true",
        }
    }
}

impl Buildx {
    /// Asks the engine what it is.
    ///
    /// # Errors
    /// There is none, or it has no buildx.
    pub(crate) async fn find(plan: &Plan, ctx: &Context) -> Result<Self> {
        let builder = plan.inputs.builder.clone().filter(|builder| !builder.is_empty());
        let mut engine = Self { env: ctx.env.clone(), builder, pushes: Pushes::FromStore, data_root: None };
        let missing = |error| {
            let hint = "GitHub's Linux runners have one; elsewhere install Docker with its buildx plugin and start it, \
                and set DOCKER_HOST where it does not listen at its usual place.";
            none("container engine with buildx", hint, error)
        };
        let inspecting = engine.docker(["buildx", "inspect", "--"]).args(&engine.builder).deadline(ANSWER);
        // Some versions of buildx say so and fail, others print it among the builder's fields.
        let failed = |error: Error| match &engine.builder {
            Some(name) if error.full_text().contains("no builder") => Error::input(format!(
                "input builder: there is no {name}"
            ))
            .hint(
                "docker/setup-buildx-action before this step makes one; `docker buildx ls` lists those that are there.",
            ),
            _ => missing(error),
        };
        let (told, root) = tokio::join!(inspecting.output(&ctx.cancel), engine.root(&ctx.cancel));
        let told = told.map_err(failed)?;
        let field = |name: &str| told.lines().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim);
        if let (Some(error), None) = (field("Error:"), field("Status:")) {
            return Err(failed(Error::failure(error)));
        }
        let pushes = match field("Driver:") {
            Some("docker") if told.contains(CONTAINERD) => Pushes::Tagged,
            Some("docker") => Pushes::FromStore,
            _ => Pushes::ByDigest,
        };
        (engine.pushes, engine.data_root) = (pushes, root?);
        match wanted_attestation(&plan.inputs) {
            Some(input) if !engine.attests() => Err(Error::input(format!(
                "input {input}: the engine's image store keeps no attestations"
            ))
            .hint("Use docker/setup-buildx-action before this step, or switch docker to the containerd image store.")),
            _ => Ok(engine),
        }
    }

    /// Can it keep statements about an image? Docker's own store has no place for them, and buildx refuses to build.
    fn attests(&self) -> bool {
        self.pushes != Pushes::FromStore
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    /// The docker CLI, with the environment of the action.
    pub(crate) fn docker<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        // `docker` is looked up on the child's PATH.
        engine("docker", &self.env).args(arguments)
    }

    /// Builds, and returns what BuildKit tells of the result.
    ///
    /// # Errors
    /// The build fails, or the job is cancelled.
    pub(crate) async fn build(&self, build: Build<'_>, cancel: &Cancel) -> Result<Value> {
        let group = console::group("Build the image");
        let ended = self.run(&build, self.arguments(&build), cancel).await?;
        drop(group);
        if !ended.status.success() {
            return Err(failure(build.plan, &why(&ended)));
        }
        if let Some(why) = unwritten_cache(&ended.tail) {
            tracing::warn!("the build's cache is not written, the next build takes longer: {why}");
        }
        build.workspace.told()
    }

    /// Where docker keeps images. An address of another machine is not asked: its folders are not ours.
    async fn root(&self, cancel: &Cancel) -> Result<Option<String>> {
        if super::variable(&self.env, variables::DOCKER_HOST).is_some_and(|host| !host.starts_with("unix://")) {
            return Ok(None);
        }
        let asked = self.docker(["info", "--format", "{{.DockerRootDir}}"]).deadline(ANSWER).output(cancel).await;
        match asked {
            Ok(told) => Ok(Some(told.trim().to_owned()).filter(|told| !told.is_empty())),
            Err(error) if error.cause() == Cause::Cancelled => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Asks BuildKit about the Dockerfile in place of a build, and shows what it says.
    ///
    /// # Errors
    /// It finds something wrong, or cannot do it.
    pub(crate) async fn call(&self, build: Build<'_>, call: &str, cancel: &Cancel) -> Result<()> {
        let mut words = self.arguments(&build);
        words.splice(2..2, ["--call".into(), call.into()]);
        let ended = self.run(&build, words, cancel).await?;
        if ended.status.success() {
            return Ok(());
        }
        let error = failure(build.plan, &why(&ended));
        let refused = ended.tail.iter().any(|line| line.starts_with("unknown flag"));
        Err(if refused {
            error
        } else {
            Error::input(format!("call: {call} finds fault with the Dockerfile")).hint("See what it says above.")
        })
    }

    async fn run(&self, build: &Build<'_>, words: Vec<OsString>, cancel: &Cancel) -> Result<process::Ended> {
        build.with_tokens(self.docker(words), &self.env).stream(cancel).await
    }

    fn arguments(&self, build: &Build<'_>) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["buildx", "build", "--progress", "plain"].map(Into::into).into();
        let mut option = |input: &str, values: &[String]| words.extend(arguments(input, values, Kind::Buildx));
        for (input, values) in given(&build.plan.inputs) {
            // Said below, with what is added to them.
            if !matches!(input, "call" | "labels" | "provenance" | "secrets" | "secret-envs" | "secret-files") {
                option(input, &values);
            }
        }
        let outputs = match build.goal {
            Goal::Push(..) => build.push_output(self.pushes.attributes()).into_iter().collect(),
            Goal::Local(outputs) => outputs.to_vec(),
        };
        option("build-contexts", &build.workspace.contexts());
        option("labels", &build.labels());
        option("outputs", &outputs);
        option("provenance", &self.provenance(build, &outputs).into_iter().collect::<Vec<_>>());
        option("secrets", &build.workspace.secrets);
        let file = |path: std::path::PathBuf| path.into_os_string();
        words.extend(["--file".into(), file(build.workspace.dockerfile())]);
        words.extend(["--metadata-file".into(), file(build.workspace.metadata())]);
        if let Goal::Local(_) = build.goal {
            words.extend(build.names().into_iter().flat_map(|name| ["--tag".into(), name.into()]));
        }
        words.push("--".into());
        words.push(match (&build.workspace.context, &build.plan.context) {
            (Some(folder), _) | (None, Source::Folder(folder)) => folder.into(),
            (None, Source::Git(address)) => address.into(),
        });
        words
    }

    fn provenance(&self, build: &Build<'_>, outputs: &[String]) -> Option<String> {
        let inputs = &build.plan.inputs;
        let given = inputs.provenance.as_deref().filter(|given| !given.is_empty());
        let attested = inputs.attests.iter().any(|attest| attest.contains("type=provenance"));
        // What nobody asked for must not be in the way of what somebody did. The variable is buildx's.
        let off = self.env.flag(variables::BUILDX_NO_DEFAULT_ATTESTATIONS);
        let fits = !off && !attested && !outputs.iter().any(|output| is_docker(output));
        provenance::attributes(given, &build.ctx.event).filter(|_| self.attests() && (given.is_some() || fits))
    }
}

/// The first input that asks for a statement.
fn wanted_attestation(inputs: &Inputs) -> Option<&'static str> {
    let wants = |given: &Option<String>| given.as_deref().is_some_and(|given| !matches!(given, "" | "false"));
    match inputs {
        _ if wants(&inputs.provenance) => Some("provenance"),
        _ if wants(&inputs.sbom) => Some("sbom"),
        _ if !inputs.attests.is_empty() => Some("attests"),
        _ => None,
    }
}

/// Why a cache was not written. BuildKit says it in the step that writes it, and goes on.
fn unwritten_cache(tail: &[String]) -> Option<&str> {
    let writes = tail.iter().filter_map(|line| line.split_once(" exporting cache").map(|(step, _)| step));
    writes.filter_map(|step| tail.iter().find_map(|line| line.strip_prefix(step)?.strip_prefix(" ERROR: "))).next()
}

/// The last error that the engine printed, else how it ended.
pub(super) fn why(ended: &process::Ended) -> String {
    let last = ended.tail.iter().rev().find_map(|line| {
        let marked = ["ERROR: ", "error: ", "Error: "].iter().find_map(|mark| line.strip_prefix(mark));
        // As nerdctl logs.
        marked.or_else(|| line.split_once("level=fatal msg=").map(|(_, text)| text.trim_matches('"')))
    });
    // The CLI itself refuses an option without such a mark.
    let flag = || ended.tail.iter().find(|line| line.starts_with("unknown ")).map(String::as_str);
    last.or_else(flag).map(str::to_owned).unwrap_or_else(|| process::describe(ended.status))
}
