//! Engines with a command line like docker's: what differs between them is in one table, and in [`super::options`].

use std::ffi::OsString;
use std::time::Duration;

use actions_core::action::{Cancel, Context};
use actions_core::process::Command;
use actions_core::runner::console;
use actions_core::{Env, Error, Result};
use registry::CONTAINERS_AUTH;
use registry::variables::DOCKER_CONFIG;
use serde_json::{Value, json};

use super::buildx::why;
use super::options::{arguments, build_args, given, labels};
use super::{Build, Containers, Goal, Kind, engine, failure, none};
use crate::output::with_names;
use crate::variables::REGISTRY_AUTH_FILE;

/// How long an engine may take to say what it is.
const ANSWER: Duration = Duration::from_secs(60);

/// What an engine is told for what every one can do.
#[derive(Debug)]
struct Table {
    kind: Kind,
    program: &'static str,
    /// Says whether it answers.
    probe: &'static [&'static str],
    build: &'static [&'static str],
    /// Where the Dockerfile is: its folder and its name, or its path alone.
    file: &'static [&'static str],
    context: &'static [&'static str],
    tag: &'static [&'static str],
    /// The file that takes what the engine tells.
    metadata: Option<&'static str>,
    /// Pushes a name; an engine without pushes while it builds.
    push: &'static [&'static str],
    /// For a registry that speaks plain HTTP.
    insecure: &'static [&'static str],
    remove: &'static [&'static str],
}

const TABLES: [Table; 3] = [
    Table {
        kind: Kind::Buildah,
        program: "buildah",
        probe: &["version"],
        // Each instruction is a layer, and is found again in the next build, as with the others.
        build: &["build", "--layers"],
        file: &["--file", "{file}"],
        context: &["{context}"],
        tag: &["--tag", "{name}"],
        metadata: None,
        push: &["push"],
        insecure: &["--tls-verify=false"],
        remove: &["rmi", "--force"],
    },
    Table {
        kind: Kind::Nerdctl,
        program: "nerdctl",
        probe: &["info"],
        build: &["build", "--progress", "plain"],
        file: &["--file", "{file}"],
        context: &["{context}"],
        tag: &["--tag", "{name}"],
        metadata: None,
        // It would push one platform of several, and paint its progress into the log.
        push: &["push", "--quiet", "--all-platforms"],
        insecure: &["--insecure-registry"],
        remove: &["rmi", "--force"],
    },
    Table {
        kind: Kind::Buildctl,
        program: "buildctl",
        probe: &["debug", "workers"],
        build: &["build", "--frontend", "dockerfile.v0", "--progress", "plain"],
        file: &["--local", "dockerfile={folder}", "--opt", "filename=Dockerfile"],
        context: &["--local", "context={context}"],
        tag: &[],
        metadata: Some("--metadata-file"),
        push: &[],
        insecure: &[],
        remove: &[],
    },
];

/// The engine.
#[derive(Debug)]
pub(crate) struct Cli {
    table: &'static Table,
    env: Env,
}

