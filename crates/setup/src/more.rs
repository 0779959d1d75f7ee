//! What is installed besides BentoML.

use std::path::{Path, PathBuf};

use actions_core::action::Context;
use actions_core::{Env, Error, Result, address};
use serde_json::{Value, json};

use crate::Inputs;
use crate::install::not_utf8;
use crate::moving::is_moving;
use crate::project_files::rewritten;
use crate::requirement_files::digest_file;

/// Extras of BentoML, files of requirements, packages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct More {
    /// Extras of BentoML.
    pub extras: Vec<String>,
    /// Files of requirements.
    pub requirements: Vec<RequirementsFile>,
    /// Lines of a file of requirements.
    pub packages: Vec<String>,
    /// May one of them be another thing the next time, whatever it is called?
    pub moving: bool,
}

/// A file of requirements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementsFile {
    /// The file.
    pub file: PathBuf,
    /// The digest of its contents with all that it includes.
    pub digest: String,
    /// Its contents as uv is to read them, where that is not as they stand.
    pub rewritten: Option<String>,
}

impl More {
    /// What the inputs ask for. Credentials in it are masked from here on.
    ///
    /// # Errors
    /// When a file cannot be read, or a package is an option of a command line.
    pub(crate) fn of(inputs: &Inputs, ctx: &Context) -> Result<Self> {
        let mut more = Self {
            extras: words(&inputs.extras).map(|extra| name("extras", extra)).collect::<Result<_>>()?,
            ..Self::default()
        };
        for file in &inputs.requirements {
            more.add_file(ctx.workspace().join(file), "input requirements", &ctx.env)?;
        }
        inputs.packages.iter().try_for_each(|package| more.add_package(package.clone(), "input packages"))?;
        for tool in words(&inputs.tools) {
            more.packages.push(name("tools", tool)?);
        }
        Ok(more)
    }

    /// Adds a file of requirements; `of` says whose wish it is.
    ///
    /// # Errors
    /// When it, or a file that it includes, cannot be read.
    pub(crate) fn add_file(&mut self, file: PathBuf, of: &str, env: &Env) -> Result<()> {
        let (digest, moving) = digest_file(&file, of, env)?;
        self.moving |= moving;
        self.requirements.push(RequirementsFile { file, digest, rewritten: None });
        Ok(())
    }

    /// Adds a file of requirements in which paths count from the project.
    ///
    /// # Errors
    /// When it, or a file that it includes, cannot be read.
    pub(crate) fn add_project_file(&mut self, file: PathBuf, project: &Path, of: &str, env: &Env) -> Result<()> {
        let rewritten = rewritten(&file, project, of, env)?;
        if rewritten.is_some() && project.to_str().is_none() {
            return Err(not_utf8(project));
        }
        self.add_file(file, of, env)?;
        if let Some(added) = self.requirements.last_mut() {
            added.rewritten = rewritten;
        }
        Ok(())
    }

    /// Adds a requirement; `of` says whose wish it is.
    ///
    /// # Errors
    /// When it is an option.
    pub(crate) fn add_package(&mut self, package: String, of: &str) -> Result<()> {
        if package.starts_with('-') {
            let shown = address::without(&package);
            return Err(Error::input(format!("{of}: {shown:?} is an option, not a package")).hint(
                "Write one requirement per line, such as numpy>=2; files of requirements go into `requirements`.",
            ));
        }
        self.add_line(package);
        Ok(())
    }

    /// Adds a line of a file of requirements. Credentials in it are masked from here on.
    pub(crate) fn add_line(&mut self, line: String) {
        address::mask(&line);
        self.moving |= is_moving(&line);
        self.packages.push(line);
    }

    /// Is nothing asked for?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In a sentence.
    pub(crate) fn describe(&self) -> Option<String> {
        let files = self.requirements.iter().map(|given| given.file.display().to_string());
        let extras = self.extras.iter().map(|extra| format!("its extra {extra}"));
        let packages = self.packages.iter().map(|package| address::without(package));
        let all: Vec<_> = extras.chain(files).chain(packages).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// A value that differs when what is installed may. It holds no credentials, which change more often.
    pub(crate) fn contents(&self) -> Value {
        let digests: Vec<_> = self.requirements.iter().map(|given| &given.digest).collect();
        let packages: Vec<_> = self.packages.iter().map(|package| address::without(package)).collect();
        json!({ "extras": self.extras, "packages": packages, "requirements": digests })
    }
}

fn words(lines: &[String]) -> impl Iterator<Item = &str> {
    lines.iter().flat_map(|line| line.split([',', ' '])).filter(|word| !word.is_empty())
}

fn name(input: &str, text: &str) -> Result<String> {
    // `hatch==1.14` is taken for a tool as well.
    let name = text.split("==").next().unwrap_or_default();
    let is_name = !name.is_empty() && !name.starts_with(['-', '.', '_']);
    if is_name && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte)) {
        return Ok(text.to_owned());
    }
    Err(Error::input(format!("input {input}: {text:?} is not a valid name"))
        .hint("Write names such as grpc, separated by commas, spaces or lines."))
}
