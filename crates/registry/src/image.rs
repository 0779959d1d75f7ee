//! Names of images: `[registry/]repository[:tag]`.

use std::fmt;
use std::str::FromStr;

use bento_core::{Error, Result};

/// Docker Hub, as names write it.
pub(crate) const HUB: &str = "docker.io";

/// The name of an image with its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where it is.
    pub repository: Repository,
    /// `latest` where none was written.
    pub tag: String,
}

/// A registry and a name in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    /// Host and port; `docker.io` for names without one.
    pub registry: String,
    /// The name in the registry.
    pub name: String,
    /// Does the registry speak plain HTTP? One on this machine does, as docker assumes too.
    pub plain: bool,
}

impl FromStr for Image {
    type Err = Error;

    /// Reads a name as docker does: the first part is a registry where it has a dot, a colon, or is `localhost`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::input(format!("{text:?} is no name of an image: {why}"))
                .hint("Write registry/repository:tag, such as ghcr.io/owner/name:latest.")
        };
        if text.contains('@') {
            return Err(wrong("a digest cannot be pushed to"));
        }
        let (registry, path) = match text.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (HUB, text),
        };
        let (path, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        let name = if registry == HUB && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let part = |part: &str| part.chars().all(inner) && part.starts_with(edge) && part.ends_with(edge);
        if !name.split('/').all(part) {
            return Err(wrong("a repository consists of lower-case letters, digits, '.', '_', '-' and '/'"));
        }
        let in_tag = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if tag.is_empty() || tag.len() > 128 || !tag.chars().all(in_tag) || tag.starts_with(['.', '-']) {
            return Err(wrong("a tag consists of up to 128 letters, digits, '.', '_' and '-'"));
        }
        let registry = if registry == "index.docker.io" { HUB } else { registry };
        let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
        let plain = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        Ok(Self { repository: Repository { registry: registry.to_owned(), name, plain }, tag: tag.to_owned() })
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}

impl Repository {
    /// Where the registry's API is.
    pub fn endpoint(&self) -> String {
        let address = if self.registry == HUB { "registry-1.docker.io" } else { &self.registry };
        format!("{}://{address}", if self.plain { "http" } else { "https" })
    }

    /// A registry's name as names of images are read: an address of Docker Hub is `docker.io`.
    pub fn registry_of(text: &str) -> &str {
        let text = text.trim_start_matches("https://").trim_start_matches("http://");
        let host = text.split('/').next().unwrap_or_default();
        if matches!(host, "" | "index.docker.io" | "registry-1.docker.io") { HUB } else { host }
    }

    /// The key of the registry in docker's config.json.
    pub fn login_key(registry: &str) -> &str {
        if registry == HUB { "https://index.docker.io/v1/" } else { registry }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_does() {
        for (text, expected, endpoint) in [
            ("python:3.11", "docker.io/library/python:3.11", "https://registry-1.docker.io"),
            ("a/b", "docker.io/a/b:latest", "https://registry-1.docker.io"),
            ("ghcr.io/a/b/c:V1.2", "ghcr.io/a/b/c:V1.2", "https://ghcr.io"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "http://127.0.0.1:5000"),
            ("localhost/x:1", "localhost/x:1", "http://localhost"),
        ] {
            let image: Image = text.parse().unwrap();
            assert_eq!((image.to_string().as_str(), image.repository.endpoint().as_str()), (expected, endpoint));
        }
        for wrong in ["", "A/b", "a/b:", "a/b:c:d", "x@sha256:00", "ghcr.io/", "a//b", "a b"] {
            assert!(wrong.parse::<Image>().is_err(), "{wrong:?}");
        }
    }
}
