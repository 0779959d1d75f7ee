//! Looks a project through before anything is built: what BentoML would refuse, all of it, and what a person should look at.

mod deployment;
mod files;
mod keys;
mod models;
mod only;
mod patterns;
mod traps;

use std::path::Path;

use actions_core::runner::{Annotation, Level};
use actions_core::{Error, Result};
use python_env::Version;

use crate::locate::Located;
use crate::packing::{Listing, Rules};
use crate::warnings;

pub(crate) use only::run;

/// Shows what is to be said of a project that is about to be built with this BentoML.
///
/// # Errors
/// BentoML would refuse the project: the first reason; the others are shown.
pub(crate) fn before_build(located: &Located, root: &Path, bentoml: Option<&Version>) -> Result<()> {
    judge(of_project(located, bentoml), root)
}

/// The error of a build configuration that cannot be read, after the other values in it that are wrong as well.
pub(crate) fn with_others(read: Error, file: Option<&Path>, root: &Path) -> Error {
    let others = file.and_then(keys::document).map(|config| keys::misshapen(&config)).unwrap_or_default();
    warnings::show(others.into_iter().filter(|other| other.at.as_ref() != read.location()).collect(), root);
    read
}

/// What a project's files say of themselves.
fn of_project(located: &Located, bentoml: Option<&Version>) -> Vec<Annotation> {
    let mut found = warnings::of_project(located);
    let config = located.project.config.as_ref();
    if let Some(config) = config {
        found.extend(keys::misshapen(config));
        found.extend(keys::unknown(config, bentoml));
        found.extend(traps::of(config));
    }
    match Listing::of(&located.context).and_then(|listing| Ok((Rules::of(config, &listing)?, listing))) {
        Ok((rules, listing)) => {
            found.extend(config.into_iter().flat_map(|config| patterns::of(config, &listing)));
            let taken: Vec<_> = listing.files.iter().filter(|file| rules.take(&file.name)).collect();
            found.extend(files::of(&taken, &located.context));
        }
        Err(unreadable) => found.push(error(&unreadable)),
    }
    found
}

/// Shows what was found. The first error is what ends the action, and is shown then.
fn judge(found: Vec<Annotation>, root: &Path) -> Result<()> {
    let (errors, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.level == Level::Error);
    warnings::show(others, root);
    let mut errors = errors.into_iter();
    let Some(first) = errors.next() else { return Ok(()) };
    warnings::show(errors.collect(), root);
    let error = Error::input(first.message);
    Err(match first.at {
        Some(at) => error.at(at),
        None => error,
    })
}

/// An error as one of several annotations.
fn error(error: &Error) -> Annotation {
    Annotation::new(Level::Error, error.full_text()).title("Build Bento").at(error.location().cloned())
}
