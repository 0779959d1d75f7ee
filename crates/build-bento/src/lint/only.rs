//! A run that only looks: nothing is built, and no Python is started.

use actions_core::action::{Context, Report};
use actions_core::runner::Level;
use actions_core::{Error, Result};

use super::{deployment, judge, models, of_project};
use crate::identity::Installed;
use crate::{Request, Source, git, locate};

/// Looks a project through, with its models and the deployment configuration beside it.
///
/// # Errors
/// Something in the project is wrong: the first of it; the others are shown.
pub(crate) async fn run(request: &Request, ctx: &Context, report: &mut Report) -> Result<()> {
    let (located, clone) = match &request.source {
        Source::Local(context) => {
            (locate::local(context, request.bentofile.as_deref(), ctx.workspace(), &ctx.env)?, None)
        }
        Source::Git(repository) => {
            let clone = git::fetch(repository, ctx).await?;
            let (context, bentofile) = (clone.context.clone(), request.bentofile.as_deref());
            (locate::located(context, None, bentofile, ctx.workspace(), &ctx.env)?, Some(clone))
        }
    };
    let installed = Installed::on_path(&ctx.env);
    let mut found = of_project(&located, installed.as_ref().map(|installed| &installed.bentoml));
    found.extend(models::of(request, &located, ctx).await?);
    found.extend(deployment::of(&located.context));
    let count = |level| found.iter().filter(|one| one.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    report
        .summary
        .heading("Project looked through")
        .table(&[("Errors", errors.to_string()), ("Warnings", warnings.to_string())]);
    let root = clone.as_ref().map_or_else(|| ctx.workspace(), |clone| &clone.root);
    let judged = judge(found, root);
    tracing::info!("looked through {}: errors {errors}, warnings {warnings}", located.context.display());
    judged.map_err(|error: Error| clone.iter().fold(error, crate::build::in_repository))
}
