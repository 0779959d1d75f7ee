//! What will be done, decided by looking only.

use std::fmt;

use actions_core::action::Context;
use actions_core::{Cause, Error, Result};
use bentocloud::Account;
use bentocloud::deployment::Deployment;

use crate::bento::{self, Existing};
use crate::request::{Build, Wanted};
use crate::{Request, Verb, configuration};

/// What will be done.
#[derive(Debug)]
pub struct Plan {
    pub(crate) request: Request,
    pub(crate) account: Account,
    pub(crate) bento: Chosen,
    pub(crate) step: Step,
}

/// Which Bento, as far as it is known before anything happens.
#[derive(Debug)]
pub(crate) enum Chosen {
    Build(Box<Build>),
    Existing(Existing),
    Current,
    Nothing,
}

/// What happens to the Deployment.
#[derive(Debug)]
pub(crate) enum Step {
    Nothing,
    Create,
    /// The configuration is merged over the present one.
    Merge(Deployment),
    /// The configuration replaces the present one.
    Replace(Deployment),
    Terminate(Deployment),
    Delete(Deployment),
}

impl Plan {
    /// Looks up the account, the Deployment and the Bento.
    pub(crate) async fn of(request: Request, ctx: &Context) -> Result<Self> {
        let account = request.client.account().await?;
        let step = step(&request).await?;
        let bento = match &request.bento {
            Wanted::Built(build) => Chosen::Build(build.clone()),
            Wanted::Tag(tag) => Chosen::Existing(bento::find(tag, bento::store(ctx).as_ref(), &request.client).await?),
            Wanted::Current => Chosen::Current,
            Wanted::Nothing => Chosen::Nothing,
        };
        let existing = if let Chosen::Existing(existing) = &bento { Some(existing) } else { None };
        step.check(&request, existing).await?;
        if let (Chosen::Current, Step::Merge(present), Some(file)) = (&bento, &step, &request.file) {
            let running = present.bento().unwrap_or_default();
            file.warn_of_unknown_services(&running, &present.services());
        }
        Ok(Self { request, account, bento, step })
    }
}

impl Step {
    /// Makes the configuration that will be sent, to find what is wrong with it before anything is. Of a Bento that is
    /// yet to be built only the file was looked at so far.
    pub(crate) async fn check(&self, request: &Request, bento: Option<&Existing>) -> Result<()> {
        if let (Some(file), Some(bento)) = (&request.file, bento) {
            let (tag, facts) = bento.parts();
            file.warn_of_unknown_services(&tag.to_string(), &facts.services);
        }
        match (self, bento) {
            (Self::Create | Self::Replace(_), Some(bento)) => {
                let (tag, facts) = bento.parts();
                configuration::whole(request, tag, facts).await.map(drop)
            }
            (Self::Merge(present), _) => configuration::merged(request, present, None).map(drop),
            _ => Ok(()),
        }
    }
}

async fn step(request: &Request) -> Result<Step> {
    let client = &request.client;
    if request.verb == Verb::Skip {
        return Ok(Step::Nothing);
    }
    let Some(name) = &request.name else {
        client.probe_deployments().await?;
        return Ok(Step::Create);
    };
    let present = client.deployment(name, request.cluster.as_deref()).await?;
    let missing = || {
        Error::not_found(format!("there is no Deployment {name} at {}", client.endpoint()))
            .hint("Check deployment-name; `action: apply` creates it where it is missing.")
    };
    Ok(match (request.verb, present) {
        (Verb::Skip, _) => Step::Nothing,
        (Verb::Create, Some(_)) => {
            return Err(Error::new(Cause::Exists, format!("the Deployment {name} exists already"))
                .hint("Set `action: update` to change it, or `action: apply` for either."));
        }
        (Verb::Create | Verb::Apply, None) => Step::Create,
        (Verb::Apply, Some(present)) if request.file.is_some() => Step::Replace(present),
        (Verb::Apply | Verb::Update, Some(present)) => Step::Merge(present),
        (Verb::Terminate, Some(present)) => Step::Terminate(present),
        (Verb::Delete, Some(present)) => Step::Delete(present),
        (Verb::Update | Verb::Terminate | Verb::Delete, None) => return Err(missing()),
    })
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { client, name, file, wait, .. } = &self.request;
        writeln!(f, "Cloud: {} as {} ({})", client.endpoint(), self.account.user, self.account.organization)?;
        match &self.bento {
            Chosen::Build(build) => writeln!(f, "Bento: built from {}, then pushed", build.project.source)?,
            Chosen::Existing(Existing::Local(tag, _)) => {
                writeln!(f, "Bento: {tag} of the local store, pushed where missing")?
            }
            Chosen::Existing(Existing::Remote(tag, _)) => writeln!(f, "Bento: {tag} of the cloud")?,
            Chosen::Current => writeln!(f, "Bento: the one that runs")?,
            Chosen::Nothing => {}
        }
        if let Some(file) = file {
            writeln!(f, "Configuration: {}", file.path.display())?;
        }
        let name = name.as_deref().unwrap_or("a name of the cloud's choice");
        match &self.step {
            Step::Nothing => write!(f, "Deployment: left alone")?,
            Step::Create => write!(f, "Deployment: {name} is created")?,
            Step::Merge(_) => write!(f, "Deployment: {name} is updated")?,
            Step::Replace(_) => write!(f, "Deployment: {name} is replaced by the configuration")?,
            Step::Terminate(_) => write!(f, "Deployment: {name} is terminated")?,
            Step::Delete(_) => write!(f, "Deployment: {name} is deleted")?,
        }
        match wait {
            Some(timeout) if !matches!(self.step, Step::Nothing | Step::Delete(_)) => {
                write!(f, "; waiting for at most {} s", timeout.as_secs())
            }
            _ => Ok(()),
        }
    }
}
