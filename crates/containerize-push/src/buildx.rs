//! BuildKit through the docker CLI and its buildx plugin.

use std::ffi::OsString;
use std::time::Duration;

use bento_core::action::{Cancel, Context};
use bento_core::process::{self, Command};
use bento_core::runner::console;
use bento_core::{Cause, Context as _, Env, Error, Result};
use serde_json::Value;

use crate::plan::{FOLDERS, Plan, Way, model_context};
use crate::provenance;
use crate::workspace::Workspace;

/// How long an engine may take to say what it is.
const ANSWER: Duration = Duration::from_secs(60);

/// The engine.
#[derive(Debug)]
pub(crate) struct Buildx {
    env: Env,
    builder: Option<String>,
    /// Can it push without a tag?
    pub(crate) by_digest: bool,
}

impl Buildx {
    /// Asks the engine what it is.
    ///
    /// # Errors
    /// There is none, or it has no buildx.
    pub(crate) async fn find(plan: &Plan, ctx: &Context) -> Result<Self> {
        let mut engine = Self { env: ctx.env.clone(), builder: plan.inputs.builder.clone(), by_digest: false };
        let inspecting = engine.docker(["buildx", "inspect"]).args(&engine.builder).deadline(ANSWER);
        let inspected = inspecting.output(&ctx.cancel).await;
        let told = inspected.map_err(|error| if error.cause() == Cause::Cancelled { error } else { none(error) })?;
        let field = |name: &str| told.lines().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim);
        if let (Some(error), None) = (field("Error:"), field("Status:")) {
            return Err(none(Error::failure(error)));
        }
        let driver = field("Driver:").unwrap_or_default();
        // The engine's own BuildKit names every image that it pushes; a builder of its own need not.
        engine.by_digest = driver != "docker";
        Ok(engine)
    }

    /// The docker CLI, with the environment of the action.
    pub(crate) fn docker<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        // `docker` is looked up on the child's PATH.
        Command::new("docker").inherit(&self.env).args(arguments)
    }

    /// Builds, and returns what BuildKit tells of the result.
    ///
    /// # Errors
    /// The build fails, or the job is cancelled.
    pub(crate) async fn build(
        &self,
        plan: &Plan,
        outputs: &[String],
        workspace: &Workspace,
        ctx: &Context,
        cancel: &Cancel,
    ) -> Result<Value> {
        let mut command = self.docker(arguments(plan, outputs, self.builder.as_deref(), workspace, ctx));
        for (name, value) in &workspace.variables {
            command = command.env(name, value);
        }
        let group = console::group("Build the image");
        let ended = command.stream(cancel).await?;
        drop(group);
        if !ended.status.success() {
            return Err(failure(plan, &ended));
        }
        let file = workspace.metadata();
        let text = std::fs::read(&file).context(|| "the engine told nothing of the image that it built".into())?;
        serde_json::from_slice(&text).context(|| format!("failed to read {}", file.display()))
    }
}

/// A cache that cannot be written must not fail a build whose image is good: BuildKit warns instead.
fn forgiving(cache: &str) -> String {
    let apart = cache.contains("type=") && !cache.contains("type=inline");
    if apart && !cache.contains("ignore-error=") { format!("{cache},ignore-error=true") } else { cache.to_owned() }
}

fn none(error: Error) -> Error {
    Error::new(Cause::Unreachable, "no container engine with buildx answers")
        .hint(
            "GitHub's Linux runners have one; elsewhere install Docker with its buildx plugin and start it, and set \
            DOCKER_HOST where it does not listen at its usual place.",
        )
        .caused_by(error)
}

