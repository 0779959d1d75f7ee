//! What is asked for, checked.

use std::path::PathBuf;
use std::time::Duration;

use actions_core::action::Context;
use actions_core::{Context as _, Error, Result, address};
use python_env::{Architecture, OLDEST_UV, PINNED_UV, PythonRequest, Version};
use serde_json::{Value, json};
use url::Url;

use crate::inputs::REPOSITORY;
use crate::{BentomlVersion, Indexes, Inputs, More, indexes, version_file};

/// How long a download may take: an index that is silent must not hold the job for ever.
const DEADLINE: Duration = Duration::from_secs(1800);

/// Which BentoML, in which Python.
#[derive(Debug, Clone)]
pub struct Request {
    /// The wanted BentoML.
    pub bentoml: BentomlVersion,
    /// The git repository of [`BentomlVersion::Main`].
    pub repository: String,
    /// The wanted Python; `None` for any current one.
    pub python: Option<PythonRequest>,
    /// The wanted processor; `None` for this machine's.
    pub architecture: Option<Architecture>,
    /// Where a Python that the machine lacks comes from; `None` for where uv takes them.
    pub python_mirror: Option<Url>,
    /// Whose BentoML will do.
    pub reuse: Reuse,
    /// May a new environment come from an earlier job, and be kept for later ones?
    pub cache: bool,
    /// What is installed besides.
    pub more: More,
    /// The folder of the project whose dependencies are installed besides.
    pub project: Option<PathBuf>,
    /// Is what is installed compiled to bytecode?
    pub compile: bool,
    /// Where packages come from.
    pub indexes: Indexes,
    /// The wanted uv; `None` for any.
    pub uv: Option<Version>,
    /// How long uv, Python and the packages may take each.
    pub deadline: Duration,
}

/// Whose BentoML will do when it is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// The chosen Python's.
    #[default]
    OfChosenPython,
    /// Any Python's on PATH; the wanted Python counts only when an environment is made.
    OfAnyPython,
}

impl Request {
    /// This BentoML in any current Python of this machine.
    pub fn new(bentoml: BentomlVersion) -> Self {
        Self {
            bentoml,
            repository: REPOSITORY.to_owned(),
            python: None,
            architecture: None,
            python_mirror: None,
            reuse: Reuse::default(),
            cache: true,
            more: More::default(),
            project: None,
            compile: true,
            indexes: Indexes::default(),
            uv: None,
            deadline: DEADLINE,
        }
    }

    /// All that is to be in the environment but for the version of BentoML, as a value that differs when they do. Its
    /// indexes are among uv's settings.
    pub(crate) fn contents(&self) -> Value {
        // Who asks for the latest must not get an older one that somebody else asked for by its number since.
        let bentoml = if self.bentoml.is_exact() { String::new() } else { self.bentoml.requirement(&[], "") };
        let uv = self.uv.as_ref().map(ToString::to_string).unwrap_or_default();
        json!({ "bentoml": bentoml, "more": self.more.contents(), "uv": uv, "compile": self.compile })
    }

    /// BentoML as the requirement to install.
    pub(crate) fn requirement(&self) -> String {
        self.bentoml.requirement(&self.more.extras, &self.repository)
    }

