//! A user's project: what its build configuration names, read without Python and by BentoML's own rules.
//!
//! | rule | source in BentoML 1.4 |
//! |---|---|
//! | `bentofile.yaml`, else `pyproject.toml`; a file of another name is YAML | `bentos.py` `build_bentofile`, `BentoBuildConfig.from_file` |
//! | pyproject.toml: `[tool.bentoml.build]`; `project.name` and `project.dependencies` join it | `BentoBuildConfig.from_pyproject` |
//! | variables and `~` in paths; relative ones count from the project | `utils/filesystem.py` `resolve_user_filepath` |
//! | `requirements_txt` wins over `packages` | `_bentoml_sdk/images.py` `populate_image_from_build_config` |

mod document;
mod path;
mod python;
mod requirement;

use std::path::Path;

use actions_core::{Context, Env, Error, Location, Result};
use serde_json::Value;

use super::{Tag, python_text};

pub use document::{Document, spoken, step};
pub use path::expand_variables;
pub use path::resolve;
pub use python::{PythonPackages, dependencies, kind_of};
pub use requirement::absolute;

/// The files that BentoML looks for in a build context, in its order.
pub const BUILD_FILES: [&str; 2] = ["bentofile.yaml", PYPROJECT];
/// The second of them.
pub const PYPROJECT: &str = "pyproject.toml";
/// The build configuration in it, as a JSON pointer.
pub const BUILD_TABLE: &str = "/tool/bentoml/build";

/// A value and the place where the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// The file and the line.
    pub at: Location,
}

impl<T> Placed<T> {
    /// Another value of the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: change(self.value), at: self.at }
    }
}

/// What a project's build configuration says, as far as the suite needs it.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The build configuration; `None` where the project has none. Of a pyproject.toml it is the part below
    /// `[tool.bentoml.build]`.
    pub config: Option<Document>,
    /// The service that it names, such as `service:MyService`.
    pub service: Option<Placed<String>>,
    /// The Bento's name: `name`, in a pyproject.toml also the project's.
    pub name: Option<Placed<String>>,
    /// The models that it names.
    pub models: Vec<Placed<ModelWanted>>,
    /// The Python packages that it asks for; of a pyproject.toml also `project.dependencies`.
    pub python: PythonPackages,
}

/// A model that a project names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelWanted {
    /// The tag; without a version, or with `latest`, the newest.
    pub tag: Tag,
    /// A filter of the API's `q` language, for the newest.
    pub filter: Option<String>,
}

impl Project {
    /// Reads the configuration of a build context: `file`, else the first of [`BUILD_FILES`] that is there. A project
    /// without any is fine. Paths count from the context, variables come from `env`.
    ///
    /// # Errors
    /// The file cannot be read, is not text, YAML or TOML, or holds a value that BentoML does not take: with its place.
    pub fn read(context: &Path, file: Option<&Path>, env: &Env) -> Result<Self> {
        let file = match file {
            Some(file) => Some(file.to_owned()),
            None => BUILD_FILES.iter().map(|name| context.join(name)).find(|file| file.exists()),
        };
        let Some(file) = file else { return Ok(Self::default()) };
        let is_pyproject = file.file_name().is_some_and(|name| name == PYPROJECT);
        let mut project = if is_pyproject { of_pyproject(&file)? } else { Self::of(Document::yaml(&file)?)? };
        if let Some(config) = &project.config {
            project.python = PythonPackages::read(config, context, env)?;
        }
        if is_pyproject && project.python.requirements.is_none() {
            project.python.packages.extend(dependencies(&file, env)?);
        }
        Ok(project)
    }

    /// The configuration's file.
    pub fn file(&self) -> Option<&Path> {
        self.config.as_ref().map(Document::file)
    }

