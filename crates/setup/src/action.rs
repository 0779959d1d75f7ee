//! The setup action in the frame of all actions.

use bento_core::Result;
use bento_core::action::{Action, ActionSpec, Context, Report, output};

use crate::environment::carry_out;
use crate::{Inputs, Plan, Request};

/// BentoML in a job.
#[derive(Debug, Clone, Copy)]
pub struct Setup;

impl Action for Setup {
    const SPEC: ActionSpec = ActionSpec {
        name: "setup",
        title: "Set up BentoML",
        description: "Find Python, install BentoML and put it on PATH.",
        branding: ("purple", "package"),
        post: false,
        outputs: &[
            output("python-version", "The version of the Python that has BentoML."),
            output("python-path", "The path of that Python."),
            output("bentoml-version", "The version of BentoML."),
        ],
    };
    type Inputs = Inputs;
    type Plan = Plan;

    fn dry_run(inputs: &Inputs) -> bool {
        inputs.dry_run
    }

    async fn plan(inputs: Inputs, ctx: &Context) -> Result<Plan> {
        let (request, remarks) = Request::of(&inputs, ctx)?;
        Plan::of(request, remarks, ctx).await
    }

    async fn execute(plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
        let made = carry_out(plan, ctx).await?;
        made.export(&ctx.env, &ctx.files)?;
        let how = if made.created { "installed" } else { "was there already" };
        let summary = format!("BentoML {} on Python {} ({how})", made.bentoml_version, made.python_version);
        tracing::info!("{summary}: {}", made.bin.display());
        report.summary.paragraph(&summary);
        report.output("python-version", made.python_version);
        report.output("python-path", made.python.to_string_lossy());
        report.output("bentoml-version", made.bentoml_version);
        Ok(())
    }
}
