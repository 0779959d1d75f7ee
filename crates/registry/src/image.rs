//! Names of images: `[registry/]repository[:tag]`.

use std::fmt;
use std::str::FromStr;

use actions_core::{Error, Result};

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
            Error::input(format!("{text:?} is not a name of an image: {why}"))
                .hint("Write registry/repository:tag, such as ghcr.io/owner/name:latest.")
        };
        if text.contains('@') {
            return Err(wrong("a digest cannot be pushed to"));
        }
        let (registry, path) = match text.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (HUB, text),
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            return Err(wrong("it is an address").hint(format!("Write {rest}, without {scheme}://.")));
        }
        let (path, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        if path.contains(':') {
            return Err(wrong("it has more than one tag")
                .hint("Take one away; where tag-rules make the tags, images has none."));
        }
        let name = if registry == HUB && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        if !name.split('/').all(is_part) {
            let lower = name.to_lowercase();
            if lower.split('/').all(is_part) {
                let written = format!("{registry}/{lower}");
                return Err(wrong("a repository's name is in lower case").hint(format!(
                    "Write {written}:{tag}; or set images and tag-rules in place of tags, which put names in lower case."
                )));
            }
            return Err(wrong(
                "each part of a repository's name consists of lower-case letters and digits, with one '.', one or two '_', \
                 or any number of '-' between them",
            )
            .hint(format!("Write {registry}/{}:{tag}.", sanitized(&name))));
        }
        if name.len().saturating_add(registry.len()) > LONGEST {
            return Err(wrong("it is longer than 255 characters"));
        }
        if !is_host(registry) {
            return Err(wrong("the registry is not a host with or without a port"));
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

/// The longest name, the registry's included.
const LONGEST: usize = 255;

/// A part of a repository's name, between slashes.
///
/// Source: the grammar of names in the OCI distribution specification, "Pulling manifests".
fn is_part(part: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = part.split(word).filter(|text| !text.is_empty());
    part.starts_with(word) && part.ends_with(word) && separators.into_iter().all(is_separator)
}

fn is_separator(text: &str) -> bool {
    matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

/// A name with or without a domain's dots, an address, each with or without a port.
fn is_host(registry: &str) -> bool {
    let (host, port) = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port),
        None => registry.split_at(registry.find(':').unwrap_or(registry.len())),
    };
    let port = port.strip_prefix(':').map_or(port.is_empty(), |port| !port.is_empty() && port.parse::<u16>().is_ok());
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let label =
        |label: &str| label.chars().all(inner) && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let numbers = registry.starts_with('[') && host.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
    port && (numbers || host.split('.').all(label))
}

/// The nearest text that is a repository's name: in lower case, with `-` in place of what has no place in it.
pub fn sanitized(name: &str) -> String {
    let part = |part: &str| {
        let (mut text, mut between) = (String::new(), String::new());
        for c in part.to_lowercase().chars() {
            if !c.is_ascii_lowercase() && !c.is_ascii_digit() {
                between.push(c);
                continue;
            }
            if !between.is_empty() && !text.is_empty() {
                text.push_str(if is_separator(&between) { &between } else { "-" });
            }
            between.clear();
            text.push(c);
        }
        text
    };
    let parts: Vec<_> = name.split('/').map(part).filter(|part| !part.is_empty()).collect();
    parts.join("/")
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

    #[test]
    fn names_obey_the_grammar_of_the_distribution_specification() {
        for right in ["a.b/c", "a/b_c", "a/b__c", "a/b---c", "r.x:5000/a/1", "[::1]:5000/a", "a/b:_x", "a/b:1.0-RC"] {
            assert!(right.parse::<Image>().is_ok(), "{right:?}");
        }
        for wrong in ["a/b-_c", "a/b..c", "a/b___c", "a/-b", "a/b.", "a/b._c", "r.x:/a", "r.x:99999/a", "-r.x/a", "a/ü"]
        {
            assert!(wrong.parse::<Image>().is_err(), "{wrong:?}");
        }
        assert!(format!("a/{}", "b".repeat(260)).parse::<Image>().is_err());
    }

    #[test]
    fn the_way_out_of_a_wrong_name_is_told() {
        let told = |name: &str| name.parse::<Image>().unwrap_err().full_text();
        let capitals = told("ghcr.io/AcmeOrg/MyRepo:latest");
        for part in ["lower case", "Write ghcr.io/acmeorg/myrepo:latest", "images and tag-rules"] {
            assert!(capitals.contains(part), "{capitals}");
        }
        assert!(told("ghcr.io/acme/acme-_chat:v1").contains("Write ghcr.io/acme/acme-chat:v1."));
        let twice = told("127.0.0.1:5000/acme/x:v1:sha-0123456");
        assert!(twice.contains("more than one tag") && twice.contains("images has none"), "{twice}");
        assert!(told("https://ghcr.io/a/b:c").contains("Write ghcr.io/a/b:c, without https://."));
        for (name, expected) in [("acme-_chat", "acme-chat"), ("A.B__c", "a.b__c"), ("_x_", "x"), ("ü/-a", "a")] {
            assert_eq!(sanitized(name), expected);
        }
    }
}
