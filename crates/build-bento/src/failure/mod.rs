//! Turns what Python says of a failed build into an error that points into the project.

mod configuration;
mod importing;
mod lacking;
mod missing;
pub(crate) mod requirements;
#[cfg(test)]
mod table;
mod values;

use std::path::{Path, PathBuf};

use actions_core::{Cause, Env, Error, Location, text};
use bento_format::Project;
use bento_format::project::Document;
use serde::Deserialize;

pub(crate) use lacking::lacking;

use crate::driver::Needed;
use crate::locate::Located;
use crate::warnings::ModelUse;

/// Why a build failed, as the driver answers it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    /// What it is about.
    pub(crate) kind: Kind,
    /// The exception's class.
    #[serde(rename = "type")]
    pub(crate) class: String,
    /// What it says.
    pub(crate) message: String,
    /// The project's file that raised it, or that is not text.
    pub(crate) file: Option<PathBuf>,
    /// The line in it.
    pub(crate) line: Option<u32>,
    /// The column, for errors of syntax.
    pub(crate) column: Option<u32>,
    /// The module that is not installed.
    pub(crate) missing: Option<String>,
    /// What is known of that module.
    pub(crate) about: missing::About,
    /// Keys of the build configuration that BentoML does not know.
    pub(crate) keys: Vec<String>,
    /// Keys that it knows in their place.
    pub(crate) known: Vec<String>,
    /// The JSON pointer of the value in the build configuration that BentoML does not take.
    pub(crate) pointer: String,
    /// The model that is neither here nor in the cloud.
    pub(crate) model: Option<String>,
    /// The path in the build configuration that BentoML refused, as it is written there.
    pub(crate) path: Option<String>,
    /// The variable that holds what BentoML could not make its own configuration of.
    pub(crate) variable: Option<String>,
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The installed BentoML does not take an input.
    Unsupported,
    /// The project's own code raised.
    Project,
    /// A variable of the environment, for BentoML itself, is not valid.
    Environment,
    /// There is no service.
    Service,
    /// A value of the build configuration is of another kind than BentoML takes.
    Configuration,
    /// A path of the build configuration leads nowhere, or where BentoML does not go.
    Path,
    /// The requirements cannot be read or locked.
    Requirements,
    /// A model is missing.
    Model,
    /// A server cannot be reached, or answers nothing that can be used.
    Unreachable,
    /// A file is not text.
    Text,
    /// BentoML raised something else.
    #[default]
    Bentoml,
}

/// What is known besides the failure itself.
#[derive(Debug)]
pub(crate) struct Build<'a> {
    /// The project.
    pub(crate) located: &'a Located,
    /// The installed BentoML, where Python could tell.
    pub(crate) bentoml: Option<&'a str>,
    /// The folder that the job works in.
    pub(crate) workspace: &'a Path,
    /// The job's environment.
    pub(crate) env: &'a Env,
    /// Is there an API token, to pull models with?
    pub(crate) has_token: bool,
    /// The last lines that Python and what it started printed.
    pub(crate) said: &'a [String],
    /// Models that the project's code names.
    pub(crate) uses: &'a [ModelUse],
    /// Modules that were stood in for, may be to blame, and of which no distribution is known.
    pub(crate) lacking: &'a [Needed],
}

