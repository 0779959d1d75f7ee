//! Where the version of a Bento comes from.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use actions_core::action::inputs::choice;
use actions_core::action::{Context, FromInput, InputSpec, Kind};
use actions_core::process::Command;
use actions_core::programs::find_on_path;
use actions_core::{Error, Result};

use crate::variables::GIT_OPTIONAL_LOCKS;

/// A repository that takes longer to say its commit stands on a file server that is silent.
const DEADLINE: Duration = Duration::from_secs(60);
/// Characters of a commit: the same in every clone, where git's own short form is not.
const SHORT: usize = 12;

/// Where the version of a Bento comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VersionFrom {
    /// BentoML makes one.
    #[default]
    Random,
    /// All that goes into the Bento.
    Digest,
    /// The commit: its tag, else its SHA.
    Git,
    /// The input `version`.
    Input,
}

/// Where a Bento may be that makes a build needless.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SkipIfExists {
    /// Nobody looks.
    #[default]
    None,
    /// In the local store.
    Local,
    /// In the local store, else in the cloud.
    Cloud,
}

impl fmt::Display for VersionFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "random",
            Self::Digest => "digest",
            Self::Git => "git",
            Self::Input => "input",
        })
    }
}

impl FromInput for VersionFrom {
    const KIND: Kind = Kind::Choice(&["random", "digest", "git", "input"]);

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        let choices = [("random", Self::Random), ("digest", Self::Digest), ("git", Self::Git), ("input", Self::Input)];
        choice(spec, value, &choices)
    }
}

impl FromInput for SkipIfExists {
    const KIND: Kind = Kind::Choice(&["none", "local", "cloud"]);

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        choice(spec, value, &[("none", Self::None), ("local", Self::Local), ("cloud", Self::Cloud)])
    }
}

impl VersionFrom {
    /// The choice of the two inputs: a version that is given applies.
    ///
    /// # Errors
    /// They contradict each other.
    pub(crate) fn of(self, version: Option<&str>) -> Result<Self> {
        match (self, version) {
            (Self::Random | Self::Input, Some(_)) => Ok(Self::Input),
            (Self::Input, None) => Err(Error::input("input version-from: input needs the input version")
                .hint("Set version, or let version-from be random, digest or git.")),
            (from @ (Self::Digest | Self::Git), Some(_)) => {
                Err(Error::input(format!("input version-from: {from} and the input version contradict each other"))
                    .hint("Leave one of them out."))
            }
            (from, None) => Ok(from),
        }
    }
}

/// The version of a checkout: the tag of its commit, else the SHA; with `-dirty` where files that git knows were changed.
///
/// # Errors
/// There is no git, no repository or no commit; or the tag makes no version.
pub(super) async fn of_checkout(context: &Path, ctx: &Context) -> Result<String> {
    let program = find_on_path(&ctx.env, "git").ok_or_else(|| {
        Error::input("input version-from: git needs the git program, and there is none on PATH")
            .hint("Install git in the job, or choose another version-from.")
    })?;
    let git = async |arguments: &[&str]| {
        let command = Command::new(&program).inherit(&ctx.env).args(arguments).current_dir(context);
        // It only looks: nothing is written into the repository.
        let asked = command.env(GIT_OPTIONAL_LOCKS, "0").deadline(DEADLINE).output(&ctx.cancel).await?;
        Ok::<_, Error>(asked.trim().to_owned())
    };
    let failed = |error: Error| match ctx.cancel.is_cancelled() {
        true => error,
        false => Error::input(format!("input version-from: git does not say the commit of {}", context.display()))
            .hint(
                "Check the repository out first (actions/checkout); in a container, git must trust the folder \
                 (`git config --global --add safe.directory …`).",
            )
            .caused_by(error),
    };
    let commit = git(&["rev-parse", "--verify", "HEAD"]).await.map_err(failed)?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", "."]).await.map_err(failed)?;
    let tag = git(&["describe", "--tags", "--exact-match", "HEAD"]).await;
    if ctx.cancel.is_cancelled() {
        return Err(Error::cancelled());
    }
    let named = tag.unwrap_or_else(|_| short(&commit).to_owned());
    Ok(of_name(&if changed.is_empty() { named } else { format!("{named}-dirty") }))
}

/// The version of a clone: the tag that was fetched, else the SHA.
///
/// # Errors
/// git did not write down what it fetched.
pub(super) fn of_clone(root: &Path) -> Result<String> {
    // Source: git's `builtin/fetch.c`: `SHA <tab> [not-for-merge] <tab> tag 'v1' of URL`.
    let fetched = actions_core::text::read(&root.join(".git/FETCH_HEAD"))?;
    let line = fetched.lines().next().unwrap_or_default();
    let tag = line.split_once("\ttag '").and_then(|(_, rest)| rest.split_once("' of ")).map(|(tag, _)| tag);
    Ok(of_name(tag.unwrap_or_else(|| short(line))))
}

fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}

/// A version has small letters, digits, `-`, `_` and `.`.
fn of_name(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let text: String = name.to_ascii_lowercase().chars().map(allowed).collect();
    text.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_make_versions() {
        for (tag, version) in [("v1.2.0", "v1.2.0"), ("Release/1.0+cu", "release-1.0-cu"), ("_a_", "a")] {
            assert_eq!(of_name(tag), version);
        }
    }

    #[test]
    fn a_version_that_is_given_applies_and_contradictions_are_refused() {
        assert_eq!(VersionFrom::Random.of(Some("1")).unwrap(), VersionFrom::Input);
        assert_eq!(VersionFrom::Git.of(None).unwrap(), VersionFrom::Git);
        assert!(VersionFrom::Input.of(None).is_err());
        assert!(VersionFrom::Git.of(Some("1")).unwrap_err().to_string().contains("contradict"));
    }
}
