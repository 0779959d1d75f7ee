//! Models that the build configuration names and the local store lacks.

use actions_core::Result;
use actions_core::action::Context;
use actions_core::runner::console;
use bento_format::{Kind, ModelWanted, Placed, Store};
use bentocloud::{Client, Pulled};

use crate::Cloud;

/// Which of the models are not in the store.
pub(crate) fn missing(wanted: &[Placed<ModelWanted>], store: &Store) -> Result<Vec<ModelWanted>> {
    let mut missing = Vec::new();
    for Placed { value: model, .. } in wanted {
        if store.find(Kind::Model, &model.tag)?.is_none() {
            missing.push(model.clone());
        }
    }
    Ok(missing)
}

/// Pulls models into the store. Without access to a cloud nothing is pulled, and BentoML says what it lacks.
///
/// # Errors
/// When the cloud does not have one of them, cannot be reached, or refuses the token.
pub(crate) async fn pull(models: &[ModelWanted], cloud: Option<&Cloud>, store: &Store, ctx: &Context) -> Result<()> {
    let (Some(cloud), false) = (cloud, models.is_empty()) else {
        for model in models {
            tracing::debug!("the model {} is not in the local store, and there is no API token", model.tag);
        }
        return Ok(());
    };
    let client = Client::connect(cloud.endpoint.as_deref(), &cloud.token, ctx)?;
    let _group = console::group(&format!("Pull models from {}", client.endpoint()));
    for model in models {
        if let Pulled::Reference(tag) = client.pull_model(store, model).await? {
            tracing::info!("the model {tag} stays on the Hugging Face hub");
        }
    }
    Ok(())
}
