//! The version that is released, its tags, and what the changelog says of it.

use std::fmt;

use anyhow::{Context, Result, bail};

/// A version that has a release: three numbers, no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u64, u64, u64);

impl Version {
    /// Reads `1.2.3`, or the tag `v1.2.3`.
    ///
    /// # Errors
    ///
    /// It is anything else.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let numbers: Option<Vec<u64>> =
            text.strip_prefix('v').unwrap_or(text).split('.').map(|part| part.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[major, minor, patch]) => Ok(Self(major, minor, patch)),
            _ => bail!("{text:?} is not a valid version of the form 1.2.3"),
        }
    }

    /// Of the workspace.
    ///
    /// # Errors
    ///
    /// It has a pre-release part: such a version has no release.
    pub(super) fn of_workspace() -> Result<Self> {
        Self::parse(env!("CARGO_PKG_VERSION"))
    }

    /// The tag of this version alone.
    pub(super) fn tag(self) -> String {
        format!("v{self}")
    }

    /// The tag that moves from version to version: `v1`.
    pub(super) fn major_tag(self) -> String {
        format!("v{}", self.0)
    }

    /// Does the other version move the same major tag?
    pub(super) fn shares_major(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// What this changelog says under the version's heading.
    ///
    /// # Errors
    ///
    /// It has no such heading, or nothing under it.
    pub(super) fn notes(self, changelog: &str) -> Result<String> {
        let heading = format!("## [{self}]");
        let text: Vec<_> = changelog
            .lines()
            .skip_while(|line| !line.starts_with(&heading))
            .skip(1)
            .take_while(|line| !line.starts_with("## ["))
            .collect();
        let notes = text.join("\n").trim().to_owned();
        (!notes.is_empty()).then_some(notes).with_context(|| {
            format!("CHANGELOG.md says nothing under `{heading}`: give what is unreleased this heading and a date")
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers_in_their_order() {
        let version = Version::parse("v1.10.0").expect("a version");
        assert!(version > Version::parse("1.9.12").expect("a version"));
        assert_eq!((version.tag(), version.major_tag()), ("v1.10.0".into(), "v1".into()));
        for text in ["1.2", "v1", "1.2.3-rc.1", "1.2.3.4", "", "1.2.x"] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_notes_are_the_section_of_the_version() {
        let changelog =
            "# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-12-01\n\n### Added\n\n- a\n\n## [1.0.0]\n\n- b\n";
        let notes = |text: &str| Version::parse(text).expect("a version").notes(changelog);
        assert_eq!(notes("1.1.0").expect("it is there"), "### Added\n\n- a");
        assert_eq!(notes("1.0.0").expect("it is there"), "- b");
        assert!(notes("1.2.0").expect_err("no heading").to_string().contains("## [1.2.0]"));
    }
}
