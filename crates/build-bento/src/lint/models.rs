//! Models of the build configuration that are nowhere.

use actions_core::action::Context;
use actions_core::runner::Annotation;
use actions_core::{Error, Result};
use bento_format::Kind;
use bentocloud::Client;

use super::error;
use crate::locate::Located;
use crate::warnings::warning;
use crate::{Request, models};

/// An error for each model that neither the local store nor the cloud has; a warning where there is no access to a cloud.
///
/// # Errors
/// The store cannot be read, or the job is cancelled.
pub(super) async fn of(request: &Request, located: &Located, ctx: &Context) -> Result<Vec<Annotation>> {
    let (store, wanted) = (crate::build::store(ctx)?, &located.project.models);
    let missing = models::missing(wanted, &store)?;
    let client = request.cloud.as_ref();
    let client = client.map(|cloud| Client::connect(cloud.endpoint.as_deref(), &cloud.token, ctx)).transpose()?;
    let mut found = Vec::new();
    for model in wanted.iter().filter(|model| missing.contains(&model.value)) {
        let (tag, at) = (&model.value.tag, Some(model.at.clone()));
        let Some(client) = &client else {
            let message = format!(
                "The model {tag} is not in the local store {}, and without an API token (cloud-api-token) nobody can tell \
                 whether the cloud has it.",
                store.home().display()
            );
            found.push(warning("Model that is not here", message, at));
            continue;
        };
        match client.find(Kind::Model, tag).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                let nowhere =
                    Error::input(format!("the model {tag} is neither in the local store nor at {}", client.endpoint()))
                        .hint("Check the tag, and that it was pushed to the organization of the API token.");
                found.push(error(&nowhere.at(model.at.clone())));
            }
            Err(failed) if ctx.cancel.is_cancelled() => return Err(failed),
            Err(failed) => {
                let message = format!("The model {tag} was not looked for in the cloud: {}", failed.full_text());
                found.push(warning("Model that was not looked for", message, at));
            }
        }
    }
    Ok(found)
}
