//! A module that was stood in for, and that the Bento cannot be built without.

use actions_core::{Cause, Error};

use crate::driver::Needed;
use crate::locate::Located;

/// The error where nothing is known that could be installed.
pub(crate) fn lacking(needed: &Needed, project: &Located) -> Error {
    let error = Error::new(
        Cause::Build,
        format!("the Bento cannot be built without the module {}: {}", needed.module, needed.what),
    )
    .hint(hint(needed));
    match &needed.file {
        Some(file) => error.at(project.place(file, needed.line)),
        None => error,
    }
}

/// What to do about it.
pub(super) fn hint(needed: &Needed) -> String {
    format!(
        "The module {} is not installed, and no package that the project requires is known to have it: name its package in \
         the project's requirements under the module's own name, or install it in a step before.",
        needed.module
    )
}
