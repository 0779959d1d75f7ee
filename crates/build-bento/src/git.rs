//! Fetches a git context: one commit, without its history.

use std::path::{Path, PathBuf};

use bento_core::action::Context;
use bento_core::process::{Command, describe};
use bento_core::python::find_on_path;
use bento_core::runner::console;
use bento_core::{Context as _, Error, Result};

use crate::source::GitContext;

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
    let _group = console::group(&format!("Fetch {}", git.url));
    let reference = git.reference.as_deref().unwrap_or("HEAD");
    let run = async |folder: &Path, arguments: &[&str]| {
        let command = Command::new(&program).inherit(&ctx.env).args(arguments).current_dir(folder);
        // A question for a password would wait for ever.
        let command = command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never");
        let ended = command.stream(&ctx.cancel).await?;
        if ended.status.success() {
            return Ok(());
        }
        let said = ended.tail.iter().rev().find(|line| line.contains("fatal:") || line.contains("error:"));
        Err(Error::input(format!(
            "failed to fetch {reference} of {}: {}",
            git.url,
            said.cloned().unwrap_or_else(|| format!("git ended with {}", describe(ended.status)))
        ))
        .hint(
            "Check the URL and the reference; a private repository needs credentials that git can use without asking.",
        ))
    };
    std::fs::create_dir(&root).context(|| format!("failed to make {}", root.display()))?;
    run(&root, &["init", "--quiet"]).await?;
    run(&root, &["fetch", "--quiet", "--depth", "1", "--", &git.url, reference]).await?;
    run(&root, &["-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD"]).await?;
    if root.join(".gitmodules").is_file() {
        // Relative URLs of submodules start from the remote.
        run(&root, &["remote", "add", "origin", &git.url]).await?;
        run(&root, &["submodule", "update", "--quiet", "--init", "--recursive", "--depth", "1"]).await?;
    }
    let context = context_in(&root, git)?;
    Ok(Clone { _temporary: temporary, root, context })
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
    Err(Error::input(format!("input context: there is no folder {folder} in {}", git.url))
        .hint("Write https://host/repo.git#ref:folder, with the folder as it is at that reference."))
}
