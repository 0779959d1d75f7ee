//! Which BentoML is wanted.

use std::fmt;
use std::str::FromStr;

use bento_core::Error;
use bento_core::python::Version;

/// The oldest that serves as "latest": the original action's bound.
const OLDEST: [u64; 3] = [1, 0, 25];

/// The wanted version of BentoML.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BentomlVersion {
    /// The latest that can be installed; one that is there already will do.
    #[default]
    Latest,
    /// The main branch of the repository.
    Main,
    /// This one.
    Exact(Version),
}

impl BentomlVersion {
    /// Is this installed version what is wanted? The main branch moves: nothing installed is it.
    pub fn is_satisfied_by(&self, installed: &Version) -> bool {
        match self {
            Self::Latest => *installed >= Version::new(OLDEST),
            Self::Main => false,
            Self::Exact(version) => installed == version,
        }
    }

    /// Is there exactly one version that will do, known before anything is looked up?
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// The requirement to install, as packaging.python.org's dependency specifiers write it.
    pub fn requirement(&self, repository: &str) -> String {
        match self {
            Self::Latest => format!("bentoml>={}", Version::new(OLDEST)),
            Self::Main => format!("bentoml @ git+{repository}@main"),
            Self::Exact(version) => format!("bentoml=={version}"),
        }
    }
}

impl fmt::Display for BentomlVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Main => f.write_str("main"),
            Self::Exact(version) => version.fmt(f),
        }
    }
}

impl FromStr for BentomlVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Ok(Self::Latest),
            "main" => Ok(Self::Main),
            text => text.trim_start_matches("==").parse().map(Self::Exact).map_err(|error| {
                Error::input(format!("input bentoml-version: {text:?} is no version of BentoML"))
                    .caused_by(error)
                    .hint("Leave it empty for the latest, or write main or an exact version such as 1.4.39.")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_compared_as_versions() {
        let exact: BentomlVersion = "1.4".parse().unwrap();
        assert!(exact.is_satisfied_by(&version("1.4.0")) && !exact.is_satisfied_by(&version("1.4.1")));
        assert!(BentomlVersion::Latest.is_satisfied_by(&version("1.0.25")));
        assert!(!BentomlVersion::Latest.is_satisfied_by(&version("1.0.9")));
        assert!(!BentomlVersion::Main.is_satisfied_by(&version("1.4.39")));
        assert_eq!("==1.4.39".parse::<BentomlVersion>().unwrap().requirement(""), "bentoml==1.4.39");
    }

    #[test]
    fn what_is_no_version_is_refused_with_the_forms_there_are() {
        for text in ["newest", "1.4.x", "1..4", ">=1.4", "1.4.39 --index-url=x", "$(id)"] {
            let error = text.parse::<BentomlVersion>().unwrap_err();
            assert_eq!(error.cause(), bento_core::Cause::Input);
            assert!(error.full_text().contains("bentoml-version") && error.full_text().contains("1.4.39"), "{text}");
        }
    }
}
