//! The action: inputs → plan → deploy → report.

use actions_core::Result;
use actions_core::action::{Action, ActionSpec, Context, Report, output};

use crate::{Inputs, Plan, Request, deploy};

/// Deploys a Bento.
#[derive(Debug)]
pub struct DeployBento;

impl Action for DeployBento {
    const SPEC: ActionSpec = ActionSpec {
        name: "deploy-bento",
        title: "Deploy Bento",
        description: "Build and push a Bento, create or update its Deployment on BentoCloud, and wait until it is ready",
        branding: ("purple", "upload-cloud"),
        post: false,
        two_spellings: true,
        outputs: &[
            output("bento-tag", "Tag of the Bento, name:version"),
            output("bento-repository", "Name of the Bento"),
            output("bento-version", "Version of the Bento"),
            output("deployment-name", "Name of the Deployment"),
            output("deployment-url", "Where the Deployment answers"),
            output("deployment-status", "Status of the Deployment, such as `running`"),
            output("console-url", "The Deployment's page in the console"),
        ],
    };
    type Inputs = Inputs;
    type Plan = Plan;

    fn dry_run(inputs: &Inputs) -> bool {
        inputs.dry_run
    }

    async fn plan(inputs: Inputs, ctx: &Context) -> Result<Plan> {
        Plan::of(Request::new(&inputs, ctx)?, ctx).await
    }

    async fn execute(plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
        deploy::execute(plan, ctx, report).await
    }
}
