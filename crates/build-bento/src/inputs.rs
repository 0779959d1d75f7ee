//! What the user sets under `with:`.

use std::collections::BTreeMap;

use bentocloud::variables;
use secrecy::SecretString;

use crate::Dependencies;
use crate::identity::{SkipIfExists, VersionFrom};

actions_core::inputs! {
    /// Inputs of build-bento.
    pub struct Inputs {
        /// Path of bentofile.yaml or pyproject.toml: relative to the context, else to the working directory.
        /// Empty: the one in the context, if any.
        bentofile: Option<String> => input("bentofile"),
        /// Version of the Bento. Empty: what version-from says.
        version: Option<String> => input("version"),
        /// Where the version comes from: BentoML makes one (`random`), all that goes into the Bento (`digest`), the tag or SHA of
        /// the commit (`git`), the input version (`input`, wherever that is set).
        version_from: VersionFrom => input("version-from").default("random"),
        /// Where a Bento is looked for that makes the build needless: in the local store (`local`), or there and in the cloud
        /// (`cloud`).
        skip_if_exists: SkipIfExists => input("skip-if-exists").default("none"),
        /// What to build: a folder, a git URL (`https://host/repo.git#ref:folder`), or a service of the working directory
        /// (`module:Service`).
        context: String => input("context").default("."),
        /// Name of the Bento. Empty: the one in the build configuration, else the service's.
        name: Option<String> => input("name"),
        /// Labels of the Bento, one `key=value` per line; they win over those of the build configuration.
        labels: BTreeMap<String, String> => input("bento-labels"),
        /// Arguments for the service (`bentoml.use_arguments`), one `key=value` per line.
        args: BTreeMap<String, String> => input("args"),
        /// What to do about packages that the project imports and this Python lacks: `auto` (do without them, and install for
        /// this build those that the Bento depends on), `install` (all that the project requires, for this build), `none`
        /// (fail).
        dependencies: Dependencies => input("dependencies").default("auto"),
        /// API token of BentoCloud, for models that the project names and this machine lacks.
        cloud_api_token: Option<SecretString> => input("cloud-api-token").env(variables::BENTO_CLOUD_API_KEY),
        /// Endpoint URL of BentoCloud or Yatai.
        cloud_endpoint: Option<String> => input("cloud-endpoint").env(variables::BENTO_CLOUD_API_ENDPOINT),
        /// Only look the project through, without any Python: errors fail the step, warnings do not.
        lint_only: bool => input("lint-only").default("false"),
        /// Print what would be done, and do nothing.
        dry_run: bool => input("dry-run").default("false"),
    }
}
