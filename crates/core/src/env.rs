//! The environment, read once; the names that this suite reads or sets, declared once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A snapshot of environment variables, byte for byte: names and values need not be UTF-8.
#[derive(Debug, Clone, Default)]
pub struct Env(BTreeMap<OsString, OsString>);

impl Env {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// The variable, where it is set, not empty, and UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    /// The variable, where it is set, empty or not, and UTF-8.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(OsStr::to_str)
    }

    /// The variable as it is, where it is set.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(self.known(name.as_ref()).as_os_str()).map(OsString::as_os_str)
    }

    /// The variable as a path, where it is set and not empty.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Is the variable set to `true` or `1`?
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }

    /// Sets a variable in this snapshot; the process's own environment stays as it is.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = self.known(&name.into());
        self.0.insert(name, value.into());
    }

    /// The name as it is spelt here: on Windows `PATH` and `Path` are one variable.
    fn known(&self, name: &OsStr) -> OsString {
        let spelt = if cfg!(windows) { self.0.keys().find(|known| known.eq_ignore_ascii_case(name)) } else { None };
        spelt.map_or_else(|| name.to_owned(), Clone::clone)
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Set to `true` by GitHub's runner.
pub const GITHUB_ACTIONS: &str = "GITHUB_ACTIONS";
/// The file that outputs are appended to.
pub const GITHUB_OUTPUT: &str = "GITHUB_OUTPUT";
/// The file that environment variables for later steps are appended to.
pub const GITHUB_ENV: &str = "GITHUB_ENV";
/// The file that PATH entries for later steps are appended to.
pub const GITHUB_PATH: &str = "GITHUB_PATH";
/// The file that state for the post step is appended to.
pub const GITHUB_STATE: &str = "GITHUB_STATE";
/// The file that the step's Markdown summary is appended to.
pub const GITHUB_STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// The folder that the job works in.
pub const GITHUB_WORKSPACE: &str = "GITHUB_WORKSPACE";
/// The file that holds the event's payload.
pub const GITHUB_EVENT_PATH: &str = "GITHUB_EVENT_PATH";
/// The job's temporary folder, emptied by the runner before and after the job.
pub const RUNNER_TEMP: &str = "RUNNER_TEMP";
/// The folder of tools that outlive a job, such as the versions of Python that setup-python installs.
pub const RUNNER_TOOL_CACHE: &str = "RUNNER_TOOL_CACHE";
/// `1` where the user asked for debug logging.
pub const RUNNER_DEBUG: &str = "RUNNER_DEBUG";
/// The token of the cache service, which the runner gives to actions and not to `run:` steps.
pub const ACTIONS_RUNTIME_TOKEN: &str = "ACTIONS_RUNTIME_TOKEN";

/// The name of the event, such as `push`.
pub const GITHUB_EVENT_NAME: &str = "GITHUB_EVENT_NAME";
/// The branch or tag that the workflow runs for, such as `refs/heads/main`.
pub const GITHUB_REF: &str = "GITHUB_REF";
/// Owner and name of the repository.
pub const GITHUB_REPOSITORY: &str = "GITHUB_REPOSITORY";
/// The number of the workflow run.
pub const GITHUB_RUN_ID: &str = "GITHUB_RUN_ID";
/// The address of GitHub, such as `https://github.com`.
pub const GITHUB_SERVER_URL: &str = "GITHUB_SERVER_URL";
/// The commit that the workflow runs for.
pub const GITHUB_SHA: &str = "GITHUB_SHA";
/// `github-hosted` or `self-hosted`.
pub const RUNNER_ENVIRONMENT: &str = "RUNNER_ENVIRONMENT";
/// The address of the cache service.
pub const ACTIONS_RESULTS_URL: &str = "ACTIONS_RESULTS_URL";
/// What a job may do with the cache: `read`, `write-only` or `none`; absent where it may do all.
pub const ACTIONS_CACHE_MODE: &str = "ACTIONS_CACHE_MODE";
/// The certificates of authorities to trust, in one file.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
/// Set where a program should print no colors.
pub const NO_COLOR: &str = "NO_COLOR";
/// Set where a program should print colors, to whatever it prints.
pub const FORCE_COLOR: &str = "FORCE_COLOR";
/// Likewise.
pub const CLICOLOR_FORCE: &str = "CLICOLOR_FORCE";
/// Options of node, which the runner lets no step set.
pub const NODE_OPTIONS: &str = "NODE_OPTIONS";
/// Windows' folder of a user's settings.
pub const APPDATA: &str = "APPDATA";
/// The user's folder, on Unix.
pub const HOME: &str = "HOME";
/// The user's folder, on Windows.
pub const USERPROFILE: &str = "USERPROFILE";
/// The folders of programs.
pub const PATH: &str = "PATH";
/// The user's folder of caches, on Linux.
pub const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
/// The machine's folders of settings, on Linux.
pub const XDG_CONFIG_DIRS: &str = "XDG_CONFIG_DIRS";
/// The user's folder of settings, on Linux.
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// The user's folder of data, on Linux.
pub const XDG_DATA_HOME: &str = "XDG_DATA_HOME";
/// The user's folder of sockets, on Linux.
pub const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// The older name of [`RUNNER_TOOL_CACHE`].
pub const AGENT_TOOLSDIRECTORY: &str = "AGENT_TOOLSDIRECTORY";
/// Who started the workflow.
pub const GITHUB_ACTOR: &str = "GITHUB_ACTOR";
/// Windows' folder of the machine's settings.
pub const PROGRAMDATA: &str = "PROGRAMDATA";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_absent_but_can_be_told_apart() {
        let env: Env = [("A", ""), ("B", "1")].into_iter().collect();
        assert_eq!((env.get("A"), env.raw("A"), env.get("B"), env.raw("C")), (None, Some(""), Some("1"), None));
        assert!(env.flag("B") && !env.flag("A"));
    }
}
