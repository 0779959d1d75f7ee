//! What a build configuration asks for in its section `python`.

use std::path::{Path, PathBuf};

use actions_core::{Env, Error, Result};
use serde_json::Value;

use super::document::{Document, spoken, step};
use super::requirement::absolute;
use super::{Placed, path};

/// Python packages of a project, as arguments that mean the same in any working directory, each with its place.
#[derive(Debug, Clone, Default)]
pub struct PythonPackages {
    /// The file of requirements: variables and `~` filled in, counted from the project. Where there is one, BentoML passes
    /// over `packages`.
    pub requirements: Option<Placed<PathBuf>>,
    /// Lines of a file of requirements: packages, paths made absolute, and options that the user wrote among them. Empty
    /// where there is a file of requirements.
    pub packages: Vec<Placed<String>>,
    /// Where packages come from, as lines of a file of requirements: `--index-url …`, `--extra-index-url …`,
    /// `--find-links …`, `--trusted-host …`, `--no-index`. A folder of `--find-links` is absolute.
    pub sources: Vec<Placed<String>>,
    /// Wheels of the project.
    pub wheels: Vec<Placed<PathBuf>>,
    /// More arguments for pip, as they are written.
    pub pip_args: Option<Placed<String>>,
}

impl PythonPackages {
    /// Reads the section `python` of a build configuration; a value that BentoML does not take is an error at its line.
    pub(super) fn read(config: &Document, project: &Path, env: &Env) -> Result<Self> {
        let section = match config.get("/python") {
            None => return Ok(Self::default()),
            Some(Value::Object(_)) => Section(config),
            Some(other) => {
                return Err(refused(config, "/python", other, "a mapping")
                    .hint("Remove the key, or write what belongs to it below it."));
            }
        };
        let requirements = section.text("requirements_txt")?;
        let packages = section.texts("packages", false)?;
        let wheels = section.texts("wheels", false)?;
        let mut sources = Vec::new();
        for (key, option) in [
            ("index_url", "--index-url"),
            ("trusted_host", "--trusted-host"),
            ("extra_index_url", "--extra-index-url"),
            ("find_links", "--find-links"),
        ] {
            let values = match key {
                "index_url" => section.text(key)?.into_iter().collect(),
                _ => section.texts(key, true)?,
            };
            sources.extend(values.into_iter().map(|value| {
                value.map(|value| match key {
                    "find_links" => format!("{option} {}", folder_or_address(&value, project, env)),
                    _ => format!("{option} {value}"),
                })
            }));
        }
        if section.boolean("no_index")? == Some(true) {
            sources.push(Placed { value: "--no-index".to_owned(), at: config.at("/python/no_index") });
        }
        let resolved = |value: Placed<String>| value.map(|value| path::resolve(&value, project, env));
        Ok(Self {
            packages: match requirements {
                Some(_) => Vec::new(),
                None => packages.into_iter().map(|line| line.map(|line| absolute(&line, project, env))).collect(),
            },
            requirements: requirements.map(resolved),
            sources,
            wheels: wheels.into_iter().map(resolved).collect(),
            pip_args: section.text("pip_args")?,
        })
    }
}

/// Lines of `project.dependencies` of a pyproject.toml, paths made absolute.
///
/// # Errors
/// The file cannot be read, or the key holds no list of texts.
pub fn dependencies(file: &Path, env: &Env) -> Result<Vec<Placed<String>>> {
    let document = Document::toml(file)?;
    let project = file.parent().unwrap_or_else(|| Path::new("."));
    let lines = texts(&document, "/project/dependencies", false)?;
    Ok(lines.into_iter().map(|line| line.map(|line| absolute(&line, project, env))).collect())
}

/// The section `python` of a build configuration.
struct Section<'a>(&'a Document);

impl Section<'_> {
    /// A text; an empty one is as good as none to BentoML.
    fn text(&self, key: &str) -> Result<Option<Placed<String>>> {
        let pointer = format!("/python{}", step(key));
        match self.0.get(&pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(Placed { value: text.clone(), at: self.0.at(&pointer) })),
            Some(other) => Err(refused(self.0, &pointer, other, "a text")),
        }
    }

    fn boolean(&self, key: &str) -> Result<Option<bool>> {
        let pointer = format!("/python{}", step(key));
        match self.0.get(&pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(refused(self.0, &pointer, other, "true or false")),
        }
    }

    fn texts(&self, key: &str, or_one: bool) -> Result<Vec<Placed<String>>> {
        texts(self.0, &format!("/python{}", step(key)), or_one)
    }
}

/// A list of texts; where `or_one`, a single text too.
pub(super) fn texts(document: &Document, pointer: &str, or_one: bool) -> Result<Vec<Placed<String>>> {
    let placed = |text: &str, pointer: &str| Placed { value: text.to_owned(), at: document.at(pointer) };
    match document.get(pointer) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) if or_one => Ok(vec![placed(text, pointer)]),
        Some(Value::Array(items)) => {
            let text = |(index, item): (usize, &Value)| {
                let pointer = format!("{pointer}/{index}");
                item.as_str()
                    .map(|text| placed(text, &pointer))
                    .ok_or_else(|| refused(document, &pointer, item, "a text"))
            };
            items.iter().enumerate().map(text).collect()
        }
        Some(other) => Err(refused(document, pointer, other, "a list of texts")),
    }
}

/// The error of a value of another kind than BentoML takes.
pub(super) fn refused(document: &Document, pointer: &str, value: &Value, wanted: &str) -> Error {
    let name = document.file().file_name().unwrap_or_default().to_string_lossy();
    let shown = kind_of(value);
    let key = spoken(pointer);
    Error::input(format!("{name}: {key} holds {shown}; BentoML takes {wanted}"))
        .hint("Correct the value; a number or a version that is meant as a text needs quotes.")
        .at(document.at(pointer))
}

/// The kind of a value, in a sentence.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Addresses stay as they are.
fn folder_or_address(place: &str, project: &Path, env: &Env) -> String {
    if path::expand_variables(place, env).contains("://") {
        return place.to_owned();
    }
    path::resolve(place, project, env).display().to_string()
}
