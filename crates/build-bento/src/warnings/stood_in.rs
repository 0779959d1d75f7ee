//! Modules that a service imports, that are not installed, and whose package nothing names.

use actions_core::runner::Annotation;

use super::warning;
use crate::driver::StoodIn;
use crate::locate::Located;

/// A warning at the import, where no requirement of the project is known to bring the module.
pub(super) fn of(module: &StoodIn, located: &Located) -> Option<Annotation> {
    if module.known {
        return None;
    }
    let name = &module.module;
    let message = format!(
        "{name} is not installed here, and no requirement of the project is known to bring it: the Bento may lack it when it \
         runs. Name its package in the requirements; a module of the project must lie below the build context."
    );
    let at = module.file.as_ref().map(|file| located.place(file, module.line));
    Some(warning("Module that nothing brings", message, at))
}
