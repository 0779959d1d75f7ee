//! Engines that build images: BuildKit through the docker CLI, the API of docker and podman, other command lines.

#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod address;
mod api;
mod buildx;
mod cli;
pub(crate) mod containers;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
pub(crate) mod context;
#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
pub(crate) mod ignore;
mod kind;
pub(crate) mod options;

use std::path::Path;

use actions_core::action::{Cancel, Context};
use actions_core::env;
use actions_core::env::ACTIONS_RUNTIME_TOKEN;
use actions_core::process::Command;
use actions_core::{Cause, Env, Error, Result};
use bollard::auth::DockerCredentials;
use registry::Repository;
use registry::variables::DOCKER_CONFIG;
use serde_json::Value;

use crate::variables::{ACTIONS_CACHE_SERVICE_V2, ACTIONS_CACHE_URL};

pub(crate) use containers::Containers;
pub(crate) use kind::{Backend, Kind};

use crate::model::Present;
use crate::plan::Plan;
use crate::recipe::Recipe;
use crate::workspace::Workspace;
use buildx::Pushes;

/// How the cache service of GitHub Actions is reached: BuildKit reads these for a cache of the type `gha`.
const ACTIONS_CACHE: [&str; 4] =
    [ACTIONS_RUNTIME_TOKEN, ACTIONS_CACHE_URL, env::ACTIONS_RESULTS_URL, ACTIONS_CACHE_SERVICE_V2];

/// What an `--output` of BuildKit says to push without a tag.
const BY_DIGEST: &str = "push=true,push-by-digest=true";

/// What answers on this machine.
#[derive(Debug)]
pub(crate) enum Engine {
    Buildx(buildx::Buildx),
    Api(api::Api),
    Cli(cli::Cli),
}

/// Where an image is to go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal<'a> {
    /// To these repositories: under a tag that goes again, or under none.
    Push(&'a [Repository], Option<&'a str>),
    /// To where these `--output`s say; with none of them it stays with the engine.
    Local(&'a [String]),
}

/// One build.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Build<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) recipe: &'a Recipe,
    /// The models, where they come with the build.
    pub(crate) models: &'a [Present],
    pub(crate) goal: Goal<'a>,
    pub(crate) workspace: &'a Workspace,
    pub(crate) ctx: &'a Context,
}

impl Build<'_> {
    /// What the image is to be called.
    pub(crate) fn names(&self) -> Vec<String> {
        match self.goal {
            Goal::Push(_, None) => Vec::new(),
            Goal::Push(repositories, Some(tag)) => {
                repositories.iter().map(|repository| format!("{repository}:{tag}")).collect()
            }
            Goal::Local(_) => self.plan.local_names(),
        }
    }

    /// The `--output` of BuildKit that pushes in this way: to every repository, by digest or under a tag that goes again.
    pub(crate) fn push_output(&self, how: &str) -> Option<String> {
        let Goal::Push(repositories, staging) = self.goal else { return None };
        let names = match staging {
            Some(_) => self.names(),
            None => repositories.iter().map(ToString::to_string).collect(),
        };
        Some(self.plan.destination.push.as_ref()?.output(&names, how))
    }

    /// The folder that is the main build context.
    ///
    /// # Errors
    /// It is a git repository, which only buildx fetches.
    fn context(&self) -> Result<&Path> {
        let context = self.workspace.context.as_deref();
        context.ok_or_else(|| Error::failure("a git context is for buildx"))
    }

    /// The labels, those of the user last: they win.
    pub(crate) fn labels(&self) -> Vec<String> {
        let own = crate::report::labels(self.plan, self.ctx);
        own.into_iter().chain(self.plan.inputs.labels.iter().cloned()).collect()
    }

    /// The engine's program as it builds: with docker's configuration of this run; and with what a cache of the type `gha`
    /// needs, where the user asks for such a cache. These names are all that is set in its environment.
    fn with_tokens(&self, mut command: Command, env: &Env) -> Command {
        if let Some(folder) = &self.workspace.docker_config {
            command = command.env(DOCKER_CONFIG, folder);
        }
        if options::asks_for_actions_cache(&self.plan.inputs) {
            for name in ACTIONS_CACHE {
                command = env.get(name).into_iter().fold(command, |command, value| command.env(name, value));
            }
        }
        command
    }
}

