//! The inputs of the action.

use std::time::Duration;

use python_env::Architecture;
use secrecy::SecretString;

/// Where [`crate::BentomlVersion::Main`] is the main branch of, unless the user says otherwise.
pub(crate) const REPOSITORY: &str = "https://github.com/bentoml/BentoML";

actions_core::inputs! {
    /// Inputs of setup.
    pub struct Inputs {
        /// The version of BentoML: empty for the one that the chosen Python has, else the latest that can be installed; an exact
        /// version, a range such as `1.4.*` or `>=1.4,<1.5`, `main` or a tag (`v1.4.39`) or a commit of its repository, or an
        /// address (`git+https://…@ref`, a wheel).
        bentoml_version: String => input("bentoml-version"),
        /// The version of Python: exact, `3.11`, `3.x` or a range; of several lines the first that fits. Empty for that of
        /// `python-version-file`, else of `.python-version` in the workspace, else any current one.
        python_version: Vec<String> => input("python-version"),
        /// A file that names the version of Python: `.python-version`, `pyproject.toml`, `.tool-versions`, `Pipfile` or
        /// `mise.toml`; read when `python-version` is empty.
        python_version_file: Option<String> => input("python-version-file"),
        /// The architecture of Python: `x64`, `x86` or `arm64`. Empty for this machine's.
        architecture: Option<Architecture> => input("architecture"),
        /// Where a Python that the machine lacks is downloaded from, in place of the releases of python-build-standalone:
        /// an `https://`, `http://` or `file://` address. Credentials in it are masked, and on no command line.
        python_mirror: Option<String> => input("python-mirror"),
        /// Keep the finished environment for later jobs, and take it from there: in the cache of GitHub Actions, on
        /// self-hosted runners in their tool cache. `true` or `false`; `pip` is taken for `true`.
        cache: String => input("cache").default("true"),
        /// Extras of BentoML to install, such as `grpc`: separated by commas, spaces or lines.
        extras: Vec<String> => input("extras"),
        /// Files of requirements to install besides, one per line.
        requirements: Vec<String> => input("requirements"),
        /// Packages to install besides, one requirement per line.
        packages: Vec<String> => input("packages"),
        /// Tools to install besides, such as `hatch towncrier`: separated by commas, spaces or lines.
        tools: Vec<String> => input("tools"),
        /// Install what the project asks for, too: its build configuration, its pyproject.toml, the image of its service.
        install_project_dependencies: bool => input("install-project-dependencies").default("false"),
        /// The folder of the project, for `install-project-dependencies` and for what `requires-python` says.
        context: String => input("context").default("."),
        /// Compile what is installed to bytecode, for a quicker start of all that uses it.
        compile_bytecode: bool => input("compile-bytecode").default("true"),
        /// The package index, in place of the usual one. Credentials in it are masked, and on no command line.
        index_url: Option<String> => input("index-url"),
        /// Further package indexes, one per line; they are asked first.
        extra_index_url: Vec<String> => input("extra-index-url"),
        /// The exact version of uv, 0.7.3 or newer. Empty for the one on PATH, else a pinned one.
        uv_version: Option<String> => input("uv-version"),
        /// Seconds that downloading and installing may take: uv, Python and the packages each.
        install_timeout: Duration => input("install-timeout").default("1800"),
        /// The git repository of BentoML for `main`, tags and commits, such as a fork or a mirror.
        bentoml_repository: String => input("bentoml-repository").default(REPOSITORY),
        /// API token of BentoCloud or Yatai: checked, and handed to later steps as BENTO_CLOUD_API_KEY.
        cloud_api_token: Option<SecretString> => input("cloud-api-token"),
        /// Endpoint URL of BentoCloud or Yatai, for later steps BENTO_CLOUD_API_ENDPOINT. Empty for BentoCloud's own.
        cloud_endpoint: Option<String> => input("cloud-endpoint"),
        /// Sets BENTOML_DO_NOT_TRACK for later steps: `true` or `false`. Empty to leave it as it is.
        do_not_track: Option<bool> => input("do-not-track"),
        /// Only print what would be done.
        dry_run: bool => input("dry-run").default("false"),
    }
}
