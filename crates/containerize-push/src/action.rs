//! The action: inputs → plan → build and push → report.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actions_core::action::{Action, ActionSpec, Context, Report, output};
use actions_core::runner::console;
use actions_core::{Cause, Context as _, Error, Result};

use crate::engine::{Build, Engine, Goal};
use crate::import::unpacked;
use crate::model::Present;
use crate::push::push;
use crate::recipe::{Recipe, Way};
use crate::report::Outcome;
use crate::verify::verify;
use crate::workspace::Workspace;
use crate::{Inputs, Plan, leftovers, login, room};

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
        two_spellings: false,
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
        let unpacked = unpacked(&inputs.bento_tag, inputs.dry_run, ctx).await?;
        let mut plan = Plan::new(inputs, unpacked, ctx)?;
        if dockerfile_only(&plan).is_none() {
            plan.engine = Some(Engine::find(&plan, ctx).await?);
            let registries = plan.registries();
            let registries: Vec<_> = registries.iter().map(String::as_str).collect();
            plan.logins = plan.logins.resolve(&registries, &ctx.env, &ctx.cancel).await?;
            if plan.inputs.dry_run {
                login::check(&plan, &ctx.cancel).await?;
            }
        }
        Ok(plan)
    }

    async fn execute(mut plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
        let start = Instant::now();
        show(&plan);
        if let Some(file) = dockerfile_only(&plan) {
            let file = not_through_a_link(ctx.workspace(), &file)?;
            std::fs::write(&file, plan.dockerfile.text()).context(|| format!("failed to write {}", file.display()))?;
            tracing::info!("wrote {}", file.display());
            return Ok(());
        }
        let engine = plan.engine.take().ok_or_else(|| Error::failure("no engine was asked"))?;
        if let Some(call) = plan.inputs.call.as_deref().filter(|call| !matches!(*call, "" | "build")) {
            return ask(&plan, &engine, call, ctx).await;
        }
        room::check(&plan, &engine, ctx).await?;
        let mut outcome = None;
        if let (Some(to), Some(recipe)) = (&plan.destination.push, &plan.pushed) {
            let models = models(&plan, recipe, ctx).await?;
            let workspace = Workspace::new(&plan, recipe, &models, ctx)?;
            let goal = Goal::Local(&[]);
            let build = Build { plan: &plan, recipe, models: &models, goal, workspace: &workspace, ctx };
            let (pushed, kept) = push(build, to, &engine).await?;
            let image = pushed.image().filter(|_| plan.inputs.verify).map(str::to_owned);
            let (pushed, fine) = match (kept, image) {
                (Ok(()), Some(image)) => match verify(&image, &plan, &engine, &workspace, ctx).await {
                    Ok(took) => (pushed.with_readiness(Some(took)), Ok(())),
                    Err(error) => (pushed, Err(error)),
                },
                (kept, _) => (pushed, kept),
            };
            if fine.is_err() {
                // What was pushed is reported, whether it stays and serves or not.
                pushed.fill(&plan, start.elapsed(), report);
                return fine;
            }
            outcome = Some(pushed);
        }
        // Neither does a build that fails take away what was pushed.
        let (local, fine) = match local(&plan, &engine, ctx).await {
            Ok(local) => (local, Ok(())),
            Err(error) => (None, Err(error)),
        };
        if let Some(outcome) = outcome.or(local) {
            outcome.fill(&plan, start.elapsed(), report);
        }
        fine
    }

    /// Removes what a killed run left.
    async fn post(ctx: &Context) -> Result<()> {
        // First, and whatever the engine does: there are secrets in them.
        let folders = leftovers::folders(ctx);
        let ended = tokio::time::timeout(POST, leftovers::containers(ctx)).await;
        folders.and(
            ended.unwrap_or_else(|_| Err(Error::new(Cause::Timeout, "the engine did not remove a container in time"))),
        )
    }
}

/// How long the post step may take.
const POST: Duration = Duration::from_secs(18);

/// Builds what stays on this machine, where anything does.
async fn local(plan: &Plan, engine: &Engine, ctx: &Context) -> Result<Option<Outcome>> {
    let (Some(outputs), Some(recipe)) = (&plan.destination.local, &plan.local) else { return Ok(None) };
    if outputs.is_empty() && engine.by_digest() {
        tracing::warn!("the image stays in the build cache: set push, load or outputs to get it out");
    }
    let models = models(plan, recipe, ctx).await?;
    let workspace = Workspace::new(plan, recipe, &models, ctx)?;
    let goal = Goal::Local(outputs);
    let build = Build { plan, recipe, models: &models, goal, workspace: &workspace, ctx };
    let metadata = engine.build(build, &ctx.cancel).await?;
    Ok(Some(Outcome::local(plan.local_names(), metadata)))
}

/// Asks BuildKit about the Dockerfile; nothing is built.
async fn ask(plan: &Plan, engine: &Engine, call: &str, ctx: &Context) -> Result<()> {
    let Some(recipe) = plan.pushed.as_ref().or(plan.local.as_ref()) else { return Ok(()) };
    let models = models(plan, recipe, ctx).await?;
    let workspace = Workspace::new(plan, recipe, &models, ctx)?;
    let build = Build { plan, recipe, models: &models, goal: Goal::Local(&[]), workspace: &workspace, ctx };
    engine.call(build, call, &ctx.cancel).await
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

/// A path of the workspace. A link in a repository that was checked out must not choose the file that is written.
fn not_through_a_link(workspace: &Path, path: &Path) -> Result<PathBuf> {
    let mut file = workspace.to_owned();
    for part in path.components() {
        file.push(part);
        if !path.is_absolute() && file.is_symlink() {
            return Err(Error::input(format!("input dockerfile-only: {} is a link", file.display()))
                .hint("Name a file that is not reached by a link of the repository."));
        }
    }
    Ok(file)
}

fn dockerfile_only(plan: &Plan) -> Option<PathBuf> {
    match plan.inputs.dockerfile_only.as_deref() {
        None | Some("" | "false") => None,
        Some("true") => Some("Dockerfile".into()),
        Some(file) => Some(file.into()),
    }
}