impl Cli {
    /// Asks the engine whether it answers.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn find(kind: Kind, ctx: &Context) -> Result<Self> {
        let table = TABLES.iter().find(|table| table.kind == kind);
        let table = table.ok_or_else(|| Error::failure(format!("{} has no table", kind.name())))?;
        let engine = Self { table, env: ctx.env.clone() };
        let probed = engine.command(table.probe).deadline(ANSWER).output(&ctx.cancel).await;
        probed.map_err(|error| {
            none(
                table.program,
                &format!("Install {} and start what it needs, or leave oci-backend out.", table.program),
                error,
            )
        })?;
        Ok(engine)
    }

    /// BuildKit pushes while it builds.
    pub(crate) fn by_digest(&self) -> bool {
        self.table.push.is_empty()
    }

    /// Builds, pushes, and returns what the engine tells of the result.
    ///
    /// # Errors
    /// The build or the push fails, or the job is cancelled.
    pub(crate) async fn build(&self, build: Build<'_>, cancel: &Cancel) -> Result<Value> {
        let group = console::group("Build the image");
        self.run(&build, self.arguments(&build)?, "", cancel).await?;
        drop(group);
        if let (Goal::Push(repositories, Some(_)), false) = (build.goal, self.by_digest()) {
            let _group = console::group("Push the image without models");
            for (name, repository) in build.names().iter().zip(repositories) {
                let plain = repository.endpoint().starts_with("http://");
                let mut words: Vec<OsString> = self.table.push.iter().map(Into::into).collect();
                words.extend(self.table.insecure.iter().filter(|_| plain).map(OsString::from));
                words.push(name.into());
                self.run(&build, words, &format!("failed to push {name}: "), cancel).await?;
            }
        }
        // BuildKit does not report on results other than images.
        if build.workspace.metadata().is_file() { build.workspace.told() } else { Ok(json!({})) }
    }

    async fn run(&self, build: &Build<'_>, words: Vec<OsString>, what: &str, cancel: &Cancel) -> Result<()> {
        let mut command = build.with_tokens(self.command(words), &self.env);
        if let Some(folder) = &build.workspace.docker_config {
            // containers/image, which buildah pushes with, has a name of its own for such a file.
            command = command.env(REGISTRY_AUTH_FILE, folder.join(CONTAINERS_AUTH));
        }
        let ended = command.stream(cancel).await?;
        if ended.status.success() { Ok(()) } else { Err(failure(build.plan, &format!("{what}{}", why(&ended)))) }
    }

    /// nerdctl runs containers as docker does; buildah and BuildKit only build.
    pub(super) fn containers(&self, with: impl FnOnce(&Env) -> Env) -> Result<Containers> {
        match self.table.kind {
            Kind::Nerdctl => Ok(Containers::Program("nerdctl", with(&self.env))),
            kind => Err(Error::failure(format!("{} runs no containers", kind.name()))),
        }
    }

    /// Removes a name from the engine's store.
    pub(crate) async fn forget(&self, name: &str, cancel: &Cancel) {
        if !self.table.remove.is_empty() {
            // There is none where the build failed.
            let _ = self.command(self.table.remove).arg(name).output(cancel).await;
        }
    }

    fn command<A: AsRef<std::ffi::OsStr>>(&self, words: impl IntoIterator<Item = A>) -> Command {
        let command = engine(self.table.program, &self.env).args(words);
        // buildah takes a folder without the file for a mistake.
        let folder = self.env.path(DOCKER_CONFIG).filter(|folder| !folder.join("config.json").is_file());
        if folder.is_some() { command.env_remove(DOCKER_CONFIG) } else { command }
    }

    fn arguments(&self, build: &Build<'_>) -> Result<Vec<OsString>> {
        let Table { kind, build: verb, file, context, tag, metadata, .. } = self.table;
        let folder = build.context()?;
        let mut words: Vec<OsString> = verb.iter().map(Into::into).collect();
        let mut option = |input: &str, values: &[String]| words.extend(arguments(input, values, *kind));
        for (input, values) in given(&build.plan.inputs) {
            if !matches!(input, "labels" | "build-contexts" | "secrets" | "secret-envs" | "secret-files") {
                option(input, &self.said(input, values));
            }
        }
        let own = build.plan.inputs.build_contexts.iter().cloned();
        let contexts: Vec<_> = own.chain(build.workspace.contexts()).collect();
        let is_folder = |context: &&String| *kind != Kind::Buildctl || !context.contains("://");
        option("build-contexts", &contexts.iter().filter(is_folder).cloned().collect::<Vec<_>>());
        option("labels", &self.said("labels", build.labels()));
        option("secrets", &build.workspace.secrets);
        option("outputs", &self.outputs(build));
        if *kind == Kind::Buildctl {
            // BuildKit knows folders and what they stand for apart.
            for (context, (name, value)) in
                contexts.iter().filter_map(|context| Some((context, context.split_once('=')?)))
            {
                let value = if is_folder(&context) { format!("local:{name}") } else { value.to_owned() };
                words.extend(["--opt".into(), format!("context:{name}={value}").into()]);
            }
        }
        let dockerfile = build.workspace.dockerfile();
        let parent = dockerfile.parent().unwrap_or(&dockerfile);
        let mut fill = |pattern: &[&str], name: &str| {
            words.extend(pattern.iter().map(|word| {
                let word = word.replace("{file}", &dockerfile.display().to_string());
                let word = word.replace("{folder}", &parent.display().to_string());
                OsString::from(word.replace("{context}", &folder.display().to_string()).replace("{name}", name))
            }));
        };
        fill(file, "");
        build.names().iter().for_each(|name| fill(tag, name));
        if let Some(option) = metadata {
            fill(&[option, &build.workspace.metadata().display().to_string()], "");
        }
        fill(context, "");
        Ok(words)
    }

    /// What BuildKit wants said otherwise than docker's command line does.
    fn said(&self, input: &str, values: Vec<String>) -> Vec<String> {
        let pairs =
            |pairs: Vec<(String, String)>| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        match (self.table.kind, input) {
            (Kind::Buildctl, "build-args") => pairs(build_args(&values, &self.env)),
            (Kind::Buildctl | Kind::Nerdctl, "labels") => pairs(labels(&values)),
            (Kind::Buildctl, "add-hosts") => values.iter().map(|host| host.replacen(':', "=", 1)).collect(),
            _ => values,
        }
    }

    /// Outputs of their own are BuildKit's; the others keep what they build.
    fn outputs(&self, build: &Build<'_>) -> Vec<String> {
        match build.goal {
            Goal::Push(_, None) => build.push_output(super::BY_DIGEST).into_iter().collect(),
            Goal::Push(..) => Vec::new(),
            // Its other options name no image.
            Goal::Local(outputs) if self.table.kind == Kind::Buildctl => {
                outputs.iter().map(|output| with_names(output, &build.names())).collect()
            }
            // nerdctl and buildah load what has no other output.
            Goal::Local(outputs) => outputs.iter().filter(|output| *output != "type=docker").cloned().collect(),
        }
    }
}