    fn of(config: Document) -> Result<Self> {
        if !config.value().is_object() {
            return Err(python::refused(&config, "", config.value(), "a mapping")
                .hint("Name at least the service, such as `service: \"service:MyService\"`."));
        }
        // BentoML makes a text of whatever stands there.
        let text = |key: &str| {
            let pointer = step(key);
            config.get(&pointer).map(|value| Placed { value: python_text(value), at: config.at(&pointer) })
        };
        let is_given = |key: &str| config.get(&step(key)).is_some_and(|value| !value.is_null());
        Ok(Self {
            service: text("service").filter(|service| !service.value.is_empty()),
            name: text("name").filter(|_| is_given("name")),
            models: models(&config)?,
            python: PythonPackages::default(),
            config: Some(config),
        })
    }
}

fn of_pyproject(file: &Path) -> Result<Project> {
    let document = Document::toml(file)?;
    let name = document.get("/project/name").and_then(Value::as_str);
    let name = name.map(|name| Placed { value: name.to_owned(), at: document.at("/project/name") });
    let Some(config) = document.clone().part(BUILD_TABLE) else {
        return Ok(Project { config: Some(document.empty_part(BUILD_TABLE)), name, ..Project::default() });
    };
    let mut project = Project::of(config)?;
    project.name = project.name.or(name);
    Ok(project)
}

fn models(config: &Document) -> Result<Vec<Placed<ModelWanted>>> {
    match config.get("/models") {
        None => Ok(Vec::new()),
        Some(Value::Array(entries)) => entries
            .iter()
            .enumerate()
            .map(|(index, entry)| wanted(entry, config, &format!("/models/{index}")))
            .collect(),
        Some(other) => Err(python::refused(config, "/models", other, "a list of models")),
    }
}

fn wanted(entry: &Value, config: &Document, pointer: &str) -> Result<Placed<ModelWanted>> {
    let at = config.at(pointer);
    let file = config.file().display();
    let tag = entry.as_str().or_else(|| entry.get("tag").and_then(Value::as_str));
    let tag = tag.ok_or_else(|| {
        Error::input(format!("{file}: an entry of models has no tag: {entry}"))
            .hint("Write a tag, or a mapping with tag, filter and alias.")
            .at(at.clone())
    })?;
    let tag = tag.parse::<Tag>().context(|| format!("{file}: models")).map_err(|error| error.at(at.clone()))?;
    let filter = entry.get("filter").and_then(Value::as_str).map(str::to_owned);
    Ok(Placed { value: ModelWanted { tag, filter }, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_from_either_file() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::default();
        assert!(Project::read(folder.path(), None, &env).unwrap().file().is_none());
        std::fs::write(folder.path().join("pyproject.toml"), "[tool.bentoml.build]\nmodels = ['a:1', {tag = 'b'}]")
            .unwrap();
        let tags =
            |project: &Project| project.models.iter().map(|model| model.value.tag.to_string()).collect::<Vec<_>>();
        assert_eq!(tags(&Project::read(folder.path(), None, &Env::default()).unwrap()), ["a:1", "b"]);
        std::fs::write(folder.path().join("bentofile.yaml"), "models:\n- c:latest\n- {tag: d, filter: 'label:x=y'}\n")
            .unwrap();
        let project = Project::read(folder.path(), None, &Env::default()).unwrap();
        assert_eq!(tags(&project), ["c:latest", "d"]);
        assert_eq!(project.models[1].value.filter.as_deref(), Some("label:x=y"));
    }

    #[test]
    fn a_broken_file_is_an_error_at_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bentofile.yaml");
        std::fs::write(&file, "service: x\nmodels: [\n").unwrap();
        let error = Project::read(folder.path(), None, &Env::default()).unwrap_err();
        assert_eq!(error.location().unwrap().file, file);
        std::fs::write(&file, "models: [{alias: x}]\n").unwrap();
        assert!(Project::read(folder.path(), None, &Env::default()).unwrap_err().to_string().contains("has no tag"));
    }
}