impl Engine {
    /// Asks the engine whether it is there.
    ///
    /// # Errors
    /// It is not.
    pub(crate) async fn find(plan: &Plan, ctx: &Context) -> Result<Self> {
        Ok(match plan.kind {
            Kind::Buildx => Self::Buildx(buildx::Buildx::find(plan, ctx).await?),
            Kind::Api => Self::Api(api::Api::find(plan, ctx).await?),
            Kind::Buildah | Kind::Nerdctl | Kind::Buildctl => Self::Cli(cli::Cli::find(plan.kind, ctx).await?),
        })
    }

    /// Can it push without a tag? Else it pushes under one that is removed afterwards.
    pub(crate) fn by_digest(&self) -> bool {
        match self {
            Self::Buildx(engine) => engine.pushes == Pushes::ByDigest,
            Self::Api(_) => false,
            Self::Cli(engine) => engine.by_digest(),
        }
    }

    /// Builds, and returns what the engine tells of the result, in BuildKit's words.
    ///
    /// # Errors
    /// The build fails, or the job is cancelled.
    pub(crate) async fn build(&self, build: Build<'_>, cancel: &Cancel) -> Result<Value> {
        match self {
            Self::Buildx(engine) => engine.build(build, cancel).await,
            Self::Api(engine) => engine.build(build, cancel).await,
            Self::Cli(engine) => engine.build(build, cancel).await,
        }
    }

    /// Asks about the Dockerfile in place of a build.
    ///
    /// # Errors
    /// It finds something wrong, or cannot do it.
    pub(crate) async fn call(&self, build: Build<'_>, call: &str, cancel: &Cancel) -> Result<()> {
        match self {
            Self::Buildx(engine) => engine.call(build, call, cancel).await,
            Self::Api(_) | Self::Cli(_) => options::serves("call", build.plan.kind),
        }
    }

    /// Who runs containers next to it.
    ///
    /// # Errors
    /// Nobody.
    pub(crate) fn containers(&self, workspace: &Workspace) -> Result<Containers> {
        let with = |env: &Env| {
            let mut env = env.clone();
            if let Some(folder) = &workspace.docker_config {
                env.set(DOCKER_CONFIG, folder.display().to_string());
            }
            env
        };
        match self {
            Self::Buildx(engine) => Ok(Containers::Program("docker", with(engine.env()))),
            Self::Api(engine) => Ok(Containers::Api(engine.docker.clone(), engine.address.clone())),
            Self::Cli(engine) => engine.containers(with),
        }
    }

    /// Where the engine keeps images, if it tells; that may be on another machine.
    ///
    /// # Errors
    /// The job is cancelled.
    pub(crate) async fn data_root(&self, ctx: &Context) -> Result<Option<String>> {
        match self {
            Self::Buildx(engine) => Ok(engine.data_root.clone()),
            Self::Api(engine) => ctx.cancel.run(engine.data_root()).await,
            Self::Cli(_) => Ok(None),
        }
    }

    /// Who to be at a registry, where the engine has to be told with each request.
    pub(crate) fn credentials(&self, plan: &Plan, registry: &str) -> Option<DockerCredentials> {
        if let Self::Api(_) = self { api::credentials(plan, registry) } else { None }
    }

    /// Takes a name off an image of the engine's own store. It is not an error where there is none.
    pub(crate) async fn forget(&self, name: &str, cancel: &Cancel) {
        match self {
            Self::Buildx(engine) if engine.pushes == Pushes::FromStore => {
                drop(engine.docker(["image", "rm", "--force", name]).output(cancel).await);
            }
            Self::Buildx(_) => {}
            Self::Api(engine) => engine.forget(name).await,
            Self::Cli(engine) => engine.forget(name, cancel).await,
        }
    }
}

/// The error of an engine that does not answer.
fn none(what: &str, hint: &str, error: Error) -> Error {
    if error.cause() == Cause::Cancelled {
        return error;
    }
    Error::new(Cause::Unreachable, format!("no {what} answers")).hint(hint).caused_by(error)
}

/// An engine's program, with the environment of the action.
fn engine(program: &str, env: &Env) -> Command {
    Command::new(program).inherit(env)
}

