//! What a project wants to have installed: its build configuration, its pyproject.toml, the image of its service.
//!
//! | file | what is read |
//! |---|---|
//! | `bentofile.yaml`, else `[tool.bentoml.build]` in `pyproject.toml` | `python`: `requirements_txt`, else `packages`; `wheels`; where packages come from |
//! | `pyproject.toml` | `project.dependencies` |
//! | the service's file, by default `service.py` | `Image(…).python_packages(…)`, `.requirements_file(…)`, `.pyproject_toml(…)` |
//!
//! Sources: BentoML's documentation, "Bento build options" and "Define the runtime environment".

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bento_core::action::Context;
use bento_core::process::Command;
use bento_core::python::Interpreter;
use bento_core::{Context as _, Env, Error, Result, address, yaml};
use serde::Deserialize;
use serde_json::Value;

use crate::More;
use crate::version_file::toml;

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
    let pyproject = folder.join(PYPROJECT);
    let pyproject = if pyproject.is_file() { Some(read_toml(&pyproject)?) } else { None };
    let bentofile = folder.join("bentofile.yaml");
    let build = if bentofile.is_file() {
        let text = fs::read_to_string(&bentofile).context(|| format!("failed to read {}", bentofile.display()))?;
        Some(yaml::parse(&text).map_err(|error| error.in_file("the build configuration", &bentofile))?.value)
    } else {
        pyproject.as_ref().and_then(|file| file.pointer("/tool/bentoml/build").cloned())
    };
    let mut remarks = Vec::new();
    if let Some(build) = &build {
        add_build(more, folder, build, &mut remarks, &ctx.env)?;
    }
    if let Some(file) = &pyproject {
        add_dependencies(more, &folder.join(PYPROJECT), file, &mut remarks)?;
    }
    let service = build.as_ref().and_then(|build| build.get("service")?.as_str()).unwrap_or("service");
    let service = service_file(folder, service);
    match python {
        Some(python) if service.is_file() => add_image(more, folder, &service, python, &mut remarks, ctx).await?,
        None if service.is_file() => {
            remarks.push(format!("what the image in {} asks for is not known without a Python", service.display()));
        }
        _ => {}
    }
    if *more == before {
        remarks.push(format!("the project in {} asks for no packages", folder.display()));
    }
    Ok(remarks)
}

/// BentoML passes over `packages` where there is `requirements_txt`.
fn add_build(more: &mut More, folder: &Path, build: &Value, remarks: &mut Vec<String>, env: &Env) -> Result<()> {
    let Some(python) = build.get("python") else { return Ok(()) };
    let list = |name: &str| texts(python.get(name));
    let of = |name: &str| format!("the project's {name}");
    for (name, option) in [
        ("index_url", "--index-url"),
        ("extra_index_url", "--extra-index-url"),
        ("find_links", "--find-links"),
        ("trusted_host", "--trusted-host"),
    ] {
        for value in list(name) {
            add_line(more, folder, format!("{option} {value}"), &of(name), remarks);
        }
    }
    if python.get("no_index").and_then(Value::as_bool) == Some(true) {
        add_line(more, folder, "--no-index".to_owned(), &of("no_index"), remarks);
    }
    if python.get("pip_args").is_some_and(|arguments| !arguments.is_null()) {
        remarks.push(format!("{} are for pip: they are left out", of("pip_args")));
    }
    match list("requirements_txt").first() {
        Some(file) => more.add_file(folder.join(file), &of("requirements_txt"), env)?,
        None => {
            list("packages").into_iter().for_each(|package| add_line(more, folder, package, &of("packages"), remarks))
        }
    }
    list("wheels")
        .into_iter()
        .try_for_each(|wheel| more.add_package(folder.join(wheel).to_string_lossy().into_owned(), &of("wheels")))
}

