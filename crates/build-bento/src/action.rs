//! The action: inputs → plan → build → report.

use std::fmt;

use actions_core::action::{Action, ActionSpec, Context, Report, output};
use actions_core::{Error, Result};
use bento_format::ModelWanted;
use python_env::{Interpreter, find_with_bentoml};

use crate::build::{Built, build, store};
use crate::identity::{self, Existing};
use crate::locate::{self, Located};
use crate::{Inputs, Request, Source, lint, models, report};

/// Builds a Bento.
#[derive(Debug)]
pub struct BuildBento;

/// What will be built, and with what.
#[derive(Debug)]
pub struct Plan {
    request: Request,
    /// `None` for a git context: it is not here yet.
    project: Option<Located>,
    task: Task,
    missing: Vec<ModelWanted>,
}

/// What is to be done.
#[derive(Debug)]
enum Task {
    /// The project is only looked through.
    Look,
    /// The Bento is there already.
    Keep(Existing),
    /// It is built with this Python.
    Build(Box<Interpreter>),
}

impl Action for BuildBento {
    const SPEC: ActionSpec = ActionSpec {
        name: "build-bento",
        title: "Build Bento",
        description: "Build a Bento from a BentoML project",
        branding: ("purple", "package"),
        post: false,
        two_spellings: false,
        outputs: &[
            output("bento-tag", "Tag of the Bento, name:version"),
            output("bento-name", "Name of the Bento"),
            output("bento-version", "Version of the Bento"),
            output("bento-path", "Folder of the Bento in the local store"),
            output("metadata", "What `bentoml get TAG -o json` prints"),
            output("bento-metadata", "The same as metadata"),
            output(
                "digest",
                "Digest of all that goes into the Bento, where skip-if-exists or version-from asks for one",
            ),
            output("cache-hit", "Was the Bento there already, so that nothing was built: true or false"),
        ],
    };
    type Inputs = Inputs;
    type Plan = Plan;

    fn dry_run(inputs: &Inputs) -> bool {
        inputs.dry_run
    }

    async fn plan(inputs: Inputs, ctx: &Context) -> Result<Plan> {
        let mut request = Request::new(&inputs)?;
        if inputs.lint_only {
            return Ok(Plan { request, project: None, task: Task::Look, missing: Vec::new() });
        }
        let project = match &request.source {
            Source::Local(context) => {
                Some(locate::local(context, request.bentofile.as_deref(), ctx.workspace(), &ctx.env)?)
            }
            Source::Git(_) => None,
        };
        if let Some(project) = &project {
            request = identity::complete(request, project, None, None, ctx).await?;
        }
        let existing = match &project {
            Some(project) => identity::existing(&request, project, ctx).await?,
            None => None,
        };
        if let Some(existing) = existing {
            return Ok(Plan { request, project, task: Task::Keep(existing), missing: Vec::new() });
        }
        let missing = match &project {
            Some(project) => models::missing(&project.project.models, &store(ctx)?)?,
            None => Vec::new(),
        };
        let python = find_with_bentoml(ctx).await?.ok_or_else(no_bentoml)?;
        if let Some(project) = project.as_ref().filter(|_| inputs.dry_run) {
            let bentoml = python.distribution("bentoml").map(|found| found.version);
            lint::before_build(project, ctx.workspace(), bentoml.as_ref())?;
        }
        Ok(Plan { request, project, task: Task::Build(Box::new(python)), missing })
    }

    async fn execute(plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
        let built = match &plan.task {
            Task::Look => return lint::run(&plan.request, ctx, report).await,
            Task::Keep(existing) => Built::kept(existing, &plan.request, ctx).await?,
            Task::Build(python) => build(&plan.request, &python.executable, ctx).await?,
        };
        let (how, path) = (if built.is_kept { "found" } else { "built" }, built.path.display());
        tracing::info!("{how} {} in {:.1} s: {path}", built.tag, built.duration.as_secs_f64());
        report::fill(report, &built)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, project, task, missing } = self;
        match project {
            Some(project) => writeln!(f, "Context: {}", project.context.display())?,
            None => writeln!(f, "Context: {}", request.source)?,
        }
        match project.as_ref().and_then(Located::bentofile) {
            Some(file) => writeln!(f, "Build configuration: {}", file.display())?,
            None if project.is_some() => writeln!(f, "Build configuration: none, the service says it all")?,
            None => writeln!(f, "Build configuration: the one that is found there")?,
        }
        let service = project.as_ref().and_then(|project| project.service.as_deref());
        let lines = [
            ("Service", service),
            ("Name", request.name.as_deref()),
            ("Version", request.version.as_deref()),
            ("Digest", request.digest.as_deref()),
        ];
        for (name, value) in lines {
            value.iter().try_for_each(|value| writeln!(f, "{name}: {value}"))?;
        }
        for (name, pairs) in [("Label", &request.labels), ("Argument", &request.args)] {
            pairs.iter().try_for_each(|(key, value)| writeln!(f, "{name}: {key}={value}"))?;
        }
        for model in missing {
            let does =
                if request.cloud.is_some() { "will be pulled" } else { "is missing here, and there is no API token" };
            writeln!(f, "Model: {} {does}", model.tag)?;
        }
        match task {
            Task::Look => write!(f, "Lint: the project is looked through, nothing is built"),
            Task::Keep(existing) => write!(f, "Bento: {} is there already, nothing is built", existing.tag()),
            Task::Build(python) => {
                let bentoml = python.distribution("bentoml").map(|found| format!(", BentoML {}", found.version));
                write!(f, "Python: {} ({}{})", python.version, python.executable.display(), bentoml.unwrap_or_default())
            }
        }
    }
}

/// Whoever needs BentoML and finds none says so.
pub(crate) fn no_bentoml() -> Error {
    Error::input("no Python with BentoML on PATH")
        .hint("Use the setup action first, in the same job (`uses: …/setup`).")
}
