//! The `context` input: which of its three forms it is.

use std::fmt;

use actions_core::address;
use actions_core::address::Ambiguous;
use actions_core::{Error, Result};
use url::Url;

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

impl GitContext {
    /// The URL without credentials.
    pub fn shown(&self) -> String {
        address::without_whole(&self.url)
    }
}

impl Source {
    /// Reads the input. A password in a URL is masked from here on.
    ///
    /// # Errors
    /// An address that git does not take, or that holds credentials in a form that would show them; a reference or a
    /// folder that cannot be one.
    pub fn parse(context: &str) -> Result<Self> {
        let context = if context.is_empty() { "." } else { context };
        if !is_git_url(context) {
            return match context.split_once("://") {
                // The rest may hold a password.
                Some((scheme, _)) => Err(Error::input(format!(
                    "input context: an address that begins with {scheme:?} is neither a folder nor a git URL"
                ))
                .hint("Write a folder, or https://host/repo.git#ref:folder.")),
                None => Ok(Self::Local(context.to_owned())),
            };
        }
        check_credentials(context)?;
        let (url, fragment) = context.split_once('#').unwrap_or((context, ""));
        address::mask_whole(url);
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
                write!(f, "{}", git.shown())?;
                git.reference.iter().try_for_each(|reference| write!(f, " at {reference}"))?;
                git.folder.iter().try_for_each(|folder| write!(f, ", folder {folder}"))
            }
        }
    }
}

fn is_git_url(context: &str) -> bool {
    let schemes = ["https://", "http://", "ssh://", "git://", "file://", "git@"];
    schemes.iter().any(|scheme| starts_with(context, scheme))
}

/// Schemes are written in any case.
fn starts_with(context: &str, scheme: &str) -> bool {
    context.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Refuses credentials that would be shown, or handed to a program as an argument; what is said shows nothing of them.
fn check_credentials(context: &str) -> Result<()> {
    if address::check(context).is_err() {
        return Err(Error::input(format!("input context: the git URL {Ambiguous}")));
    }
    let is_http = ["https://", "http://"].iter().any(|scheme| starts_with(context, scheme));
    if !is_http && Url::parse(context).is_ok_and(|url| url.password().is_some()) {
        return Err(Error::input(
            "input context: the git URL holds a password, which only https takes from an address",
        )
        .hint("Use https with a token, or let ssh take a key (ssh-agent)."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(context: &str) -> GitContext {
        match Source::parse(context).unwrap() {
            Source::Git(git) => git,
            other => panic!("{other:?} is not a git context"),
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
    fn credentials_that_would_be_shown_are_refused_without_showing_them() {
        for context in [
            "https://u:sec#retpart@host.example/x.git",
            "https://u:sec?retpart@host.example/x.git",
            "https://u:sec/retpart@host.example/x.git",
            "HTTPS://u:sec#retpart@host.example/x.git#main",
            "ssh://u:secretpart@host.example/x.git",
            "git://u:secretpart@host.example/x.git",
            "git+https://u:secretpart@host.example/x.git",
        ] {
            let text = Source::parse(context).unwrap_err().full_text();
            assert!(!text.contains("sec") && !text.contains("retpart"), "{text}");
        }
        let source = Source::parse("https://me:wh0le-secret@host.example/x.git#v1").unwrap();
        assert_eq!(source.to_string(), "https://host.example/x.git at v1");
        assert!(Source::parse("ssh://git@host.example/x.git").is_ok());
    }

    #[test]
    fn a_token_in_a_url_is_masked() {
        Source::parse("https://x-access-token:ghs_sourcetoken@example.com/a.git").unwrap();
        assert_eq!(actions_core::runner::mask::redact("ghs_sourcetoken"), "***");
    }
}
