//! The action: inputs → plan → build and push → report.

use std::path::PathBuf;
use std::time::Instant;

use bento_core::action::{Action, ActionSpec, Context, Report, output};
use bento_core::env::RUNNER_TEMP;
use bento_core::runner::console;
use bento_core::{Context as _, Result};

use crate::engine::{Build, Engine, Goal};
use crate::model::Present;
use crate::push::push;
use crate::recipe::{Recipe, Way};
use crate::report::Outcome;
use crate::workspace::{STATE, Workspace};
use crate::{Inputs, Plan};

/// Makes an image of a Bento and pushes it.
#[derive(Debug)]
pub struct ContainerizePush;

impl Action for ContainerizePush {
    const SPEC: ActionSpec = ActionSpec {
        name: "containerize-push",
        title: "Containerize and push",
        description: "Make an image of a Bento and push it to any registry; models that the registry has are never sent again",
        branding: ("purple", "box"),
        post: true,
        outputs: &[
            output("imageid", "Image ID"),
            output("digest", "Digest of the image"),
            output("metadata", "What the engine told of the build, with the final image's digest"),
            output("tags", "The image's names, a JSON list"),
            output("image", "The pushed image, name@digest"),
            output("size", "Size of the pushed image in the registry, bytes"),
            output("layers-reused", "How many of the models' layers the registry had"),
        ],
    };
    type Inputs = Inputs;
    type Plan = Plan;

    fn dry_run(inputs: &Inputs) -> bool {
        inputs.dry_run
    }

    async fn plan(inputs: Inputs, ctx: &Context) -> Result<Plan> {
        Plan::new(inputs, ctx)
    }

    async fn execute(mut plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
        let start = Instant::now();
        show(&plan);
        if let Some(file) = dockerfile_only(&plan) {
            let file = ctx.workspace().join(file);
            std::fs::write(&file, plan.dockerfile.text()).context(|| format!("failed to write {}", file.display()))?;
            tracing::info!("wrote {}", file.display());
            return Ok(());
        }
        let engine = Engine::find(&plan, ctx).await?;
        let registries = plan.registries();
        let registries: Vec<_> = registries.iter().map(String::as_str).collect();
        plan.logins = plan.logins.resolve(&registries, &ctx.env, &ctx.cancel).await?;
        let mut outcome = None;
        if let (Some(to), Some(recipe)) = (&plan.destination.push, &plan.pushed) {
            let models = models(&plan, recipe, ctx).await?;
            let workspace = Workspace::new(&plan, recipe, &models, ctx)?;
            let goal = Goal::Local(&[]);
            let build = Build { plan: &plan, recipe, models: &models, goal, workspace: &workspace, ctx };
            outcome = Some(push(build, to, &engine).await?);
        }
        if let (Some(outputs), Some(recipe)) = (&plan.destination.local, &plan.local) {
            if outputs.is_empty() && engine.by_digest() {
                tracing::warn!("the image stays in the build cache: set push, load or outputs to get it out");
            }
            let models = models(&plan, recipe, ctx).await?;
            let workspace = Workspace::new(&plan, recipe, &models, ctx)?;
            let goal = Goal::Local(outputs);
            let build = Build { plan: &plan, recipe, models: &models, goal, workspace: &workspace, ctx };
            let metadata = engine.build(build, &ctx.cancel).await?;
            outcome.get_or_insert_with(|| Outcome::local(plan.local_names(), metadata));
        }
        if let Some(outcome) = outcome {
            outcome.fill(&plan, start.elapsed(), report);
        }
        Ok(())
    }

    /// Removes what a killed run left.
    async fn post(ctx: &Context) -> Result<()> {
        let Some(folder) = ctx.env.path(&format!("STATE_{STATE}")) else { return Ok(()) };
        let ours = folder
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("containerize-push-"));
        let below = ctx.env.path(RUNNER_TEMP).is_some_and(|temp| folder.starts_with(temp));
        if ours && below && folder.exists() {
            std::fs::remove_dir_all(&folder).context(|| format!("failed to remove {}", folder.display()))?;
        }
        Ok(())
    }
}

/// The models that come with the build: they must be here before it starts. Those that are grafted come meanwhile.
async fn models(plan: &Plan, recipe: &Recipe, ctx: &Context) -> Result<Vec<Present>> {
    let mut present = Vec::new();
    if matches!(recipe.way, Way::Contexts | Way::Inside) {
        for model in &plan.bento.models {
            present.push(model.present(&ctx.env, &ctx.cancel).await?);
        }
    }
    Ok(present)
}

/// The Dockerfile as used.
fn show(plan: &Plan) {
    let _group = console::group("Dockerfile");
    console::line(plan.dockerfile.text());
}

fn dockerfile_only(plan: &Plan) -> Option<PathBuf> {
    match plan.inputs.dockerfile_only.as_deref() {
        None | Some("" | "false") => None,
        Some("true") => Some("Dockerfile".into()),
        Some(file) => Some(file.into()),
    }
}