/// The last error that BuildKit printed, and which instruction it was.
fn failure(plan: &Plan, ended: &process::Ended) -> Error {
    let last =
        ended.tail.iter().rev().find(|line| line.starts_with("ERROR:")).map(|line| line.trim_start_matches("ERROR: "));
    let why = last.map(str::to_owned).unwrap_or_else(|| process::describe(ended.status));
    let error = Error::new(Cause::Build, format!("failed to build the image of {}: {why}", plan.bento.tag));
    if why.contains("failed to resolve source metadata") || why.contains("pull access denied") {
        return error
            .hint("The base image cannot be pulled: check its name, and log in to its registry before this step.");
    }
    if why.contains("no space left on device") {
        return error.hint("Free space first: `docker system prune`, or a larger runner.");
    }
    error.hint("The log above shows the instruction that failed.")
}

fn arguments(
    plan: &Plan,
    outputs: &[String],
    builder: Option<&str>,
    workspace: &Workspace,
    ctx: &Context,
) -> Vec<OsString> {
    let inputs = &plan.inputs;
    let mut arguments: Vec<OsString> = ["buildx", "build", "--progress", "plain"].map(Into::into).into();
    let mut option = |name: &str, values: &[String]| {
        for value in values {
            arguments.push(format!("--{name}").into());
            arguments.push(value.into());
        }
    };
    let path = |path: &std::path::Path| path.display().to_string();
    option("builder", &builder.map(str::to_owned).into_iter().collect::<Vec<_>>());
    option("file", &[path(&workspace.dockerfile())]);
    option("metadata-file", &[path(&workspace.metadata())]);
    option("build-context", &[format!("{FOLDERS}={}", path(&workspace.model_folders()))]);
    if plan.way == Way::Contexts {
        let models = plan.bento.models.iter().enumerate();
        let contexts = models.map(|(number, model)| format!("{}={}", model_context(number), path(&model.folder)));
        option("build-context", &contexts.collect::<Vec<_>>());
    }
    for (name, values) in [
        ("add-host", &inputs.add_hosts[..]),
        ("allow", &inputs.allow),
        ("annotation", &inputs.annotations),
        ("attest", &inputs.attests),
        ("build-arg", &inputs.build_args),
        ("build-context", &inputs.build_contexts),
        ("cache-from", &inputs.cache_from),
        ("cache-to", &inputs.cache_to.iter().map(|cache| forgiving(cache)).collect::<Vec<_>>()),
        ("label", &crate::report::labels(plan, ctx)),
        ("label", &inputs.labels),
        ("no-cache-filter", &inputs.no_cache_filters),
        ("output", outputs),
        ("platform", &inputs.platforms),
        ("secret", &workspace.secrets),
        ("ssh", &inputs.ssh),
        ("ulimit", &inputs.ulimit),
    ] {
        option(name, values);
    }
    let attests_provenance = inputs.attests.iter().any(|attest| attest.contains("type=provenance"));
    let provenance = provenance::attributes(inputs.provenance.as_deref(), &ctx.event)
        .filter(|_| !attests_provenance && !outputs.iter().any(|output| output.starts_with("type=docker")));
    for (name, value) in [
        ("cgroup-parent", &inputs.cgroup_parent),
        ("network", &inputs.network),
        ("provenance", &provenance),
        ("sbom", &inputs.sbom),
        ("shm-size", &inputs.shm_size),
        ("target", &inputs.target),
    ] {
        option(name, &value.iter().cloned().collect::<Vec<_>>());
    }
    if !matches!(plan.destination, crate::output::Destination::Push(_)) {
        let own = inputs.tags.is_empty().then(|| plan.bento.tag.to_string());
        option("tag", &own.into_iter().chain(inputs.tags.iter().cloned()).collect::<Vec<_>>());
    }
    for (name, wanted) in [("--no-cache", inputs.no_cache), ("--pull", inputs.pull)] {
        if wanted {
            arguments.push(name.into());
        }
    }
    arguments.push((&plan.context).into());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_export_of_its_own_may_fail() {
        assert_eq!(forgiving("type=gha,mode=max"), "type=gha,mode=max,ignore-error=true");
        for kept in ["type=inline", "type=gha,ignore-error=false", "owner/name:cache"] {
            assert_eq!(forgiving(kept), kept);
        }
    }
}
