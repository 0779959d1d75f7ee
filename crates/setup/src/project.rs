//! What a project wants to have installed: its build configuration, its pyproject.toml, the image of its service.
//!
//! | file | what is read |
//! |---|---|
//! | `bentofile.yaml`, else `[tool.bentoml.build]` in `pyproject.toml` | `python`: `requirements_txt`, else `packages`; `wheels`; where packages come from |
//! | `pyproject.toml` | `project.dependencies` |
//! | the service's file, by default `service.py` | `Image(…).python_packages(…)`, `.requirements_file(…)`, `.pyproject_toml(…)` |
//!
//! Paths and variables are read by BentoML's own rules: [`bento_format::project`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::process::Command;
use actions_core::{Context as _, Error, Result, address};
use bento_format::project::{Document, Project, absolute, dependencies, resolve};
use python_env::Interpreter;
use serde::Deserialize;
use serde_json::Value;

use crate::More;
use crate::install::not_utf8;

const IMAGE: &str = include_str!("image.py");
const PYPROJECT: &str = "pyproject.toml";
/// Reading one file.
const DEADLINE: Duration = Duration::from_secs(30);

/// What `image.py` answers.
#[derive(Debug, Default, Deserialize)]
struct Image {
    packages: Vec<String>,
    requirements: Vec<String>,
    projects: Vec<String>,
    /// Lines of arguments that are known only when the service is imported.
    unknown: Vec<u32>,
}

/// Collects what one project wants.
struct Reading<'a> {
    more: &'a mut More,
    folder: &'a Path,
    remarks: Vec<String>,
    ctx: &'a Context,
}

/// Adds what the project in this folder wants, and returns remarks for the user. Nothing of it is imported; the image is
/// read by this Python, where there is one.
///
/// # Errors
/// When one of its files cannot be read or is not what it should be; on cancellation.
pub(crate) async fn add(
    more: &mut More,
    folder: &Path,
    python: Option<&Interpreter>,
    ctx: &Context,
) -> Result<Vec<String>> {
    let before = more.clone();
    let project = Project::read(folder, None, &ctx.env)?;
    let mut reading = Reading { more, folder, remarks: Vec::new(), ctx };
    reading.add_build(&project)?;
    let pyproject = folder.join(PYPROJECT);
    if pyproject.is_file() {
        reading.add_dependencies(&pyproject)?;
    }
    let service = service_file(folder, project.service.as_ref().map_or("service", |service| service.value.as_str()));
    match python {
        Some(python) if service.is_file() => reading.add_image(&service, python).await?,
        None if service.is_file() => {
            let remark = format!("what the image in {} asks for is not known without a Python", service.display());
            reading.remarks.push(remark);
        }
        _ => {}
    }
    let mut remarks = reading.remarks;
    if *more == before {
        remarks.push(format!("the project in {} asks for no packages", folder.display()));
    }
    Ok(remarks)
}

