//! Who to be at which registry, as the inputs say.

use bento_core::{Error, Result};
use registry::{Image, Login, Logins};

use crate::inputs::Inputs;

/// Reads `registry`, `username` and `password`, then `registries`, then the job's token; the first image's registry stands
/// in for one that is not named.
///
/// # Errors
/// A user name without password, or the other way round; no registry to use them at; `registries` is no such list.
pub(crate) fn logins(inputs: &Inputs, images: &[Image]) -> Result<Logins> {
    let several = inputs.registries.as_ref().map_or_else(|| Ok(Logins::default()), Logins::of_yaml)?;
    Ok(one(inputs, images)?.or(several).with_job_token(inputs.github_token.clone()))
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
