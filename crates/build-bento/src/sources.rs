//! Where the project's packages come from, and by which hashes they are known.

use std::collections::BTreeMap;

use actions_core::{Cause, Error, Result, address};
use bento_format::Project;
use serde::Deserialize;

const INDEX: &str = "--index-url ";
const EXTRA_INDEX: &str = "--extra-index-url ";

/// The options of a project's requirements that say what may be installed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Sources {
    /// Lines of a file of requirements: `--index-url …`, `--extra-index-url …`, `--find-links …`, `--no-index`.
    #[serde(default, rename = "sources")]
    lines: Vec<String>,
    #[serde(default)]
    hashed: Vec<Hashed>,
    /// Does the project say by its hash what may be installed?
    #[serde(default)]
    requires_hashes: bool,
}

/// A requirement with its hashes.
#[derive(Debug, Clone, Deserialize)]
struct Hashed {
    /// As the project writes it, without them.
    line: String,
    /// As uv writes it when it is resolved.
    locked: String,
    /// `--hash=… --hash=…`
    hashes: String,
}

impl Sources {
    /// Those of the whole project: its build configuration's come first. uv takes one `--index-url`; any more of them are
    /// asked besides.
    pub(crate) fn of(self, project: &Project) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for line in project.python.sources.iter().map(|line| line.value.clone()).chain(self.lines) {
            let is_second = lines.iter().any(|one| one.starts_with(INDEX) && *one != line);
            let line = match line.strip_prefix(INDEX) {
                Some(index) if is_second => format!("{EXTRA_INDEX}{index}"),
                _ => line,
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        Self { lines, ..self }
    }

    /// Masks the credentials of all addresses.
    pub(crate) fn mask(&self) {
        self.lines.iter().for_each(|line| address::mask(line));
    }

    /// The lines that say where packages come from.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// May another index than the project's be asked for any version of a package? Who names an index may have packages whose
    /// names others can take.
    pub(crate) fn is_open(&self) -> bool {
        self.lines.is_empty() && !self.requires_hashes
    }

    /// Must all that is installed have a hash?
    pub(crate) fn requires_hashes(&self) -> bool {
        self.requires_hashes
    }

    /// The versions that hashes are known for, but for packages that the environment has (`name==version`).
    pub(crate) fn constraints<'a>(&'a self, there: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let name = |pin: &'a str| pin.split("==").next().unwrap_or(pin);
        let known = self.hashed.iter().filter(|one| one.locked.contains("==") && !one.locked.contains('@'));
        known
            .filter(move |one| !there.iter().any(|pin| name(pin).eq_ignore_ascii_case(name(&one.locked))))
            .map(|one| one.line.as_str())
    }

    /// Adds its hashes to each line that uv resolved.
    ///
    /// # Errors
    /// A line has none.
    pub(crate) fn with_hashes(&self, locked: &[String]) -> Result<Vec<String>> {
        if !self.requires_hashes {
            return Ok(locked.to_vec());
        }
        let known: BTreeMap<_, _> = self.hashed.iter().map(|one| (one.locked.as_str(), one.hashes.as_str())).collect();
        let lines = locked.iter().filter(|line| !line.starts_with('-')).map(|line| match known.get(line.as_str()) {
            Some(hashes) => Ok(format!("{line} {hashes}")),
            None => Err(Error::new(
                Cause::Build,
                format!(
                    "failed to install {line} for this build: the project's requirements have hashes, and none for it"
                ),
            )
            .hint(
                "Add the package with its hashes (pip-compile --generate-hashes), or install it in a step before (the \
                 setup action), where you decide what is checked.",
            )),
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(line: &str, locked: &str) -> Hashed {
        Hashed { line: line.into(), locked: locked.into(), hashes: "--hash=sha256:0".into() }
    }

    #[test]
    fn the_index_of_the_configuration_stays_the_first() {
        let lines = ["--index-url https://a", "--index-url https://a", "--index-url https://b", "--no-index"];
        let sources = Sources { lines: lines.map(str::to_owned).to_vec(), ..Sources::default() };
        let folder = tempfile::tempdir().unwrap();
        let project = Project::read(folder.path(), None, &actions_core::Env::default()).unwrap();
        let sources = sources.of(&project);
        let lines: Vec<_> = sources.lines().collect();
        assert_eq!(lines, ["--index-url https://a", "--extra-index-url https://b", "--no-index"]);
        assert!(!sources.is_open() && Sources::default().is_open());
    }

    #[test]
    fn what_has_no_hash_is_refused_where_one_has() {
        let sources = Sources {
            hashed: vec![hashed("A.b==1 ; python_version > '3'", "a-b==1"), hashed("c==2", "c==2")],
            requires_hashes: true,
            ..Sources::default()
        };
        assert_eq!(sources.with_hashes(&["a-b==1".into()]).unwrap(), ["a-b==1 --hash=sha256:0"]);
        assert!(sources.with_hashes(&["a-b==2".into()]).unwrap_err().full_text().contains("a-b==2"));
        assert_eq!(sources.constraints(&["c==3"]).collect::<Vec<_>>(), ["A.b==1 ; python_version > '3'"]);
    }
}