impl Build<'_> {
    fn installed(&self) -> String {
        self.bentoml.map_or_else(|| "this BentoML".to_owned(), |version| format!("BentoML {version}"))
    }

    fn project(&self) -> &Project {
        &self.located.project
    }

    fn config(&self) -> Option<&Document> {
        self.located.project.config.as_ref()
    }

    /// The name of the build configuration, for a sentence.
    fn config_name(&self) -> String {
        let name = self.config().and_then(|config| config.file().file_name());
        name.map_or_else(|| "the build configuration".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// The place of a value in the build configuration.
    fn at(&self, pointer: &str) -> Option<Location> {
        self.config().map(|config| config.at(pointer))
    }

    /// A file of the project as the user knows it: Python resolves links.
    fn shown(&self, file: &Path) -> PathBuf {
        let context = &self.located.context;
        let real = context.canonicalize().unwrap_or_else(|_| context.clone());
        file.strip_prefix(real).map_or_else(|_| file.to_owned(), |inside| context.join(inside))
    }

    /// The same, counted from the context.
    fn inside(&self, file: &Path) -> String {
        let shown = self.shown(file);
        shown.strip_prefix(&self.located.context).unwrap_or(&shown).display().to_string()
    }
}

/// The error that a person reads.
pub(crate) fn explain(failure: &Failure, build: &Build<'_>) -> Error {
    match failure.kind {
        Kind::Unsupported => Error::input(format!("input {}: {} does not take it", failure.message, build.installed()))
            .hint("Install a newer BentoML with the setup action, or leave the input out."),
        Kind::Environment => {
            let name = failure.variable.as_deref().unwrap_or_default();
            // What is behind these says how to write it on a command line.
            let said = failure.message.split("\n***").next().unwrap_or_default().trim_end_matches('.');
            Error::input(format!("BentoML cannot use the variable {name}: {said}"))
                .hint(format!("Correct {name}, or unset it, where the job or the step sets it."))
        }
        Kind::Project => importing::raised(failure, build),
        Kind::Service => importing::no_service(failure, build),
        Kind::Configuration => configuration::refused(failure, build),
        Kind::Path => values::path(failure, build),
        Kind::Requirements => requirements::unsolved(failure, build),
        Kind::Model => model(failure, build),
        Kind::Unreachable => unreachable(failure, build),
        Kind::Text => not_text(failure, build),
        Kind::Bentoml if failure.missing.as_deref() == Some("bentoml") => {
            Error::new(Cause::Build, "this Python has no BentoML").hint("Use the setup action first, in the same job.")
        }
        Kind::Bentoml => values::named(failure, build).unwrap_or_else(|| {
            Error::new(Cause::Build, format!("failed to build the Bento: {}: {}", failure.class, failure.message))
                .hint("The traceback is in the log.")
        }),
    }
}

fn place(error: Error, at: Option<Location>) -> Error {
    match at {
        Some(at) => error.at(at),
        None => error,
    }
}

/// A model is neither in the local store nor, with a token, in the cloud.
fn model(failure: &Failure, build: &Build<'_>) -> Error {
    let model = failure.model.as_deref().unwrap_or_default();
    let configured = build.project().models.iter().find(|wanted| wanted.value.tag.to_string() == model);
    let in_code =
        failure.file.as_ref().map(|file| Location { file: build.shown(file), line: failure.line, column: None });
    let named = || build.uses.iter().find(|one| one.is_of(model)).map(|one| one.at(build.located));
    let at = in_code.or_else(|| configured.map(|wanted| wanted.at.clone())).or_else(named);
    let error = match build.has_token {
        true => Error::not_found(format!("the model {model} is neither in the local store nor in the cloud"))
            .hint("Check the tag, and that the model was pushed to the organization of the API token."),
        false => Error::not_found(format!("the model {model} is not in the local store, and there is no API token")).hint(
            "Set the input cloud-api-token (or BENTO_CLOUD_API_KEY), so that the model is pulled from BentoCloud; or bring \
             it into the store under BENTOML_HOME in a step before.",
        ),
    };
    place(error, at)
}

/// What the build needs of the network does not come.
fn unreachable(failure: &Failure, build: &Build<'_>) -> Error {
    let at = failure.file.as_ref().map(|file| Location { file: build.shown(file), line: failure.line, column: None });
    let said = format!("{}: {}", failure.class, failure.message);
    let error = Error::new(Cause::Unreachable, format!("the build cannot read what it needs from a server: {said}"));
    let hint = "Check the network, and HF_ENDPOINT where a model of the Hugging Face hub is read. The traceback is in \
                the log.";
    place(error.hint(hint), at)
}

fn not_text(failure: &Failure, build: &Build<'_>) -> Error {
    let file = build.shown(failure.file.as_deref().unwrap_or_else(|| Path::new("")));
    match text::read(&file) {
        Err(error) => error,
        // It is UTF-8: what reads it expects another encoding.
        Ok(_) => Error::input(format!("{} cannot be read as text: {}", file.display(), failure.message))
            .hint("Save it in UTF-8, and let Python expect that: set PYTHONUTF8 to 1 under env.")
            .at(Location { file, line: failure.line, column: None }),
    }
}
