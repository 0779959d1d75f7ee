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

/// The API token of BentoCloud (bentoml ≥ 1.2.5).
pub const BENTO_CLOUD_API_KEY: &str = "BENTO_CLOUD_API_KEY";
/// The endpoint of BentoCloud, read together with [`BENTO_CLOUD_API_KEY`].
pub const BENTO_CLOUD_API_ENDPOINT: &str = "BENTO_CLOUD_API_ENDPOINT";
/// The root of the local store; `~/bentoml` where it is not set.
pub const BENTOML_HOME: &str = "BENTOML_HOME";
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
/// The address of the older cache service, for BuildKit's `type=gha` caches.
pub const ACTIONS_CACHE_URL: &str = "ACTIONS_CACHE_URL";
/// Set where BuildKit should use the newer cache service.
pub const ACTIONS_CACHE_SERVICE_V2: &str = "ACTIONS_CACHE_SERVICE_V2";
/// `True` switches BentoML's usage reports off.
pub const BENTOML_DO_NOT_TRACK: &str = "BENTOML_DO_NOT_TRACK";
/// BentoML's own name for the cache of Hugging Face.
pub const BENTOML_HF_CACHE_DIR: &str = "BENTOML_HF_CACHE_DIR";
/// The folder of docker's configuration; `~/.docker` where it is not set.
pub const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
/// The address of the engine.
pub const DOCKER_HOST: &str = "DOCKER_HOST";
/// The address of podman's engine.
pub const CONTAINER_HOST: &str = "CONTAINER_HOST";
/// The file of logins that buildah and podman read.
pub const REGISTRY_AUTH_FILE: &str = "REGISTRY_AUTH_FILE";
/// `1` keeps buildx from adding a provenance attestation by default.
pub const BUILDX_NO_DEFAULT_ATTESTATIONS: &str = "BUILDX_NO_DEFAULT_ATTESTATIONS";
/// The id of an AWS key.
pub const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// The secret of an AWS key.
pub const AWS_SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// The token of a temporary AWS key.
pub const AWS_SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// The address of AWS in place of the public one, for all services.
pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// The address of ECR in place of the public one.
pub const AWS_ENDPOINT_URL_ECR: &str = "AWS_ENDPOINT_URL_ECR";
/// The address of the public ECR in place of its own.
pub const AWS_ENDPOINT_URL_ECR_PUBLIC: &str = "AWS_ENDPOINT_URL_ECR_PUBLIC";
/// How many settings `GIT_CONFIG_KEY_<n>` and `GIT_CONFIG_VALUE_<n>` give to git.
pub const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";
/// `0` keeps git from asking for a password.
pub const GIT_TERMINAL_PROMPT: &str = "GIT_TERMINAL_PROMPT";
/// `never` keeps git's credential manager from asking.
pub const GCM_INTERACTIVE: &str = "GCM_INTERACTIVE";
/// The hub in place of huggingface.co.
pub const HF_ENDPOINT: &str = "HF_ENDPOINT";
/// The folder of Hugging Face's cache and token.
pub const HF_HOME: &str = "HF_HOME";
/// The cache's own folder, below [`HF_HOME`] where it is not set.
pub const HF_HUB_CACHE: &str = "HF_HUB_CACHE";
/// The older name of [`HF_HUB_CACHE`].
pub const HUGGINGFACE_HUB_CACHE: &str = "HUGGINGFACE_HUB_CACHE";
/// Set where nothing may be asked of the hub.
pub const HF_HUB_OFFLINE: &str = "HF_HUB_OFFLINE";
/// The older name of [`HF_HUB_OFFLINE`].
pub const TRANSFORMERS_OFFLINE: &str = "TRANSFORMERS_OFFLINE";
/// The hub's token.
pub const HF_TOKEN: &str = "HF_TOKEN";
/// The older name of [`HF_TOKEN`].
pub const HUGGING_FACE_HUB_TOKEN: &str = "HUGGING_FACE_HUB_TOKEN";
/// The file of the hub's token.
pub const HF_TOKEN_PATH: &str = "HF_TOKEN_PATH";
/// pip's setting `cert`.
pub const PIP_CERT: &str = "PIP_CERT";
/// pip's configuration file in place of the usual ones.
pub const PIP_CONFIG_FILE: &str = "PIP_CONFIG_FILE";
/// pip's setting `index-url`.
pub const PIP_INDEX_URL: &str = "PIP_INDEX_URL";
/// pip's setting `extra-index-url`.
pub const PIP_EXTRA_INDEX_URL: &str = "PIP_EXTRA_INDEX_URL";
/// pip's setting `no-index`.
pub const PIP_NO_INDEX: &str = "PIP_NO_INDEX";
/// pip's setting `no-binary`.
pub const PIP_NO_BINARY: &str = "PIP_NO_BINARY";
/// pip's setting `only-binary`.
pub const PIP_ONLY_BINARY: &str = "PIP_ONLY_BINARY";
/// pyenv's folder; `~/.pyenv` where it is not set.
pub const PYENV_ROOT: &str = "PYENV_ROOT";
/// The virtual environment that is active.
pub const VIRTUAL_ENV: &str = "VIRTUAL_ENV";
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
/// uv's files of constraints for building packages.
pub const UV_BUILD_CONSTRAINT: &str = "UV_BUILD_CONSTRAINT";
/// uv's configuration file in place of the usual ones.
pub const UV_CONFIG_FILE: &str = "UV_CONFIG_FILE";
/// uv's files of constraints.
pub const UV_CONSTRAINT: &str = "UV_CONSTRAINT";
/// uv's package index.
pub const UV_DEFAULT_INDEX: &str = "UV_DEFAULT_INDEX";
/// uv's further package indexes, by their older name.
pub const UV_EXTRA_INDEX_URL: &str = "UV_EXTRA_INDEX_URL";
/// Folders and pages where uv looks for packages as well.
pub const UV_FIND_LINKS: &str = "UV_FIND_LINKS";
/// How long uv waits for an answer, seconds.
pub const UV_HTTP_TIMEOUT: &str = "UV_HTTP_TIMEOUT";
/// uv's further package indexes.
pub const UV_INDEX: &str = "UV_INDEX";
/// uv's package index, by its older name.
pub const UV_INDEX_URL: &str = "UV_INDEX_URL";
/// How uv puts files into an environment: `copy`, `hardlink`, `clone` or `symlink`.
pub const UV_LINK_MODE: &str = "UV_LINK_MODE";
/// Set where uv builds packages in the environment itself.
pub const UV_NO_BUILD_ISOLATION: &str = "UV_NO_BUILD_ISOLATION";
/// Set where uv shows no progress.
pub const UV_NO_PROGRESS: &str = "UV_NO_PROGRESS";
/// Which prereleases uv takes.
pub const UV_PRERELEASE: &str = "UV_PRERELEASE";
/// `never` keeps uv from installing Python.
pub const UV_PYTHON_DOWNLOADS: &str = "UV_PYTHON_DOWNLOADS";
/// `0` keeps uv from linking a Python that it installs into the user's programs.
pub const UV_PYTHON_INSTALL_BIN: &str = "UV_PYTHON_INSTALL_BIN";
/// Where uv keeps the Pythons that it installs.
pub const UV_PYTHON_INSTALL_DIR: &str = "UV_PYTHON_INSTALL_DIR";
/// Where uv downloads Python from.
pub const UV_PYTHON_INSTALL_MIRROR: &str = "UV_PYTHON_INSTALL_MIRROR";
/// `0` keeps uv from registering a Python in Windows' registry.
pub const UV_PYTHON_INSTALL_REGISTRY: &str = "UV_PYTHON_INSTALL_REGISTRY";
/// Set where uv takes packages with a known hash alone.
pub const UV_REQUIRE_HASHES: &str = "UV_REQUIRE_HASHES";
/// The backend of PyTorch that uv chooses packages for.
pub const UV_TORCH_BACKEND: &str = "UV_TORCH_BACKEND";
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
/// The header that BuildKit sends when it fetches a git context.
pub const GIT_AUTH_HEADER: &str = "GIT_AUTH_HEADER";
/// The token that BuildKit sends when it fetches a git context.
pub const GIT_AUTH_TOKEN: &str = "GIT_AUTH_TOKEN";
/// Windows' folder of the machine's settings.
pub const PROGRAMDATA: &str = "PROGRAMDATA";
/// Set where Python writes its output at once.
pub const PYTHONUNBUFFERED: &str = "PYTHONUNBUFFERED";
/// The encoding of Python's output.
pub const PYTHONIOENCODING: &str = "PYTHONIOENCODING";

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
