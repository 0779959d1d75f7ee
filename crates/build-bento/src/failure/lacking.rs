//! A module that was stood in for, and that the Bento cannot be built without.

use std::path::Path;

use actions_core::{Cause, Error, Location};

use crate::driver::Needed;
use crate::locate::Located;

/// The error where nothing is known that could be installed.
pub(crate) fn lacking(needed: &Needed, project: &Located, workspace: &Path) -> Error {
    let error = Error::new(
        Cause::Build,
        format!("the Bento cannot be built without the module {}: {}", needed.module, needed.what),
    )
    .hint(hint(needed));
    let Some(file) = &needed.file else { return error };
    // Python resolves links.
    let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let inside = [project.context.as_path(), workspace]
        .into_iter()
        .find_map(|folder| Some(folder.join(file.strip_prefix(real(folder)).ok()?)));
    error.at(Location { file: inside.unwrap_or_else(|| file.clone()), line: needed.line, column: None })
}

/// What to do about it.
pub(super) fn hint(needed: &Needed) -> String {
    format!(
        "The module {} is not installed, and no package that the project requires is known to have it: name its package in \
         the project's requirements under the module's own name, or install it in a step before.",
        needed.module
    )
}
