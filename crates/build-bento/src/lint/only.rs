//! A run that only looks: nothing is built, and no Python is started.

use actions_core::Result;
use actions_core::action::{Context, Report};
use actions_core::runner::Level;

use super::{deployment, judge, models, of_project};
use crate::Request;
use crate::build::{in_repository, project};
use crate::identity::Installed;

/// Looks a project through, with its models and the deployment configuration beside it.
///
/// # Errors
/// Something in the project is wrong: the first of it; the others are shown.
pub(crate) async fn run(request: &Request, ctx: &Context, report: &mut Report) -> Result<()> {
    let (located, clone) = project(request, ctx).await?;
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
    judged.map_err(|error| clone.iter().fold(error, in_repository))
}
