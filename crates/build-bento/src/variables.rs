//! Environment variables of git.

/// How many settings `GIT_CONFIG_KEY_<n>` and `GIT_CONFIG_VALUE_<n>` give to git.
pub(crate) const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";
/// `0` keeps git from asking for a password.
pub(crate) const GIT_TERMINAL_PROMPT: &str = "GIT_TERMINAL_PROMPT";
/// `never` keeps git's credential manager from asking.
pub(crate) const GCM_INTERACTIVE: &str = "GCM_INTERACTIVE";
/// `0` keeps git from writing into a repository that it only looks at.
pub(crate) const GIT_OPTIONAL_LOCKS: &str = "GIT_OPTIONAL_LOCKS";