impl Reading<'_> {
    fn add_build(&mut self, project: &Project) -> Result<()> {
        let python = &project.python;
        for line in &python.sources {
            self.add_line(line.value.clone(), "the project")?;
        }
        if python.pip_args.is_some() {
            self.remarks.push("the project's pip_args are for pip: they are left out".to_owned());
        }
        if let Some(file) = &python.requirements {
            let of = "the project's requirements_txt";
            self.more.add_project_file(file.value.clone(), self.folder, of, &self.ctx.env)?;
        }
        for line in &python.packages {
            self.add_line(line.value.clone(), "the project's packages")?;
        }
        for wheel in &python.wheels {
            let path = wheel.value.to_str().ok_or_else(|| not_utf8(&wheel.value))?;
            self.more.add_package(path.to_owned(), "the project's wheels")?;
        }
        Ok(())
    }

    /// Adds a line of what BentoML makes a file of requirements: a package, or an option that says where packages come from.
    /// Options of another kind are left out with a remark.
    fn add_line(&mut self, line: String, of: &str) -> Result<()> {
        self.check(&line)?;
        let (option, value) = line.split_once(['=', ' ', '\t']).unwrap_or((&line, ""));
        let line = match option {
            // uv would look for it beside the file that it is given.
            "--find-links" | "-f" => format!("--find-links {}", self.place(value.trim())),
            "--index-url" | "-i" | "--extra-index-url" | "--pre" | "--no-index" | "--trusted-host" | "--editable" => {
                line
            }
            _ if option.starts_with('-') => {
                address::mask(&line);
                self.remarks.push(format!("{of}: the option {:?} is left out", address::without(&line)));
                return Ok(());
            }
            _ => line,
        };
        // The image may say the same, and uv takes but one `--index-url`.
        if !self.more.packages.contains(&line) {
            self.more.add_line(line);
        }
        Ok(())
    }

    /// A line is a text: a path of the project that is not UTF-8 would be another one in it.
    fn check(&self, line: &str) -> Result<()> {
        let is_changed = self.folder.to_str().is_none() && line.contains(&*self.folder.to_string_lossy());
        if is_changed { Err(not_utf8(self.folder)) } else { Ok(()) }
    }

    /// A path of the project; addresses and what a variable begins stay as they are.
    fn place(&self, path: &str) -> String {
        if path.contains("://") || path.starts_with("${") {
            return path.to_owned();
        }
        resolve(path, self.folder, &self.ctx.env).to_string_lossy().into_owned()
    }

    fn add_dependencies(&mut self, file: &Path) -> Result<()> {
        for line in dependencies(file, &self.ctx.env)? {
            self.check(&line.value)?;
            if !self.more.packages.contains(&line.value) {
                self.more.add_package(line.value, &file.display().to_string())?;
            }
        }
        let document = Document::toml(file)?;
        let dynamic = document.get("/project/dynamic").and_then(Value::as_array).into_iter().flatten();
        if dynamic.into_iter().any(|field| field.as_str() == Some("dependencies")) {
            self.remarks.push(format!("the dependencies of {} are dynamic: they are not installed", file.display()));
        }
        Ok(())
    }

    async fn add_image(&mut self, service: &Path, python: &Interpreter) -> Result<()> {
        let image = self.image(service, python).await?;
        let of = format!("{}: python_packages", service.display());
        for package in image.packages {
            self.add_line(absolute(&package, self.folder, &self.ctx.env), &of)?;
        }
        for file in image.requirements {
            let file = resolve(&file, self.folder, &self.ctx.env);
            let of = format!("{}: requirements_file", service.display());
            self.more.add_project_file(file, self.folder, &of, &self.ctx.env)?;
        }
        for file in image.projects {
            self.add_dependencies(&resolve(&file, self.folder, &self.ctx.env))?;
        }
        if let Some(line) = image.unknown.first() {
            self.remarks.push(format!(
                "{}:{line}: what the image asks for there is known only when it is imported: name it in `packages`",
                service.display()
            ));
        }
        Ok(())
    }

    async fn image(&mut self, service: &Path, python: &Interpreter) -> Result<Image> {
        // Isolated: nothing of the project is imported in the place of a module of Python's.
        let reading = Command::new(&python.executable).inherit(&self.ctx.env).args(["-I", "-c", IMAGE]).arg(service);
        match reading.deadline(DEADLINE).output(&self.ctx.cancel).await {
            Ok(answer) => serde_json::from_str(&answer).context(|| format!("failed to read {}", service.display())),
            Err(_) if self.ctx.cancel.is_cancelled() => Err(Error::cancelled()),
            Err(error) => {
                tracing::debug!("{}", error.full_text());
                let remark =
                    format!("what the image in {} asks for is not known: it does not parse", service.display());
                self.remarks.push(remark);
                Ok(Image::default())
            }
        }
    }
}

/// The file of `service:Svc`, `service.py:Svc`, `package.service:Svc`.
fn service_file(folder: &Path, service: &str) -> PathBuf {
    let module = service.split(':').next().unwrap_or_default();
    match module.strip_suffix(".py") {
        Some(_) => folder.join(module),
        None => folder.join(module.replace('.', "/")).with_extension("py"),
    }
}
