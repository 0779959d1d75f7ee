//! Who to be at which registry, as the inputs say.

use actions_core::action::Cancel;
use actions_core::{Cause, Error, Result};
use registry::{Image, Login, Logins, Registry, Repository};

use crate::inputs::Inputs;
use crate::plan::Plan;

/// Reads `registry`, `username` and `password`, then `registries`, then the job's token; the first image's registry stands
/// in for one that is not named.
///
/// # Errors
/// A user name without password, or the other way round; no registry to use them at; `registries` is no such list.
pub(crate) fn logins(inputs: &Inputs, images: &[Image]) -> Result<Logins> {
    let several = inputs.registries.as_ref().map_or_else(|| Ok(Logins::default()), Logins::of_yaml)?;
    Ok(one(inputs, images)?.or(several).with_job_token(inputs.github_token.clone()))
}

/// Asks each registry that is pushed to whether it lets us in, without a change there. One that cannot be reached is a
/// warning.
///
/// # Errors
/// A registry refuses the credentials, or the job is cancelled.
pub(crate) async fn check(plan: &Plan, cancel: &Cancel) -> Result<()> {
    let mut seen: Vec<&Repository> = Vec::new();
    for image in plan.destination.push.iter().flat_map(|push| &push.images) {
        if seen.contains(&&image.repository) {
            continue;
        }
        seen.push(&image.repository);
        let registry = Registry::new(&image.repository, plan.credentials(&image.repository.registry), &[], cancel)?;
        match registry.manifest(&image.tag).await {
            Err(error) if matches!(error.cause(), Cause::Access | Cause::Cancelled) => return Err(error),
            Err(error) if error.cause() == Cause::Unreachable => {
                tracing::warn!("whether {} lets us in is not known: {}", image.repository.registry, error.full_text());
            }
            // There may be none yet.
            _ => {}
        }
    }
    Ok(())
}

fn one(inputs: &Inputs, images: &[Image]) -> Result<Logins> {
    let Some(password) = &inputs.password else {
        return match inputs.username {
            None => Ok(Logins::default()),
            Some(_) => Err(Error::input("password is missing: username and password belong together")),
        };
    };
    let first = || images.first().map(|image| image.repository.registry.clone());
    let registry = inputs.registry.clone().filter(|registry| !registry.is_empty()).or_else(first);
    let registry = registry.ok_or_else(|| {
        Error::input("username and password are for no registry").hint("Set registry, such as ghcr.io.")
    })?;
    Ok([Login::new(&registry, inputs.username.clone(), password.clone())?].into_iter().collect())
}