    /// The request that the inputs make, and remarks for the user.
    ///
    /// # Errors
    /// When an input, or the version file that one names, is wrong.
    pub fn of(inputs: &Inputs, ctx: &Context) -> Result<(Self, Vec<String>)> {
        let mut remarks = Vec::new();
        let wrong = |name: &str, error: &dyn std::fmt::Display| Error::input(format!("input {name}: {error}"));
        let forms: Result<Vec<_>> = inputs
            .python_version
            .iter()
            .map(|form| PythonRequest::forms_of(form).map_err(|error| wrong("python-version", &error)))
            .collect();
        let forms = forms?.concat();
        let python = match (forms.is_empty(), inputs.python_version_file.as_deref()) {
            (true, None) => version_file::read_unnamed(ctx.workspace(), &mut remarks),
            (true, Some(file)) => Some(version_file::read(&ctx.workspace().join(file))?),
            (false, file) => {
                remarks.extend(file.map(|file| format!("python-version is given: {file} is not read")));
                Some(PythonRequest::new(forms))
            }
        };
        let cache = cache_wanted(&inputs.cache)?;
        let uv = inputs.uv_version.as_deref().map(uv_wanted).transpose()?;
        let (more, indexes) = (More::of(inputs, ctx)?, Indexes::of(inputs)?);
        address::mask(&inputs.bentoml_version);
        address::mask_whole(&inputs.bentoml_repository);
        let bentoml = inputs.bentoml_version.parse().context(|| "input bentoml-version".into())?;
        let mut request = Self {
            python,
            architecture: inputs.architecture,
            python_mirror: inputs
                .python_mirror
                .as_deref()
                .map(|text| indexes::parse("python-mirror", text))
                .transpose()?,
            cache,
            more,
            project: if inputs.install_project_dependencies { project(inputs, ctx, &mut remarks)? } else { None },
            compile: inputs.compile_bytecode,
            indexes,
            uv,
            deadline: inputs.install_timeout,
            ..Self::new(bentoml)
        };
        if !inputs.bentoml_repository.is_empty() {
            request.repository.clone_from(&inputs.bentoml_repository);
        }
        check_repository(&request.repository)?;
        if request.deadline.is_zero() {
            return Err(Error::input("input install-timeout: within 0 seconds nothing can be installed")
                .hint("Write seconds or a number with a unit, such as 10m, or leave it empty for half an hour."));
        }
        Ok((request, remarks))
    }
}

/// The folder of the project. What an address names is not on this machine.
fn project(inputs: &Inputs, ctx: &Context, remarks: &mut Vec<String>) -> Result<Option<PathBuf>> {
    let context = &inputs.context;
    if !context.contains("://") && !context.starts_with("git@") {
        return Ok(Some(ctx.workspace().join(context).components().collect()));
    }
    address::check(context).map_err(|error| Error::input(format!("input context: the address {error}")))?;
    address::mask_whole(context);
    remarks.push(format!(
        "what the project at {} asks for is not installed: it is not in the workspace",
        address::without_whole(context)
    ));
    Ok(None)
}

/// setup-python's words, which people copy here, all mean "yes".
fn cache_wanted(text: &str) -> Result<bool> {
    match text {
        "false" | "False" | "FALSE" => Ok(false),
        "" | "true" | "True" | "TRUE" | "pip" | "pipenv" | "poetry" | "uv" => Ok(true),
        _ => Err(Error::input(format!("input cache: {text:?} is neither true nor false"))
            .hint("Write true or false; pip, pipenv, poetry and uv are taken for true.")),
    }
}

fn uv_wanted(text: &str) -> Result<Version> {
    let oldest = Version::new(OLDEST_UV);
    let version: Version = text.parse().map_err(|_| {
        Error::input(format!("input uv-version: {text:?} is not a valid version of uv"))
            .hint(format!("Write an exact one such as {PINNED_UV}, or leave it empty."))
    })?;
    if version < oldest {
        return Err(Error::input(format!("input uv-version: uv {version} is too old"))
            .hint(format!("The oldest that can be used is {oldest}.")));
    }
    Ok(version)
}

/// The address stands in the log.
fn check_repository(text: &str) -> Result<()> {
    let refused = |why: &str, what_to_do: &str| {
        Err(Error::input(format!("input bentoml-repository: the address {why}")).hint(what_to_do))
    };
    match Url::parse(text) {
        _ if address::check(text).is_err() => {
            refused("holds credentials", "Give them to git instead, for example in a credential helper.")
        }
        Ok(url) if !url.username().is_empty() && url.scheme() != "ssh" || url.password().is_some() => {
            refused("holds credentials", "Give them to git instead, for example in a credential helper.")
        }
        Ok(url) if matches!(url.scheme(), "https" | "http" | "ssh" | "file") => Ok(()),
        _ => refused("is not a URL", "Write one such as https://github.com/bentoml/BentoML."),
    }
}
