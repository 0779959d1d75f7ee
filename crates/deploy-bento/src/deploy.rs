//! The effects: set up, build, push, deploy, wait.

use std::time::{Duration, Instant};

use actions_core::action::{Context, Report};
use actions_core::{Error, Result};
use bento_format::Tag;
use bentocloud::deployment::Deployment;
use bentocloud::{Client, Pushed};

use crate::bento::{self, Existing, Facts};
use crate::plan::{Chosen, Plan, Step};
use crate::report::Told;
use crate::request::Build;
use crate::wait::{Until, wait};
use crate::{Request, configuration, source};

/// Does what the plan says. The report is filled as things happen, so that it is right when a later step fails.
pub(crate) async fn execute(plan: Plan, ctx: &Context, report: &mut Report) -> Result<()> {
    let mut told = Told::new(plan.request.client.endpoint());
    let done = run(plan, ctx, &mut told).await;
    told.fill(report);
    done
}

async fn run(plan: Plan, ctx: &Context, told: &mut Told) -> Result<()> {
    let Plan { request, bento, step, .. } = plan;
    let bento = bring(bento, &step, &request, ctx, told).await?;
    let started = Instant::now();
    let client = &request.client;
    let (deployment, until) = match step {
        Step::Nothing => return Ok(()),
        Step::Create => {
            let (tag, facts) = bento.ok_or_else(|| Error::failure("no Bento to create a Deployment of"))?;
            let config = configuration::whole(&request, &tag, &facts).await?;
            (
                client
                    .create_deployment(request.name.as_deref(), request.cluster.as_deref(), dev(&request), &config)
                    .await?,
                Until::Ready(None),
            )
        }
        Step::Replace(present) => {
            let (tag, facts) = bento.ok_or_else(|| Error::failure("no Bento for the Deployment"))?;
            let config = configuration::whole(&request, &tag, &facts).await?;
            let answer = client.update_deployment(&present.name, cluster(&present), &config).await?;
            (answer, Until::Ready(Some(Box::new(present))))
        }
        Step::Merge(planned) => {
            let present = reread(client, planned).await?;
            let config = configuration::merged(&request, &present, bento.as_ref().map(|(tag, _)| tag))?;
            let answer = client.update_deployment(&present.name, cluster(&present), &config).await?;
            (answer, Until::Ready(Some(Box::new(present))))
        }
        Step::Terminate(present) => {
            (client.terminate_deployment(&present.name, cluster(&present)).await?, Until::Terminated)
        }
        Step::Delete(present) => {
            client.delete_deployment(&present.name, cluster(&present)).await?;
            match client.deployment(&present.name, cluster(&present)).await? {
                None => {
                    tracing::info!("deleted the Deployment {}", present.name);
                    told.deployment(&present);
                    told.deleted();
                }
                Some(remains) => {
                    tracing::info!("the Deployment {} is being deleted; it is still {}", remains.name, remains.status);
                    told.deployment(&remains);
                }
            }
            return Ok(());
        }
    };
    tracing::info!("Deployment {}: {}", deployment.name, deployment.console_url(client.endpoint()));
    told.deployment(&deployment);
    if let Some(timeout) = request.wait {
        let waited = wait(client, &deployment, &until, timeout, |seen| told.deployment(seen)).await;
        told.took("Deployment", started.elapsed());
        waited?;
    }
    Ok(())
}

/// The Deployment as it is now: while the Bento was built and pushed somebody may have changed what must not be undone.
async fn reread(client: &Client, planned: Deployment) -> Result<Deployment> {
    let gone = || {
        Error::not_found(format!("the Deployment {} was deleted meanwhile", planned.name))
            .hint("`action: apply` creates it anew.")
    };
    let present = client.deployment(&planned.name, cluster(&planned)).await?.ok_or_else(gone)?;
    if present.revision() != planned.revision() {
        tracing::info!("the Deployment {} was changed meanwhile; the update keeps that change", present.name);
    }
    Ok(present)
}

/// Gets the Bento into the cloud: built and pushed, pushed, or there already.
async fn bring(
    chosen: Chosen,
    step: &Step,
    request: &Request,
    ctx: &Context,
    told: &mut Told,
) -> Result<Option<(Tag, Facts)>> {
    let mut ctx = ctx.clone();
    let existing = match chosen {
        Chosen::Nothing | Chosen::Current => return Ok(None),
        Chosen::Existing(existing) => existing,
        Chosen::Build(build) => {
            let Build { environment, project, named } = *build;
            let (environment, took) = timed(setup::ensure(&environment, &ctx)).await?;
            told.took("Setup", took);
            // Later steps have it too, as after the setup action.
            environment.export(&ctx.env, &ctx.files)?;
            environment.activate(&mut ctx.env)?;
            let built = build_bento::build(&project, &environment.python, &ctx).await?;
            told.took("Build", built.duration);
            source::check_name(request.file.as_ref(), named.as_ref(), &built.tag, &project.source.to_string())?;
            let built = Existing::Local(built.tag, Facts::of(&built.info));
            step.check(request, Some(&built)).await?;
            built
        }
    };
    let (tag, facts) = existing.parts();
    told.bento(tag);
    if let Existing::Local(..) = existing {
        push(tag, request, &ctx, told).await?;
    }
    Ok(Some((tag.clone(), facts.clone())))
}

async fn push(tag: &Tag, request: &Request, ctx: &Context, told: &mut Told) -> Result<()> {
    let store = bento::store(ctx).ok_or_else(|| Error::failure(format!("the store of the Bento {tag} is gone")))?;
    let (pushed, took) = timed(request.client.push_bento(&store, tag, false, &ctx.env)).await?;
    if matches!(pushed, Pushed::Sent { .. }) {
        told.took("Push", took);
    }
    Ok(())
}

async fn timed<T>(work: impl Future<Output = Result<T>>) -> Result<(T, Duration)> {
    let started = Instant::now();
    Ok((work.await?, started.elapsed()))
}

/// Does the file ask for a Codespace?
fn dev(request: &Request) -> bool {
    request.file.as_ref().is_some_and(|file| file.written.dev)
}

fn cluster(deployment: &Deployment) -> Option<&str> {
    Some(deployment.cluster()).filter(|cluster| !cluster.is_empty())
}
