//! A model as a layer of an image: the same bytes on every machine, read in place.

use actions_core::Result;
use actions_core::action::Cancel;
use archive::FixedPlan;
use huggingface::Entry;
use registry::LayerSource;

use crate::dockerfile::Place;
use crate::model::Present;

/// Lays out a model where BentoML looks for it.
///
/// # Errors
/// The model cannot be read or has too many files, or the job is cancelled.
pub(crate) fn of_model(model: &Present, place: &Place, cancel: &Cancel) -> Result<LayerSource> {
    let folder = place.folder.trim_start_matches('/');
    let mut fixed = FixedPlan::new(place.uid, place.gid).cancelled_by(cancel);
    for entry in &model.entries {
        match entry {
            Entry::Folder(path) => fixed.folder(&format!("{folder}/{path}"))?,
            Entry::File(path, from) => fixed.tree(&format!("{folder}/{path}"), from)?,
            Entry::Text(path, text) => fixed.file(&format!("{folder}/{path}"), text.as_bytes())?,
            Entry::Link(path, to) => fixed.link(&format!("{folder}/{path}"), to)?,
        }
    }
    Ok(LayerSource::new(model.title.clone(), fixed.finish()))
}
