//! The setup action in the frame of all actions.

use actions_core::Result;
use actions_core::action::{Action, ActionSpec, Context, Report, output};

use crate::environment::carry_out;
use crate::later::Later;
use crate::warnings::{self, Requires};
use crate::{Inputs, Plan, Request, cache, later};

/// BentoML in a job.
#[derive(Debug, Clone, Copy)]
pub struct Setup;

impl Action for Setup {
    const SPEC: ActionSpec = ActionSpec {
        name: "setup",
        title: "Set up BentoML",
        description: "Find Python, install BentoML and put it on PATH.",
        branding: ("purple", "package"),
        post: true,
        two_spellings: false,
        outputs: &[
            output("python-version", "The version of the Python that has BentoML."),
            output("python-path", "The path of that Python."),
            output("bentoml-version", "The version of BentoML."),
            output("venv", "The folder of the virtual environment; empty where BentoML stands in a Python itself."),
            output("cache-hit", "`true` where the environment came from the cache as it is."),
            output(
                "cache-key",
                "The key of the environment in the cache; empty where the cache is not used, or does not answer.",
            ),
            output("uv-version", "The version of uv; empty where it was not needed."),
        ],
    };
    type Inputs = Inputs;
    type Plan = Plan;

    fn dry_run(inputs: &Inputs) -> bool {
        inputs.dry_run
    }

    async fn plan(inputs: Inputs, ctx: &Context) -> Result<Plan> {
        warnings::emit(warnings::unquoted(&inputs.python_version), ctx);
        let (request, mut remarks) = Request::of(&inputs, ctx)?;
        let (later, account) = Later::of(&inputs, ctx).await?;
        remarks.extend(account);
        let mut plan = Plan::of(request, remarks, ctx).await?;
        plan.later = later;
        let requires = Requires::read(&ctx.workspace().join(&inputs.context));
        match plan.python_version() {
            Some(version) => warnings::emit(requires.and_then(|requires| requires.refuse(version)), ctx),
            None => plan.requires = requires,
        }
        Ok(plan)
    }

    async fn execute(plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
        let variables = plan.later.variables();
        let requires = plan.requires.clone();
        let made = carry_out(plan, ctx).await?;
        if let (Some(requires), Ok(version)) = (requires, made.python_version.parse()) {
            warnings::emit(requires.refuse(&version), ctx);
        }
        made.export(&ctx.env, &ctx.files)?;
        for (name, value) in variables {
            ctx.files.export(name, &value)?;
        }
        later::add_matcher(ctx)?;
        if let Some(snapshot) = &made.cached.snapshot {
            ctx.files.save_state(cache::SNAPSHOT, snapshot)?;
            ctx.files.save_state(cache::KEY, made.cached.key.as_deref().unwrap_or_default())?;
        }
        let how = match (made.cached.hit, made.created) {
            (true, _) => "from the cache",
            (false, true) => "installed",
            (false, false) => "was there already",
        };
        let summary = format!("BentoML {} on Python {} ({how})", made.bentoml_version, made.python_version);
        tracing::info!("{summary}: {}", made.bin.display());
        report.summary.paragraph(&summary);
        report.output("python-version", made.python_version);
        report.output("python-path", made.python.to_string_lossy());
        report.output("bentoml-version", made.bentoml_version);
        report.output("venv", made.virtual_env.unwrap_or_default().to_string_lossy());
        report.output("cache-hit", made.cached.hit.to_string());
        report.output("cache-key", made.cached.key.unwrap_or_default());
        report.output("uv-version", made.uv_version.unwrap_or_default());
        Ok(())
    }

    async fn post(ctx: &Context) -> Result<()> {
        cache::save(ctx).await
    }
}
