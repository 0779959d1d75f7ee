//! Fetches a git context: one commit, without its history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use actions_core::action::Context;
use actions_core::process::{Command, describe};
use actions_core::programs::find_on_path;
use actions_core::runner::{console, mask};
use actions_core::{Context as _, Env, Error, Result};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use crate::source::GitContext;
use crate::variables;

/// A fetch that takes longer waits for a server that is silent.
const DEADLINE: Duration = Duration::from_secs(1800);

/// A clone, removed when dropped.
#[derive(Debug)]
pub(crate) struct Clone {
    /// Keeps the folder alive.
    _temporary: tempfile::TempDir,
    /// The repository's root.
    pub(crate) root: PathBuf,
    /// The build context inside it.
    pub(crate) context: PathBuf,
}

/// Fetches the context into a temporary folder.
///
/// # Errors
/// When there is no git, the repository or the reference cannot be fetched, or the folder is not in it.
pub(crate) async fn fetch(git: &GitContext, ctx: &Context) -> Result<Clone> {
    let program = find_on_path(&ctx.env, "git").ok_or_else(|| {
        Error::input("input context: a git URL needs the git program, and there is none on PATH")
            .hint("Install git in the job, or check the repository out with actions/checkout.")
    })?;
    let temporary = ctx.temp_dir("build-bento-context-")?;
    let root = temporary.path().join("repository");
    let _group = console::group(&format!("Fetch {}", git.shown()));
    let reference = git.reference.as_deref().unwrap_or("HEAD");
    let (url, settings) = without_credentials(&git.url, &ctx.env);
    let run = async |folder: &Path, arguments: &[&str]| {
        let command = Command::new(&program).inherit(&ctx.env).args(arguments).current_dir(folder);
        // A question for a password would wait for ever.
        let command = command
            .env(variables::GIT_TERMINAL_PROMPT, "0")
            .env(variables::GCM_INTERACTIVE, "never")
            .deadline(DEADLINE);
        let command = settings.iter().fold(command, |command, (name, value)| command.env(name, value));
        let ended = command.stream(&ctx.cancel).await?;
        if ended.status.success() {
            return Ok(());
        }
        let said = ended.tail.iter().rev().find(|line| line.contains("fatal:") || line.contains("error:"));
        Err(Error::input(format!(
            "failed to fetch {reference} of {}: {}",
            git.shown(),
            said.cloned().unwrap_or_else(|| format!("git ended with {}", describe(ended.status)))
        ))
        .hint(
            "Check the URL and the reference; a private repository needs credentials that git can use without asking.",
        ))
    };
    std::fs::create_dir(&root).context(|| format!("failed to make {}", root.display()))?;
    run(&root, &["init", "--quiet"]).await?;
    run(&root, &["fetch", "--quiet", "--depth", "1", "--", &url, reference]).await?;
    run(&root, &["-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD"]).await?;
    if root.join(".gitmodules").is_file() {
        // Relative URLs of submodules start from the remote.
        run(&root, &["remote", "add", "origin", &url]).await?;
        run(&root, &["submodule", "update", "--quiet", "--init", "--recursive", "--depth", "1"]).await?;
    }
    let context = context_in(&root, git)?;
    Ok(Clone { _temporary: temporary, root, context })
}

/// The URL without its user and password, and the variables that make git send them to that server all the same. So they
/// are neither on a command line nor in the clone's configuration, which the service could read.
fn without_credentials(url: &str, env: &Env) -> (String, Vec<(String, String)>) {
    let Ok(mut bare) = Url::parse(url) else { return (url.to_owned(), Vec::new()) };
    let given = !bare.username().is_empty() || bare.password().is_some();
    if !given || !matches!(bare.scheme(), "http" | "https") {
        return (url.to_owned(), Vec::new());
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(bare.username()), decoded(bare.password().unwrap_or_default()));
    let header = BASE64_STANDARD.encode(format!("{user}:{password}"));
    mask::add(&SecretString::from(header.as_str()));
    // Neither fails: the URL has a host.
    let _ = bare.set_username("").and_then(|()| bare.set_password(None));
    let index: usize = env.get(variables::GIT_CONFIG_COUNT).and_then(|count| count.parse().ok()).unwrap_or_default();
    let origin = bare.origin().ascii_serialization();
    let settings = vec![
        (variables::GIT_CONFIG_COUNT.to_owned(), index.saturating_add(1).to_string()),
        (format!("GIT_CONFIG_KEY_{index}"), format!("http.{origin}/.extraHeader")),
        (format!("GIT_CONFIG_VALUE_{index}"), format!("Authorization: Basic {header}")),
    ];
    (bare.into(), settings)
}

/// The folder of the context; links in the repository do not lead out of it.
fn context_in(root: &Path, git: &GitContext) -> Result<PathBuf> {
    let Some(folder) = &git.folder else { return Ok(root.to_owned()) };
    let context = root.join(folder);
    let inside = match (context.canonicalize(), root.canonicalize()) {
        (Ok(context), Ok(root)) => context.starts_with(root) && context.is_dir(),
        _ => false,
    };
    if inside {
        return Ok(context);
    }
    Err(Error::input(format!("input context: there is no folder {folder} in {}", git.shown()))
        .hint("Write https://host/repo.git#ref:folder, with the folder as it is at that reference."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_handed_over_in_the_environment_alone() {
        let env: Env = [("GIT_CONFIG_COUNT", "2")].into_iter().collect();
        let (url, settings) = without_credentials("https://x-access-token:p%40ss@host.example/a/b.git", &env);
        assert_eq!(url, "https://host.example/a/b.git");
        let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            settings,
            [
                ("GIT_CONFIG_COUNT", "3"),
                ("GIT_CONFIG_KEY_2", "http.https://host.example/.extraHeader"),
                ("GIT_CONFIG_VALUE_2", "Authorization: Basic eC1hY2Nlc3MtdG9rZW46cEBzcw=="),
            ]
        );
        for plain in ["https://host.example/a.git", "git@host.example:a.git", "ssh://git@host.example/a.git"] {
            assert_eq!(without_credentials(plain, &env), (plain.to_owned(), Vec::new()));
        }
    }
}
