//! What a person should look at although the Bento can be built: each a warning at its file and line.

mod configuration;
mod credentials;
mod pointers;
mod stood_in;
mod used_models;

use std::path::Path;

use actions_core::runner::{Annotation, Level};
use actions_core::{Location, Result};
use bento_format::project::Document;
use bento_format::{BentoInfo, Project, Store};

use crate::driver::StoodIn;
use crate::locate::Located;

pub(crate) use used_models::ModelUse;

/// Shows warnings, with files counted from this folder: the workspace, or the root of a clone.
pub(crate) fn show(warnings: Vec<Annotation>, root: &Path) {
    for warning in warnings {
        warning.emit(Some(root));
    }
}

/// What the project's files say before anything is run.
pub(crate) fn of_project(located: &Located) -> Vec<Annotation> {
    [configuration::of(located), credentials::of(&located.project)].concat()
}

/// Models that the project's code uses and nothing declares.
pub(crate) fn of_uses(uses: &[ModelUse], located: &Located) -> Vec<Annotation> {
    used_models::of(uses, located)
}

/// Modules that were stood in for, and that the Bento may lack when it runs.
pub(crate) fn of_stood_in(modules: &[StoodIn], located: &Located) -> Vec<Annotation> {
    modules.iter().filter_map(|module| stood_in::of(module, located)).collect()
}

/// Git LFS pointers in a finished Bento's folder and in its models.
///
/// # Errors
/// Its bento.yaml cannot be read.
pub(crate) fn of_bento(folder: &Path, located: &Located, store: &Store) -> Result<Vec<Annotation>> {
    let models = pointers::in_models(&BentoInfo::read(folder)?, &located.project, store);
    Ok(pointers::packed(folder, &located.context).into_iter().chain(models).collect())
}

/// Git LFS pointers in a project that could not be built: what reads them may be the reason.
pub(crate) fn of_failed(located: &Located) -> Vec<Annotation> {
    pointers::in_project(&located.context).into_iter().collect()
}

/// A warning, with its place.
pub(crate) fn warning(title: &str, message: String, at: Option<Location>) -> Annotation {
    Annotation::new(Level::Warning, message).title(title).at(at)
}

/// The name of the build configuration, for a sentence.
fn name_of(project: &Project) -> String {
    project.config.as_ref().map(name_in).unwrap_or_default()
}

/// The same of a build configuration itself.
pub(crate) fn name_in(config: &Document) -> String {
    config.file().file_name().unwrap_or_default().to_string_lossy().into_owned()
}
