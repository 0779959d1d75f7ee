//! What is installed besides BentoML.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bento_core::{Cause, Error, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::moving::{is_moving, value};
use crate::{Inputs, credentials};

/// Extras of BentoML, files of requirements, packages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct More {
    /// Extras of BentoML.
    pub extras: Vec<String>,
    /// Files of requirements, and the digest of each with all that it includes.
    pub requirements: Vec<(PathBuf, String)>,
    /// Lines of a file of requirements.
    pub packages: Vec<String>,
    /// May one of them be another thing the next time, whatever it is called?
    pub moving: bool,
}

impl More {
    /// What the inputs ask for. Credentials in it are masked from here on.
    ///
    /// # Errors
    /// When a file cannot be read, or a package is an option of a command line.
    pub(crate) fn of(inputs: &Inputs, workspace: &Path) -> Result<Self> {
        let mut more = Self {
            extras: words(&inputs.extras).map(|extra| name("extras", extra)).collect::<Result<_>>()?,
            ..Self::default()
        };
        for file in &inputs.requirements {
            more.add_file(workspace.join(file), "input requirements")?;
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
    pub(crate) fn add_file(&mut self, file: PathBuf, of: &str) -> Result<()> {
        let (digest, moving) = digest_file(&file, of)?;
        self.moving |= moving;
        self.requirements.push((file, digest));
        Ok(())
    }

    /// Adds a requirement; `of` says whose wish it is.
    ///
    /// # Errors
    /// When it is an option.
    pub(crate) fn add_package(&mut self, package: String, of: &str) -> Result<()> {
        if package.starts_with('-') {
            let shown = credentials::without(&package);
            return Err(Error::input(format!("{of}: {shown:?} is an option, not a package")).hint(
                "Write one requirement per line, such as numpy>=2; files of requirements go into `requirements`.",
            ));
        }
        self.add_line(package);
        Ok(())
    }

    /// Adds a line of a file of requirements. Credentials in it are masked from here on.
    pub(crate) fn add_line(&mut self, line: String) {
        credentials::mask(&line);
        self.moving |= is_moving(&line);
        self.packages.push(line);
    }

    /// Is nothing asked for?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In a sentence.
    pub(crate) fn describe(&self) -> Option<String> {
        let files = self.requirements.iter().map(|(file, _)| file.display().to_string());
        let extras = self.extras.iter().map(|extra| format!("its extra {extra}"));
        let packages = self.packages.iter().map(|package| credentials::without(package));
        let all: Vec<_> = extras.chain(files).chain(packages).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// A value that differs when what is installed may. It holds no credentials, which change more often.
    pub(crate) fn contents(&self) -> Value {
        let digests: Vec<_> = self.requirements.iter().map(|(_, digest)| digest).collect();
        let packages: Vec<_> = self.packages.iter().map(|package| credentials::without(package)).collect();
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
    Err(Error::input(format!("input {input}: {text:?} is no name"))
        .hint("Write names such as grpc, separated by commas, spaces or lines."))
}

/// The digest of a file of requirements with those that it includes. Does it name something that moves? `of` says whose wish it is.
///
/// # Errors
/// When one of them cannot be read.
pub(crate) fn digest_file(file: &Path, of: &str) -> Result<(String, bool)> {
    let mut hasher = Sha256::new();
    let moving = digest(file, of, &mut hasher, &mut BTreeSet::new())?;
    Ok((hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), moving))
}

/// Digests a file of requirements with those that it includes, and masks the credentials in it. Does it name something
/// that moves?
fn digest(file: &Path, of: &str, hasher: &mut Sha256, seen: &mut BTreeSet<PathBuf>) -> Result<bool> {
    if !seen.insert(file.to_owned()) {
        return Ok(false);
    }
    let bytes = fs::read(file).map_err(|error| {
        Error::new(Cause::Input, format!("{of}: failed to read {}", file.display()))
            .caused_by(error)
            .hint("Write the path of a file in the workspace; is the repository checked out before this step?")
    })?;
    let text = String::from_utf8_lossy(&bytes);
    credentials::mask(&text);
    hasher.update(credentials::without(&text));
    let mut moving = false;
    for line in text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim()) {
        match value(line, &["--requirement", "--constraint", "-r", "-c"]) {
            // At an address stands what somebody may change.
            Some(name) if name.contains("://") => moving = true,
            Some(name) => {
                let name = file.parent().unwrap_or(Path::new("")).join(name);
                moving |= digest(&name, &format!("{of}: {}", file.display()), hasher, seen)?;
            }
            None => moving |= is_moving(line),
        }
    }
    Ok(moving)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Result<More> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        let mut more = More::default();
        more.add_file(folder.path().join("a.txt"), "input requirements")?;
        more.requirements[0].0 = PathBuf::new();
        Ok(more)
    }

    #[test]
    fn what_is_included_counts_and_credentials_do_not() {
        let one = of(&[("a.txt", "-r b.txt\n--constraint=c.txt\r\n"), ("b.txt", "x==1\n-r a.txt"), ("c.txt", "")]);
        let one = one.unwrap();
        for (file, text) in [("b.txt", "x==2\n-r a.txt"), ("c.txt", "y==1")] {
            let files = [("a.txt", "-r b.txt\n--constraint=c.txt\r\n"), ("b.txt", "x==1\n-r a.txt"), ("c.txt", "")];
            let changed: Vec<_> = files.into_iter().map(|at| if at.0 == file { (file, text) } else { at }).collect();
            assert_ne!(of(&changed).unwrap(), one, "{file}");
        }
        let with = |secret: &str| of(&[("a.txt", &format!("--index-url https://t:{secret}@h/simple\nx"))]).unwrap();
        assert_eq!(with("first-s3cret"), with("other-s3cret"));
        let error = of(&[("a.txt", "-r missing.txt")]).unwrap_err().full_text();
        assert!(error.contains("a.txt: failed to read") && error.contains("missing.txt"), "{error}");
    }

    #[test]
    fn files_with_what_may_be_another_thing_are_moving() {
        assert!(!of(&[("a.txt", "-r b.txt"), ("b.txt", "numpy # ./x")]).unwrap().moving);
        for text in ["numpy\n-e ./lib # ours\n", "-r https://h/r.txt", "--constraint=https://h/c.txt", "-r b.txt"] {
            assert!(of(&[("a.txt", text), ("b.txt", "x @ git+https://h/x@main")]).unwrap().moving, "{text}");
        }
    }
}
