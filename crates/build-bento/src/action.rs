//! The action: inputs → plan → build → report.

use std::fmt;

use actions_core::action::{Action, ActionSpec, Context, Report, output};
use actions_core::{Error, Result};
use bento_format::ModelWanted;
use python_env::{Interpreter, find_with_bentoml};

use crate::build::{build, store};
use crate::locate::{self, Located};
use crate::{Inputs, Request, Source, models, report, warnings};

/// Builds a Bento.
#[derive(Debug)]
pub struct BuildBento;

/// What will be built, and with what.
#[derive(Debug)]
pub struct Plan {
    request: Request,
    /// `None` for a git context: it is not here yet.
    project: Option<Located>,
    python: Interpreter,
    missing: Vec<ModelWanted>,
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
        ],
    };
    type Inputs = Inputs;
    type Plan = Plan;

    fn dry_run(inputs: &Inputs) -> bool {
        inputs.dry_run
    }

    async fn plan(inputs: Inputs, ctx: &Context) -> Result<Plan> {
        let request = Request::new(&inputs)?;
        let project = match &request.source {
            Source::Local(context) => {
                Some(locate::local(context, request.bentofile.as_deref(), ctx.workspace(), &ctx.env)?)
            }
            Source::Git(_) => None,
        };
        if let Some(project) = project.as_ref().filter(|_| inputs.dry_run) {
            warnings::show(warnings::of_project(project), ctx.workspace());
        }
        let missing = match &project {
            Some(project) => models::missing(&project.project.models, &store(ctx)?)?,
            None => Vec::new(),
        };
        let python = find_with_bentoml(ctx).await?.ok_or_else(|| {
            Error::input("no Python with BentoML on PATH")
                .hint("Use the setup action first, in the same job (`uses: …/setup`).")
        })?;
        Ok(Plan { request, project, python, missing })
    }

    async fn execute(plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
        let built = build(&plan.request, &plan.python.executable, ctx).await?;
        tracing::info!("built {} in {:.1} s: {}", built.tag, built.duration.as_secs_f64(), built.path.display());
        report::fill(report, &built)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, project, python, missing } = self;
        match project {
            Some(project) => writeln!(f, "Context: {}", project.context.display())?,
            None => writeln!(f, "Context: {}", request.source)?,
        }
        match project.as_ref().and_then(Located::bentofile) {
            Some(file) => writeln!(f, "Build configuration: {}", file.display())?,
            None if project.is_some() => writeln!(f, "Build configuration: none, the service says it all")?,
            None => writeln!(f, "Build configuration: the one in the repository")?,
        }
        let service = project.as_ref().and_then(|project| project.service.as_deref());
        let lines = [("Service", service), ("Name", request.name.as_deref()), ("Version", request.version.as_deref())];
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
        let bentoml = python.distribution("bentoml").map(|found| format!(", BentoML {}", found.version));
        write!(f, "Python: {} ({}{})", python.version, python.executable.display(), bentoml.unwrap_or_default())
    }
}
