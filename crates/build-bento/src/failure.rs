//! Turns what Python says of a failed build into an error that points into the project.

use std::path::{Path, PathBuf};

use bento_core::action::inputs::nearest;
use bento_core::{Cause, Error, Location, yaml};
use serde_json::Value;

use crate::driver::Failure;
use crate::locate::Located;

/// The error that a person reads.
pub(crate) fn explain(failure: &Failure, bentoml: Option<&str>, project: &Located) -> Error {
    let installed = bentoml.map_or_else(|| "this BentoML".to_owned(), |version| format!("BentoML {version}"));
    match failure.kind.as_str() {
        "unsupported" => Error::input(format!("input {}: {installed} does not take it", failure.message))
            .hint("Install a newer BentoML with the setup action, or leave the input out."),
        "project" => in_project(failure, project),
        "service" => no_service(failure, project),
        _ if !failure.keys.is_empty() => unknown_key(failure, &installed, project),
        _ if failure.missing.as_deref() == Some("bentoml") => {
            Error::new(Cause::Build, "this Python has no BentoML").hint("Use the setup action first, in the same job.")
        }
        _ => Error::new(Cause::Build, format!("failed to build the Bento: {}: {}", failure.class, failure.message))
            .hint("The whole traceback is in the log."),
    }
}

/// The project's own code raised something while it was imported.
fn in_project(failure: &Failure, project: &Located) -> Error {
    let file = failure.file.clone().unwrap_or_default();
    let shown = match file.strip_prefix(real(&project.context)) {
        Ok(inside) => project.context.join(inside),
        Err(_) => file,
    };
    let name = shown.strip_prefix(&project.context).unwrap_or(&shown).display().to_string();
    let said = if failure.message.is_empty() {
        failure.class.clone()
    } else {
        format!("{}: {}", failure.class, failure.message)
    };
    let hint = match &failure.missing {
        Some(module) => missing_hint(module),
        None if failure.class == "SyntaxError" => "Fix the line; does it need a newer Python?".to_owned(),
        None => {
            "BentoML imports the service to build it: it must be importable in the job. The whole traceback is in the \
                 log."
                .to_owned()
        }
    };
    let at = Location { file: shown, line: failure.line, column: failure.column };
    Error::new(Cause::Build, format!("failed to import the service: {name} raised {said}")).hint(hint).at(at)
}

fn missing_hint(module: &str) -> String {
    let package = module.split('.').next().unwrap_or(module);
    format!(
        "Add a step that installs the package of the module {package} before this one, such as `run: pip install \
         {package}`; or import what is only needed at run time inside `with bentoml.importing():`."
    )
}

/// The configuration names no service, or one that is not there.
fn no_service(failure: &Failure, project: &Located) -> Error {
    let error = Error::new(Cause::Build, format!("the project has no service to build: {}", failure.message)).hint(
        "Name the service in bentofile.yaml (`service: \"service:MyService\"`, as in `from service import MyService`), \
         or put a class with @bentoml.service into service.py.",
    );
    match project.bentofile() {
        Some(file) => error.at(Location { file: file.to_owned(), line: line_of(file, "service"), column: None }),
        None => error,
    }
}

fn unknown_key(failure: &Failure, installed: &str, project: &Located) -> Error {
    let keys = failure.keys.join(", ");
    let meant = failure.keys.iter().find_map(|key| nearest(key, failure.known.iter().map(String::as_str)));
    let meant = meant.map(|key| format!(" Did you mean {key}?")).unwrap_or_default();
    let file = project.bentofile();
    let name = file.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let error = Error::new(Cause::Build, format!("{name} holds a key that {installed} does not know: {keys}"))
        .hint(format!("Remove or correct it.{meant}"));
    match file {
        Some(file) => {
            let line = failure.keys.iter().find_map(|key| line_of(file, key));
            error.at(Location { file: file.to_owned(), line, column: None })
        }
        None => error,
    }
}

/// The line of the first key of this name in a build configuration.
fn line_of(file: &Path, key: &str) -> Option<u32> {
    let text = std::fs::read_to_string(file).ok()?;
    if file.extension().is_some_and(|extension| extension == "toml") {
        let is_key = |line: &str| {
            line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.', ']']))
        };
        return text.lines().position(is_key).and_then(|index| u32::try_from(index + 1).ok());
    }
    let document = yaml::parse(&text).ok()?;
    document.line(&pointer(&document.value, key, "")?)
}

fn pointer(value: &Value, key: &str, above: &str) -> Option<String> {
    match value {
        Value::Object(map) => {
            let here = |name: &str| format!("{above}/{}", name.replace('~', "~0").replace('/', "~1"));
            if map.contains_key(key) {
                return Some(here(key));
            }
            map.iter().find_map(|(name, value)| pointer(value, key, &here(name)))
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| pointer(item, key, &format!("{above}/{index}")))
        }
        _ => None,
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_at_any_depth_of_either_file() {
        let folder = tempfile::tempdir().unwrap();
        let (yaml, toml) = (folder.path().join("bentofile.yaml"), folder.path().join("pyproject.toml"));
        std::fs::write(&yaml, "service: x\npython:\n  lock_packages: false\n  bogus: 1\n").unwrap();
        std::fs::write(&toml, "[tool.bentoml.build]\nservice = 'x'\nbogus = 1\n").unwrap();
        assert_eq!((line_of(&yaml, "bogus"), line_of(&toml, "bogus")), (Some(4), Some(3)));
        assert_eq!((line_of(&yaml, "service"), line_of(&yaml, "none")), (Some(1), None));
    }
}
