//! Environment variables of Python, pip and uv.

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
/// Set where Python writes its output at once.
pub const PYTHONUNBUFFERED: &str = "PYTHONUNBUFFERED";
/// The encoding of Python's output.
pub const PYTHONIOENCODING: &str = "PYTHONIOENCODING";
/// Folders that Python looks for modules in before its own.
pub const PYTHONPATH: &str = "PYTHONPATH";