/// A build or a push that failed for this reason, and what to do.
fn failure(plan: &Plan, why: &str) -> Error {
    let says = |texts: &[&str]| texts.iter().any(|text| why.contains(text));
    if says(&["failed to push"]) {
        return refused(plan, why, says);
    }
    let error = Error::new(Cause::Build, format!("failed to build the image of {}: {why}", plan.bento.tag));
    if says(&["unknown flag", "unknown shorthand flag", "requires BuildKit", "not supported by", "unknown command"]) {
        return error.hint("The engine is too old for one of the inputs: update it, or leave the input out.");
    }
    if says(&["failed to run SBOM generator", "buildkit-syft-scanner", "annotations not supported"]) {
        return error.hint(
            "An SBOM needs its generator, an image that is pulled; annotations of an index need one: see the inputs.",
        );
    }
    if says(&[
        "failed to resolve source metadata",
        "pull access denied",
        "failed to resolve reference",
        "manifest unknown",
    ]) {
        return error
            .hint("The base image cannot be pulled: check its name, and log in to its registry before this step.");
    }
    if is_transient(why) {
        let text =
            format!("a registry did not answer as it should while the image of {} was built: {why}", plan.bento.tag);
        return Error::new(Cause::Unreachable, text)
            .hint("Run the job again: what is built is cached, and models that arrived are not sent again.");
    }
    if says(&["no space left on device"]) {
        return error.hint("Free space first: `docker system prune`, or a larger runner.");
    }
    error.hint("The log above shows the instruction that failed.")
}

/// A push that the registry refused, or that did not reach it.
fn refused(plan: &Plan, why: &str, says: impl Fn(&[&str]) -> bool) -> Error {
    let text = format!("failed to push the image of {}: {why}", plan.bento.tag);
    if says(&["401 Unauthorized", "403 Forbidden", "authorization failed", "denied", "no basic auth credentials"]) {
        return Error::new(Cause::Access, text)
            .hint("Log in to the registry before this step, or set username and password.");
    }
    if says(&["404 Not Found", "name unknown", "NAME_UNKNOWN"]) {
        return Error::not_found(text).hint("This registry wants a repository to be made before it is pushed to.");
    }
    if says(&["connection refused", "no such host", "i/o timeout", "network is unreachable"]) {
        return Error::new(Cause::Unreachable, text)
            .hint("Check the registry's name, and that it can be reached from here.");
    }
    Error::failure(text).hint("Run the job again; what is built is cached, and models that arrived are not sent again.")
}

/// Was it the registry or the network, and may the next attempt succeed?
///
/// The texts are those of containerd's and docker's pushes, and of Go's network errors.
pub(crate) fn is_transient(why: &str) -> bool {
    // The last is what buildx says of a registry that fails when it reads the pushed manifest.
    let asking =
        ["failed to push", "failed to do request", "failed to copy", "unexpected status", "unexpected HTTP status"];
    let passing = [
        "500 Internal",
        "502 Bad",
        "503 Service",
        "504 Gateway",
        "Too Many Requests",
        "toomanyrequests",
        "connection reset",
        "connection refused",
        "broken pipe",
        "i/o timeout",
        "TLS handshake timeout",
        "unexpected EOF",
        ": EOF",
        "server closed",
    ];
    asking.iter().any(|text| why.contains(text)) && passing.iter().any(|text| why.contains(text))
}

/// Variables of a child or of a daemon's address.
fn variable<'e>(env: &'e Env, name: &str) -> Option<&'e str> {
    env.get(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_that_may_succeed_is_told_from_a_build_that_cannot() {
        for (why, expected) in [
            (
                "failed to solve: failed to push r.x/a:1: unexpected status from PUT request to https://r.x/v2/: 503 Service Unavailable",
                true,
            ),
            (
                "failed to push r.x/a: failed to do request: Head \"https://r.x/v2/\": dial tcp 1.2.3.4:443: connect: connection refused",
                true,
            ),
            ("received unexpected HTTP status: 500 Internal Server Error", true),
            ("received unexpected HTTP status: 401 Unauthorized", false),
            ("failed to push r.x/a: unexpected status from POST request to https://r.x/v2/: 401 Unauthorized", false),
            ("failed to solve: process \"/bin/sh -c curl x\" did not complete successfully: exit code: 429", false),
        ] {
            assert_eq!(is_transient(why), expected, "{why}");
        }
    }
}
