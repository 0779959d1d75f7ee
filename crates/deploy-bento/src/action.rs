//! The action: inputs → plan → deploy → report.

use bento_core::Result;
use bento_core::action::{Action, ActionSpec, Context, Report, output};

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
        outputs: &[
            output("bento_tag", "Tag of the Bento, name:version"),
            output("bento_repository", "Name of the Bento"),
            output("bento_version", "Version of the Bento"),
            output("deployment_name", "Name of the Deployment"),
            output("deployment_url", "Where the Deployment answers"),
            output("deployment_status", "Status of the Deployment, such as `running`"),
            output("console_url", "The Deployment's page in the console"),
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
