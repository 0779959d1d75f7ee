//! The `context` input: which of its three forms it is.

use std::fmt;

use bento_core::runner::mask;
use bento_core::{Error, Result};
use secrecy::SecretString;

/// Where the project is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder, or a service in the working directory (`module:Service`, `service.py`): told apart on disk.
    Local(String),
    /// A git repository, cloned for this build.
    Git(GitContext),
}

/// A git context: `URL#ref:folder`, as Docker writes them; ref and folder may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitContext {
    /// What `git` fetches from.
    pub url: String,
    /// A branch, a tag or a commit.
    pub reference: Option<String>,
    /// The build context inside the repository.
    pub folder: Option<String>,
}

impl Source {
    /// Reads the input. A password in a URL is masked from here on.
    pub fn parse(context: &str) -> Result<Self> {
        let context = if context.is_empty() { "." } else { context };
        if !is_git_url(context) {
            return Ok(Self::Local(context.to_owned()));
        }
        let (url, fragment) = context.split_once('#').unwrap_or((context, ""));
        mask_credentials(url);
        let (reference, folder) = fragment.split_once(':').unwrap_or((fragment, ""));
        let wrong = |what: &str, why: &str| {
            Error::input(format!("input context: {what} {why}")).hint("Write https://host/repo.git#ref:folder.")
        };
        if reference.starts_with('-') {
            return Err(wrong(&format!("the git reference {reference:?}"), "starts with a hyphen"));
        }
        if folder.split(['/', '\\']).any(|part| part == "..") {
            return Err(wrong(&format!("the folder {folder:?}"), "leads out of the repository"));
        }
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(Self::Git(GitContext {
            url: url.to_owned(),
            reference: given(reference),
            folder: given(folder.trim_matches('/')),
        }))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => f.write_str(path),
            Self::Git(git) => {
                write!(f, "{}", git.url)?;
                git.reference.iter().try_for_each(|reference| write!(f, " at {reference}"))?;
                git.folder.iter().try_for_each(|folder| write!(f, ", folder {folder}"))
            }
        }
    }
}

fn is_git_url(context: &str) -> bool {
    let schemes = ["https://", "http://", "ssh://", "git://", "file://", "git@"];
    schemes.iter().any(|scheme| context.starts_with(scheme))
}

/// `https://user:password@host`, `https://token@host`.
fn mask_credentials(url: &str) {
    let Some(authority) = url.split_once("://").and_then(|(_, rest)| rest.split('/').next()) else { return };
    let Some((user, _)) = authority.rsplit_once('@') else { return };
    if url.starts_with("http") {
        let secret = user.split_once(':').map_or(user, |(_, password)| password);
        mask::add(&SecretString::from(secret));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(context: &str) -> GitContext {
        match Source::parse(context).unwrap() {
            Source::Git(git) => git,
            other => panic!("{other:?} is no git context"),
        }
    }

    #[test]
    fn git_contexts_are_read_as_docker_reads_them() {
        let plain = git("https://example.com/a/b.git");
        assert_eq!((plain.url.as_str(), plain.reference, plain.folder), ("https://example.com/a/b.git", None, None));
        let full = git("git@example.com:a/b.git#v1.2:services/api");
        assert_eq!(full.url, "git@example.com:a/b.git");
        assert_eq!((full.reference.as_deref(), full.folder.as_deref()), (Some("v1.2"), Some("services/api")));
        let folder = git("https://example.com/b.git#:api");
        assert_eq!((folder.reference, folder.folder.as_deref()), (None, Some("api")));
    }

    #[test]
    fn everything_else_is_local() {
        for context in [".", "my project", "service:Svc", "/abs/path", "C:\\project"] {
            assert_eq!(Source::parse(context).unwrap(), Source::Local(context.to_owned()));
        }
        assert_eq!(Source::parse("").unwrap(), Source::Local(".".to_owned()));
    }

    #[test]
    fn what_could_be_an_option_or_leave_the_repository_is_refused() {
        for context in ["https://x/y.git#--upload-pack=z", "https://x/y.git#main:a/../../b"] {
            assert!(Source::parse(context).unwrap_err().full_text().contains("input context"));
        }
    }

    #[test]
    fn a_token_in_a_url_is_masked() {
        Source::parse("https://x-access-token:ghs_sourcetoken@example.com/a.git").unwrap();
        assert_eq!(mask::redact("ghs_sourcetoken"), "***");
    }
}
