//! What is installed besides BentoML.

use std::fs;
use std::path::{Path, PathBuf};

use bento_core::{Cause, Error, Result};
use sha2::{Digest, Sha256};

use crate::Inputs;

/// Extras of BentoML, files of requirements, packages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct More {
    /// Extras of BentoML.
    pub extras: Vec<String>,
    /// Files of requirements, and the digest of each.
    pub requirements: Vec<(PathBuf, String)>,
    /// Requirements, as packaging.python.org's dependency specifiers write them.
    pub packages: Vec<String>,
}

impl More {
    /// What the inputs ask for.
    ///
    /// # Errors
    /// When a file cannot be read, or a package is an option of a command line.
    pub(crate) fn of(inputs: &Inputs, workspace: &Path) -> Result<Self> {
        let extras = words(&inputs.extras).map(|extra| name("extras", extra)).collect::<Result<Vec<_>>>()?;
        let requirements = inputs.requirements.iter().map(|file| digest(workspace.join(file)));
        let packages = inputs.packages.iter().map(|package| requirement(package));
        let tools = words(&inputs.tools).map(|tool| name("tools", tool));
        Ok(Self {
            extras,
            requirements: requirements.collect::<Result<_>>()?,
            packages: packages.chain(tools).collect::<Result<_>>()?,
        })
    }

    /// Is nothing asked for?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In a sentence.
    pub(crate) fn describe(&self) -> Option<String> {
        let files = self.requirements.iter().map(|(file, _)| file.display().to_string());
        let extras = self.extras.iter().map(|extra| format!("its extra {extra}"));
        let all: Vec<_> = extras.chain(files).chain(self.packages.iter().cloned()).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// For uv's command line.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = String> {
        let files = self.requirements.iter();
        let files = files.flat_map(|(file, _)| ["--requirements".to_owned(), file.to_string_lossy().into_owned()]);
        files.chain(self.packages.iter().cloned())
    }

    /// A text that differs when what is installed may.
    pub(crate) fn contents(&self) -> String {
        let digests = self.requirements.iter().map(|(_, digest)| digest.as_str());
        let packages = self.packages.iter().map(String::as_str);
        digests.chain(packages).chain(self.extras.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
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
    Err(Error::input(format!("input {input}: {text:?} is no name"))
        .hint("Write names such as grpc, separated by commas, spaces or lines."))
}

fn requirement(text: &str) -> Result<String> {
    if text.starts_with('-') {
        return Err(Error::input(format!("input packages: {text:?} is an option, not a package"))
            .hint("Write one requirement per line, such as numpy>=2; files of requirements go into `requirements`."));
    }
    Ok(text.to_owned())
}

fn digest(file: PathBuf) -> Result<(PathBuf, String)> {
    let bytes = fs::read(&file).map_err(|error| {
        Error::new(Cause::Input, format!("input requirements: failed to read {}", file.display()))
            .caused_by(error)
            .hint("Write the path of a file in the workspace; is the repository checked out before this step?")
    })?;
    let digest = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((file, digest))
}
