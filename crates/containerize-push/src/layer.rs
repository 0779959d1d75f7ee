//! A model as a layer of an image: the same bytes on every machine, read in place from the store.

use bento_core::Result;
use bento_core::bento::archive::{FixedPlan, Plan};
use registry::LayerSource;

use crate::bento::Model;
use crate::dockerfile::Place;

/// Lays out a model where BentoML looks for it.
///
/// # Errors
/// The model cannot be read.
pub(crate) fn of_model(model: &Model, place: &Place) -> Result<LayerSource> {
    Ok(LayerSource::new(format!("model {}", model.tag), plan(model, place)?))
}

/// The folders above are named too: the image without models lacks them.
fn plan(model: &Model, place: &Place) -> Result<Plan> {
    let folder = place.folder.trim_start_matches('/');
    let (name, version) = (model.tag.name(), model.tag.version().unwrap_or_default());
    let mut fixed = FixedPlan::new(place.uid, place.gid);
    fixed.folder(&format!("{folder}/models"))?;
    fixed.folder(&format!("{folder}/models/{name}"))?;
    fixed.file(&format!("{folder}/models/{name}/latest"), version.as_bytes())?;
    fixed.tree(&format!("{folder}/models/{name}/{version}"), &model.folder)?;
    Ok(fixed.finish())
}
