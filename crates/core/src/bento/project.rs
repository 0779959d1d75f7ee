//! A user's project: what its build configuration names, read without Python.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Tag;
use crate::{Context, Error, Location, Result, yaml};

/// The files that BentoML looks for in a build context, in its order.
const BUILD_FILES: [&str; 2] = ["bentofile.yaml", "pyproject.toml"];

/// What a project's build configuration says, as far as the suite needs it.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The configuration file; `None` where the project has none.
    pub file: Option<PathBuf>,
    /// The models that it names.
    pub models: Vec<ModelWanted>,
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
    /// Reads the configuration of a build context: `file`, else `bentofile.yaml`, else `[tool.bentoml.build]` in
    /// `pyproject.toml`. A project without any is fine.
    pub fn read(context: &Path, file: Option<&Path>) -> Result<Self> {
        let file = match file {
            Some(file) => Some(file.to_owned()),
            None => BUILD_FILES.iter().map(|name| context.join(name)).find(|file| file.is_file()),
        };
        let Some(file) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(&file).context(|| format!("failed to read {}", file.display()))?;
        let config = if file.extension().is_some_and(|extension| extension == "toml") {
            build_table(&text, &file)?
        } else {
            yaml::parse(&text).map_err(|error| error.in_file("the build configuration", &file))?.value
        };
        let models = config.get("models").and_then(Value::as_array).into_iter().flatten();
        let models = models.map(|entry| wanted(entry, &file)).collect::<Result<_>>()?;
        Ok(Self { file: Some(file), models })
    }
}

fn build_table(text: &str, file: &Path) -> Result<Value> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let before = error.span().map_or(0, |span| span.start);
        let line = u32::try_from(text[..before.min(text.len())].matches('\n').count()).unwrap_or(0) + 1;
        Error::input(format!("{} is no valid TOML: {}", file.display(), error.message())).at(Location {
            file: file.to_owned(),
            line: Some(line),
            column: None,
        })
    })?;
    let build = table.get("tool").and_then(|tool| tool.get("bentoml")?.get("build"));
    build.map_or(Ok(Value::Null), |build| {
        serde_json::to_value(build).context(|| format!("failed to read {}", file.display()))
    })
}

fn wanted(entry: &Value, file: &Path) -> Result<ModelWanted> {
    let tag = entry.as_str().or_else(|| entry.get("tag").and_then(Value::as_str));
    let tag = tag.ok_or_else(|| {
        Error::input(format!("{}: an entry of models has no tag: {entry}", file.display()))
            .hint("Write a tag, or a mapping with tag, filter and alias.")
    })?;
    let tag = tag.parse().context(|| format!("{}: models", file.display()))?;
    Ok(ModelWanted { tag, filter: entry.get("filter").and_then(Value::as_str).map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_from_either_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Project::read(folder.path(), None).unwrap().file.is_none());
        std::fs::write(folder.path().join("pyproject.toml"), "[tool.bentoml.build]\nmodels = ['a:1', {tag = 'b'}]")
            .unwrap();
        let tags = |project: &Project| project.models.iter().map(|model| model.tag.to_string()).collect::<Vec<_>>();
        assert_eq!(tags(&Project::read(folder.path(), None).unwrap()), ["a:1", "b"]);
        std::fs::write(folder.path().join("bentofile.yaml"), "models:\n- c:latest\n- {tag: d, filter: 'label:x=y'}\n")
            .unwrap();
        let project = Project::read(folder.path(), None).unwrap();
        assert_eq!(tags(&project), ["c:latest", "d"]);
        assert_eq!(project.models[1].filter.as_deref(), Some("label:x=y"));
    }

    #[test]
    fn a_broken_file_is_an_error_at_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bentofile.yaml");
        std::fs::write(&file, "service: x\nmodels: [\n").unwrap();
        let error = Project::read(folder.path(), None).unwrap_err();
        assert_eq!(error.location().unwrap().file, file);
        std::fs::write(&file, "models: [{alias: x}]\n").unwrap();
        assert!(Project::read(folder.path(), None).unwrap_err().to_string().contains("has no tag"));
    }
}
