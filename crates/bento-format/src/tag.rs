//! Tags: `name:version`.

use std::fmt;
use std::str::FromStr;

use actions_core::{Error, Result};

/// The name of a Bento or model, and which version of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    name: String,
    version: Option<String>,
}

impl Tag {
    /// A tag with a version.
    pub fn new(name: &str, version: &str) -> Result<Self> {
        format!("{name}:{version}").parse()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version as written; `None` and `latest` ask for the newest.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The version, unless the tag asks for the newest.
    pub fn exact_version(&self) -> Option<&str> {
        self.version().filter(|version| *version != "latest")
    }

    /// The same name with this version.
    pub fn with_version(&self, version: &str) -> Result<Self> {
        Self::new(&self.name, version)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| write!(f, ":{version}"))
    }
}

impl FromStr for Tag {
    type Err = Error;

    /// Reads `name` or `name:version`, as BentoML does: upper case is lowered, one colon, at most 63 characters each.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: String| {
            Error::input(format!("{text:?} is not a valid tag: {why}"))
                .hint("Write name:version, such as summarization:latest.")
        };
        let lower = text.to_lowercase();
        let (name, version) = match lower.split_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (lower.as_str(), None),
        };
        for (what, part) in [("name", Some(name)), ("version", version)] {
            let Some(part) = part else { continue };
            if part.is_empty() {
                return Err(wrong(format!("its {what} is empty")));
            }
            if part.len() > 63 {
                return Err(wrong(format!("its {what} is longer than 63 characters")));
            }
            let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            let inner = |c: char| edge(c) || matches!(c, '-' | '.' | '_');
            if !part.chars().all(inner) || !part.starts_with(edge) || !part.ends_with(edge) {
                return Err(wrong(format!(
                    "its {what} must consist of letters, digits, '-', '_' and '.', with a letter or digit at both ends"
                )));
            }
        }
        Ok(Self { name: name.to_owned(), version: version.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_bentoml_s_grammar() {
        let tag: Tag = "My_Svc:Abc.1".parse().unwrap();
        assert_eq!((tag.name(), tag.version()), ("my_svc", Some("abc.1")));
        assert_eq!("a".parse::<Tag>().unwrap().to_string(), "a");
        for wrong in ["", ":", "a:", ":b", "a:b:c", "-a", "a_", "a b", "a/b", "../x", &"x".repeat(64)] {
            assert!(wrong.parse::<Tag>().is_err(), "{wrong:?}");
        }
        assert_eq!("a:latest".parse::<Tag>().unwrap().exact_version(), None);
    }
}
