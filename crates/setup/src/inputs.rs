//! The inputs of the action.

/// Where [`crate::BentomlVersion::Main`] is the main branch of, unless the user says otherwise.
pub(crate) const REPOSITORY: &str = "https://github.com/bentoml/BentoML";

bento_core::inputs! {
    /// Inputs of setup.
    pub struct Inputs {
        /// The version of BentoML: empty for the latest that can be installed, `main` for the main branch of its
        /// repository, else an exact version.
        bentoml_version: String => input("bentoml-version"),
        /// The version of Python: exact, `3.11` or `3.x`; of several lines the first that fits. Empty for any current
        /// one.
        python_version: Vec<String> => input("python-version"),
        /// A file that names the version of Python, such as `.python-version`; read when `python-version` is empty.
        python_version_file: String => input("python-version-file"),
        /// The architecture of Python: `x64`, `x86` or `arm64`. Empty for this machine's.
        architecture: String => input("architecture"),
        /// Keep the finished environment in the cache of GitHub Actions, and take it from there: `true` or `false`; `pip`
        /// is taken for `true`.
        cache: String => input("cache").default("true"),
        /// The git repository of BentoML for `bentoml-version: main`, such as a fork or a mirror.
        bentoml_repository: String => input("bentoml-repository").default(REPOSITORY),
        /// Only print what would be done.
        dry_run: bool => input("dry-run").default("false"),
    }
}
