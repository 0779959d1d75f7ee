//! Finds the project on disk: the build context, the build configuration, the service.

use std::path::{Component, Path, PathBuf};

use actions_core::{Env, Error, Location, Result};
use bento_format::Project;
use bento_format::project::BUILD_FILES;

use crate::lint;

/// A project on disk.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    /// The build context.
    pub(crate) context: PathBuf,
    /// The folder that the build runs in, as relative paths in the environment (PYTHONPATH) expect it.
    pub(crate) folder: PathBuf,
    /// The folder whose files are the project's own: that of the workspace, or of the clone.
    pub(crate) root: PathBuf,
    /// The build configuration that the user named.
    pub(crate) named: Option<PathBuf>,
    /// The build configuration in the context.
    pub(crate) found: Option<PathBuf>,
    /// The service, for a context such as `module:Service`.
    pub(crate) service: Option<String>,
    /// What the build configuration says.
    pub(crate) project: Project,
}

impl Located {
    /// The build configuration, named or found.
    pub(crate) fn bentofile(&self) -> Option<&Path> {
        self.named.as_deref().or(self.found.as_deref())
    }

    /// A line of a file that Python named, with the path that the user knows: Python resolves links.
    pub(crate) fn place(&self, file: &Path, line: Option<u32>) -> Location {
        let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let inside = [&self.context, &self.folder]
            .into_iter()
            .find_map(|folder| Some(folder.join(file.strip_prefix(real(folder)).ok()?)));
        Location { file: inside.unwrap_or_else(|| file.to_owned()), line, column: None }
    }
}

/// Finds a local context: a folder, or a service in the workspace.
pub(crate) fn local(context: &str, bentofile: Option<&str>, workspace: &Path, env: &Env) -> Result<Located> {
    let path = clean(workspace, context);
    if path.is_dir() {
        return located(path, None, bentofile, workspace, env);
    }
    if !names_service(context, workspace) {
        return Err(Error::input(format!("input context: there is no folder {}", path.display())).hint(
            "Write a folder (relative to the working directory), a git URL, or a service such as service:MyService; a \
             repository must be checked out first (actions/checkout).",
        ));
    }
    let located = located(workspace.to_owned(), Some(context.to_owned()), bentofile, workspace, env)?;
    if let Some(file) = located.bentofile() {
        // So does BentoML's own command.
        tracing::warn!("{} says what to build; the service {context} of the input context is not used", file.display());
    }
    Ok(located)
}

/// Takes a folder as the build context.
pub(crate) fn located(
    context: PathBuf,
    service: Option<String>,
    bentofile: Option<&str>,
    workspace: &Path,
    env: &Env,
) -> Result<Located> {
    let named = bentofile.map(|file| find_bentofile(file, &context, workspace)).transpose()?;
    let project = Project::read(&context, named.as_deref(), env).map_err(|error| {
        let found = BUILD_FILES.iter().map(|name| context.join(name)).find(|file| file.exists());
        let root = if context.starts_with(workspace) { workspace } else { &context };
        lint::with_others(error, named.as_deref().or(found.as_deref()), root)
    })?;
    let found = if named.is_none() { project.file().map(Path::to_owned) } else { None };
    // BentoML refuses files of a context outside its working directory.
    let folder = if context.starts_with(workspace) { workspace.to_owned() } else { context.clone() };
    let root = folder.clone();
    Ok(Located { context, folder, root, named, found, service, project })
}

/// The original's documentation says relative to the context, its code did relative to the working directory.
fn find_bentofile(file: &str, context: &Path, workspace: &Path) -> Result<PathBuf> {
    let mut tried = vec![clean(context, file), clean(workspace, file)];
    tried.dedup();
    if let Some(found) = tried.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    let tried: Vec<_> = tried.iter().map(|path| path.display().to_string()).collect();
    Err(Error::input(format!("input bentofile: {file} does not exist; tried {}", tried.join(" and ")))
        .hint("Write its path relative to the context."))
}

/// `module:Service`, `service.py`, `package.module`: what BentoML's command takes in place of a folder.
fn names_service(context: &str, workspace: &Path) -> bool {
    let module = match context.rsplit_once(':') {
        // A drive letter is not a module.
        Some((module, attribute)) if !attribute.starts_with(['/', '\\']) => module,
        Some(_) => return false,
        None => context,
    };
    let file = workspace.join(module);
    if module.ends_with(".py") {
        return file.is_file();
    }
    let dotted = workspace.join(module.replace('.', "/"));
    dotted.with_extension("py").is_file() || dotted.join("__init__.py").is_file() || context.contains(':')
}

/// The path below a folder, without `.` in it.
fn clean(base: &Path, path: &str) -> PathBuf {
    base.components().chain(Path::new(path).components()).filter(|part| *part != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_wins_over_a_service_and_a_missing_one_is_named() {
        let workspace = tempfile::tempdir().unwrap();
        fs::create_dir(workspace.path().join("my project")).unwrap();
        fs::write(workspace.path().join("service.py"), "").unwrap();
        let found = |context| local(context, None, workspace.path(), &Env::default());
        assert_eq!(found("./my project").unwrap().context, workspace.path().join("my project"));
        assert_eq!(found(".").unwrap().context, workspace.path());
        for service in ["service:Svc", "service.py:Svc", "service.py", "service"] {
            assert_eq!(found(service).unwrap().service.as_deref(), Some(service));
        }
        let error = found("nowhere").unwrap_err().full_text();
        assert!(error.contains(&workspace.path().join("nowhere").display().to_string()), "{error}");
    }

    #[test]
    fn a_bentofile_is_looked_for_in_the_context_first() {
        let workspace = tempfile::tempdir().unwrap();
        let context = workspace.path().join("app");
        fs::create_dir(&context).unwrap();
        fs::write(workspace.path().join("b.yaml"), "service: x").unwrap();
        let find =
            || local("app", Some("b.yaml"), workspace.path(), &Env::default()).map(|located| located.named.unwrap());
        assert_eq!(find().unwrap(), workspace.path().join("b.yaml"));
        fs::write(context.join("b.yaml"), "service: x").unwrap();
        assert_eq!(find().unwrap(), context.join("b.yaml"));
        let error = local("app", Some("c.yaml"), workspace.path(), &Env::default()).unwrap_err().full_text();
        for path in [context.join("c.yaml"), workspace.path().join("c.yaml")] {
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn a_context_elsewhere_is_its_own_working_directory() {
        let (workspace, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = elsewhere.path().to_str().unwrap();
        assert_eq!(local(path, None, workspace.path(), &Env::default()).unwrap().folder, elsewhere.path());
        assert_eq!(local(".", None, workspace.path(), &Env::default()).unwrap().folder, workspace.path());
    }
}
