//! Which BentoML is wanted.

use std::fmt;
use std::str::FromStr;

use actions_core::{Error, address};
use python_env::{Version, VersionSpecifiers, range_parts};
use url::Url;

/// The oldest that serves as "latest": the original action's bound.
const OLDEST: [u64; 3] = [1, 0, 25];
/// Digits of a commit, as git shows them at least.
const SHORTEST_COMMIT: usize = 7;

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
    /// The latest of these that can be installed; one that is there already will do.
    Range(VersionSpecifiers),
    /// This tag or commit of the repository.
    Ref(String),
    /// What is at this address: a wheel, an archive, `git+https://…`.
    Address(String),
}

impl BentomlVersion {
    /// Is this installed version what is wanted? What a name or an address stands for may have moved: nothing installed is it.
    pub fn is_satisfied_by(&self, installed: &Version) -> bool {
        match self {
            Self::Latest => *installed >= Version::new(OLDEST),
            Self::Main | Self::Ref(_) | Self::Address(_) => false,
            Self::Exact(version) => installed == version,
            Self::Range(range) => range.contains(installed),
        }
    }

    /// Is there exactly one version that will do, known before anything is looked up?
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// Does it come from the repository?
    pub fn is_of_repository(&self) -> bool {
        matches!(self, Self::Main | Self::Ref(_))
    }

    /// Is it a version or a range of versions, of which a resolver can tell the one?
    pub fn is_released(&self) -> bool {
        matches!(self, Self::Latest | Self::Exact(_) | Self::Range(_))
    }

    /// The requirement to install, as packaging.python.org's dependency specifiers write it.
    pub fn requirement(&self, extras: &[String], repository: &str) -> String {
        let name = if extras.is_empty() { "bentoml".to_owned() } else { format!("bentoml[{}]", extras.join(",")) };
        match self {
            Self::Latest => format!("{name}>={}", Version::new(OLDEST)),
            Self::Main => format!("{name} @ git+{repository}@main"),
            Self::Exact(version) => format!("{name}=={version}"),
            Self::Range(range) => format!("{name}{range}"),
            Self::Ref(name_in_git) => format!("{name} @ git+{repository}@{name_in_git}"),
            Self::Address(address) => format!("{name} @ {address}"),
        }
    }
}

impl fmt::Display for BentomlVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Main => f.write_str("main"),
            Self::Exact(version) => version.fmt(f),
            Self::Range(range) => range.fmt(f),
            Self::Ref(name) => f.write_str(name),
            Self::Address(text) => f.write_str(&address::without_whole(text)),
        }
    }
}

impl FromStr for BentomlVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let refused = || {
            Error::input(format!("{:?} is not a version of BentoML", address::without_whole(text))).hint(
                "Leave it empty for the latest, or write an exact version such as 1.4.39, a range such as >=1.4,<1.5, \
                 main, a tag such as v1.4.39, a commit, or an address.",
            )
        };
        match text {
            "" => return Ok(Self::Latest),
            "main" => return Ok(Self::Main),
            _ => {}
        }
        let exact = text.strip_prefix("==").unwrap_or(text);
        if let Ok(version) = exact.trim().parse() {
            // `v1.4.39` would be a version too: people mean the tag.
            return Ok(if text.starts_with('v') { Self::Ref(text.to_owned()) } else { Self::Exact(version) });
        }
        let is_commit = text.len() >= SHORTEST_COMMIT && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_commit {
            return Ok(Self::Ref(text.to_owned()));
        }
        // With `bentoml==` before it, pip takes that for a range.
        let is_open = text.ends_with(".*") && text.starts_with(|first: char| first.is_ascii_digit());
        if is_open || text.starts_with(['<', '>', '=', '~', '!']) {
            let range = if is_open { format!("=={text}") } else { range_parts(text).join(",") };
            return range.parse().map(Self::Range).map_err(|error| refused().caused_by(error));
        }
        if ["git+https://", "git+ssh://", "git+file://", "https://", "file://"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            check_address(text.trim_start_matches("git+")).map_err(|why| Error::input(format!("the address {why}")))?;
            return Ok(Self::Address(text.to_owned()));
        }
        Err(refused())
    }
}

/// It stands in the log.
fn check_address(text: &str) -> Result<(), &'static str> {
    if address::check(text).is_err() {
        return Err("holds credentials, or what looks like them: give them to git or to the index instead");
    }
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    if url.password().is_some() || (!url.username().is_empty() && url.scheme() != "ssh") {
        return Err("holds credentials: give them to git or to the index instead");
    }
    if text.contains(char::is_whitespace) { Err("holds white space") } else { Ok(()) }
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
        assert_eq!("==1.4.39".parse::<BentomlVersion>().unwrap().requirement(&[], ""), "bentoml==1.4.39");
    }

    #[test]
    fn ranges_refs_and_addresses_become_requirements() {
        let extras = ["grpc".to_owned(), "io".to_owned()];
        for (text, requirement) in [
            (">=1.4, <1.5", "bentoml[grpc,io]>=1.4, <1.5"),
            (">=1.4 <1.5", "bentoml[grpc,io]>=1.4, <1.5"),
            (">= 1.4, < 1.5", "bentoml[grpc,io]>=1.4, <1.5"),
            ("==1.4.*", "bentoml[grpc,io]==1.4.*"),
            ("1.4.*", "bentoml[grpc,io]==1.4.*"),
            ("v1.4.39", "bentoml[grpc,io] @ git+https://r@v1.4.39"),
            ("0123abc", "bentoml[grpc,io] @ git+https://r@0123abc"),
            ("git+https://h/x@dev", "bentoml[grpc,io] @ git+https://h/x@dev"),
            ("https://h/bentoml-1-py3-none-any.whl", "bentoml[grpc,io] @ https://h/bentoml-1-py3-none-any.whl"),
        ] {
            let wanted: BentomlVersion = text.parse().unwrap();
            assert_eq!(wanted.requirement(&extras, "https://r"), requirement);
        }
        let range: BentomlVersion = ">=1.4,<1.5".parse().unwrap();
        assert!(range.is_satisfied_by(&version("1.4.9")) && !range.is_satisfied_by(&version("1.5")));
        let error = "https://me:s3cret@h/x.whl".parse::<BentomlVersion>().unwrap_err().full_text();
        assert!(error.contains("holds credentials") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn what_is_no_version_is_refused_with_the_forms_there_are() {
        for text in [
            "newest",
            "1.4.x",
            "1..4",
            ">=1.4 --pre",
            "1.4.39 --index-url=x",
            ">=1 x.*",
            "1 2.*",
            "$(id)",
            "-r x",
            "abcdefg",
        ] {
            let error = text.parse::<BentomlVersion>().unwrap_err();
            assert_eq!(error.cause(), actions_core::Cause::Input);
            assert!(error.full_text().contains(text) && error.full_text().contains("1.4.39"), "{text}");
        }
    }
}
