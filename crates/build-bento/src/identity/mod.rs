//! What a Bento is known by before it is built, and whether it is there already.

mod contents;
mod digest;
mod existing;
mod installed;
mod models;
mod name;
mod version;

use std::path::Path;

use actions_core::action::Context;
use actions_core::{Context as _, Error, Result};
use python_env::{Interpreter, find_with_bentoml};

use crate::Request;
use crate::action::no_bentoml;
use crate::build::store;
use crate::locate::Located;
use digest::Taken;
use existing::Wanted;
use name::Name;

pub(crate) use existing::Existing;
pub(crate) use installed::Installed;
pub use version::{SkipIfExists, VersionFrom};

/// The label of a Bento that carries its digest.
pub(crate) const LABEL: &str = "bento-actions-digest";

/// Completes a request: with the version that follows from the contents or from git; and, where somebody acts on them, with
/// the digest of the contents and the label by which the Bento is found again. A request that is complete stays as it is.
///
/// # Errors
/// What the version or the digest is made of cannot be read, or makes none.
pub(crate) async fn complete(
    mut request: Request,
    located: &Located,
    clone: Option<&Path>,
    python: Option<&Path>,
    ctx: &Context,
) -> Result<Request> {
    let (from, skip) = (request.version_from, request.skip_if_exists);
    if request.digest.is_none() && (skip != SkipIfExists::None || from == VersionFrom::Digest) {
        request.digest = Some(of_project(&request, located, python, ctx).await?);
    }
    if request.version.is_none() {
        request.version = match from {
            VersionFrom::Random | VersionFrom::Input => None,
            VersionFrom::Digest => request.digest.as_deref().map(|digest| digest::short(digest).to_owned()),
            VersionFrom::Git => Some(match clone {
                Some(root) => version::of_clone(root)?,
                None => version::of_checkout(&located.context, ctx).await?,
            }),
        };
        request.check().context(|| format!("input version-from: {from}"))?;
    }
    if let Some(digest) = &request.digest {
        request.labels.insert(LABEL.to_owned(), digest.clone());
    }
    Ok(request)
}

/// The Bento that the request describes, if it is where the request says to look.
///
/// # Errors
/// A place cannot be looked into, or has a Bento of this version that was built of something else.
pub(crate) async fn existing(request: &Request, located: &Located, ctx: &Context) -> Result<Option<Existing>> {
    let Some(digest) = request.digest.as_ref().filter(|_| request.skip_if_exists != SkipIfExists::None) else {
        return Ok(None);
    };
    let (name, store) = (Name::of(request, located), store(ctx)?);
    let wanted = Wanted { name: &name, version: request.version.as_deref(), digest };
    let local = existing::in_store(&wanted, &store)?;
    match (local, request.skip_if_exists, &request.cloud) {
        (Some(found), _, _) => Ok(Some(found)),
        (None, SkipIfExists::Cloud, Some(cloud)) => existing::in_cloud(&wanted, cloud, ctx).await,
        (None, SkipIfExists::Cloud, None) => Err(Error::input("input skip-if-exists: cloud needs an API token")
            .hint("Set cloud-api-token, or the environment variable BENTO_CLOUD_API_KEY.")),
        (None, _, _) => Ok(None),
    }
}

async fn of_project(request: &Request, located: &Located, python: Option<&Path>, ctx: &Context) -> Result<String> {
    let installed = installed_in(python, ctx).await?.ok_or_else(no_bentoml)?;
    let (taken, cloud) = (Taken::of(located, &ctx.env)?, request.cloud.as_ref());
    let models = models::resolved(located, &taken, cloud, &store(ctx)?, ctx).await?;
    let (request, located, cancel) = (request.clone(), located.clone(), ctx.cancel.clone());
    // It reads for as long as the files are large: a thread of its own, so that the job can be cancelled meanwhile.
    let hashing =
        tokio::task::spawn_blocking(move || digest::of(&request, &located, &taken, &installed, &models, &cancel));
    hashing.await.context(|| "what hashes the project stopped".into())?
}

/// What would build. A Python is started only where files do not say what it is.
async fn installed_in(python: Option<&Path>, ctx: &Context) -> Result<Option<Installed>> {
    let by_files = match python {
        Some(python) => Installed::of(python, &ctx.env),
        None => Installed::on_path(&ctx.env),
    };
    if by_files.is_some() {
        return Ok(by_files);
    }
    let asked = match python {
        Some(python) => Some(Interpreter::query(python, ctx).await?),
        None => find_with_bentoml(ctx).await?,
    };
    Ok(asked.as_ref().and_then(Installed::asked))
}
