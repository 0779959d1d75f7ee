//! What to do about a module that is not there. No name is suggested to a package index but one that the project lists:
//! whoever holds the name of a module there may be anybody.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Build;
use super::requirements::all;

/// Folders below the workspace that are looked through.
const DEPTH: usize = 4;
/// A large workspace is looked through up to here.
const FOLDERS: usize = 5000;

/// What is known of a module that is missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    /// The requirement that brings it: a line of the project's, else the name of a distribution that is known to.
    pub(crate) requirement: Option<String>,
    /// Does the project list it?
    pub(crate) listed: bool,
    /// The module of the project with the nearest name.
    pub(crate) near: Option<String>,
}

/// The hint for this module.
pub(super) fn hint(module: &str, about: &About, build: &Build<'_>) -> String {
    let top = module.split('.').next().unwrap_or(module);
    let importing = "import what is only needed at run time inside `with bentoml.importing():`";
    if let Some(folder) = in_workspace(top, build) {
        let shown = folder.strip_prefix(build.workspace).unwrap_or(&folder);
        let shown = if shown.as_os_str().is_empty() { ".".to_owned() } else { shown.display().to_string() };
        return format!(
            "The module {top} is in the workspace, in the folder {shown}, where Python does not look: set PYTHONPATH to \
             that folder under `env`, use a context that holds both, or install the project there. A Bento holds only \
             what is below its context: what the service needs when it runs has to be there, or be a package."
        );
    }
    if let Some(near) = &about.near {
        return format!("The project has no module {top}. Did you mean {near}?");
    }
    match &about.requirement {
        Some(requirement) if about.listed => {
            let listed = all(build.project()).into_iter().find(|one| one.line.starts_with(requirement.as_str()));
            let place = listed.map(|one| {
                let line = one.at.line.map(|line| format!(":{line}")).unwrap_or_default();
                format!(" ({}{line})", build.inside(&one.at.file))
            });
            format!(
                "The project lists {requirement}{}, but this Python does not have it: set `dependencies: install`, or \
                 `auto`; or {importing}.",
                place.unwrap_or_default()
            )
        }
        Some(distribution) => format!(
            "The package {distribution} has the module {top}: name it in the project's requirements, as the Bento needs it \
             when it runs, and set `dependencies: install`, or `auto`; or {importing}."
        ),
        None => format!(
            "Name the package that has the module {top} in the project's requirements (its name may differ from the \
             module's) and set `dependencies: install`; or {importing}."
        ),
    }
}

/// The folder of the workspace that Python would have to look in for this module: the nearest to the root.
fn in_workspace(module: &str, build: &Build<'_>) -> Option<PathBuf> {
    let mut level = vec![build.workspace.to_owned(), build.located.context.clone()];
    let mut seen: usize = 0;
    for _ in 0..=DEPTH {
        if let Some(found) = level.iter().find(|folder| holds(folder, module)) {
            return Some(found.clone());
        }
        seen = seen.saturating_add(level.len());
        if seen > FOLDERS {
            return None;
        }
        level = level.iter().flat_map(|folder| folders(folder)).collect();
    }
    None
}

fn holds(folder: &Path, module: &str) -> bool {
    let package = folder.join(module);
    if folder.join(format!("{module}.py")).is_file() || package.join("__init__.py").is_file() {
        return true;
    }
    // A package may do without `__init__.py`, but not without modules.
    let modules = fs::read_dir(package).into_iter().flatten().flatten();
    modules.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|extension| extension == "py"))
}

/// The folders of a folder that may hold the user's own modules.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_foreign = matches!(&*name, "node_modules" | "site-packages" | "__pycache__");
            !name.starts_with('.') && !is_foreign && !path.join("pyvenv.cfg").exists()
        })
        .collect();
    folders.sort();
    folders
}