/// Adds a line of what BentoML makes a file of requirements: a package, or an option that says where packages come from.
/// Options of another kind are left out with a remark.
fn add_line(more: &mut More, folder: &Path, line: String, of: &str, remarks: &mut Vec<String>) {
    let (option, value) = line.split_once(['=', ' ', '\t']).unwrap_or((&line, ""));
    let line = match option {
        // uv would look for it beside the file that it is given.
        "--find-links" | "-f" => format!("--find-links {}", in_folder(folder, value.trim())),
        "--index-url" | "-i" | "--extra-index-url" | "--pre" | "--no-index" | "--trusted-host" => line,
        _ if option.starts_with('-') => {
            address::mask(&line);
            remarks.push(format!("{of}: the option {:?} is left out", address::without(&line)));
            return;
        }
        _ => line,
    };
    // The images of a file may say the same, and uv takes but one `--index-url`.
    if !more.packages.contains(&line) {
        more.add_line(line);
    }
}

/// A path of the project; addresses and what a variable begins stay as they are.
fn in_folder(folder: &Path, path: &str) -> String {
    if path.contains("://") || path.starts_with("${") {
        return path.to_owned();
    }
    folder.join(path).to_string_lossy().into_owned()
}

fn add_dependencies(more: &mut More, file: &Path, contents: &Value, remarks: &mut Vec<String>) -> Result<()> {
    let project = contents.get("project");
    texts(project.and_then(|project| project.get("dependencies")))
        .into_iter()
        .try_for_each(|package| more.add_package(package, &file.display().to_string()))?;
    let dynamic = texts(project.and_then(|project| project.get("dynamic")));
    if dynamic.iter().any(|field| field == "dependencies") {
        remarks.push(format!("the dependencies of {} are dynamic: they are not installed", file.display()));
    }
    Ok(())
}

async fn add_image(
    more: &mut More,
    folder: &Path,
    service: &Path,
    python: &Interpreter,
    remarks: &mut Vec<String>,
    ctx: &Context,
) -> Result<()> {
    // Isolated: nothing of the project is imported in the place of a module of Python's.
    let reading = Command::new(&python.executable).inherit(&ctx.env).args(["-I", "-c", IMAGE]).arg(service);
    let image = match reading.deadline(DEADLINE).output(&ctx.cancel).await {
        Ok(answer) => serde_json::from_str(&answer).context(|| format!("failed to read {}", service.display()))?,
        Err(_) if ctx.cancel.is_cancelled() => return Err(Error::cancelled()),
        Err(error) => {
            tracing::debug!("{}", error.full_text());
            remarks.push(format!("what the image in {} asks for is not known: it does not parse", service.display()));
            Image::default()
        }
    };
    let of = format!("{}: python_packages", service.display());
    image.packages.into_iter().for_each(|package| add_line(more, folder, package, &of, remarks));
    for file in image.requirements {
        more.add_file(folder.join(file), &format!("{}: requirements_file", service.display()), &ctx.env)?;
    }
    for file in image.projects {
        let file = folder.join(file);
        add_dependencies(more, &file, &read_toml(&file)?, remarks)?;
    }
    if let Some(line) = image.unknown.first() {
        remarks.push(format!(
            "{}:{line}: what the image asks for there is known only when it is imported: name it in `packages`",
            service.display()
        ));
    }
    Ok(())
}

/// The file of `service:Svc`, `service.py:Svc`, `package.service:Svc`.
fn service_file(folder: &Path, service: &str) -> PathBuf {
    let module = service.split(':').next().unwrap_or_default();
    match module.strip_suffix(".py") {
        Some(_) => folder.join(module),
        None => folder.join(module.replace('.', "/")).with_extension("py"),
    }
}

fn read_toml(file: &Path) -> Result<Value> {
    let doing = || format!("failed to read {}", file.display());
    let text = fs::read_to_string(file).context(doing)?;
    serde_json::to_value(toml::parse(&text, file)?).context(doing)
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
