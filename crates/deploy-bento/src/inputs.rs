//! What the user sets under `with:`.

use std::collections::BTreeMap;
use std::time::Duration;

use actions_core::Result;
use actions_core::action::inputs::choice;
use actions_core::action::{InputSpec, Kind};
use bentocloud::variables;
use build_bento::Dependencies;
use secrecy::SecretString;

/// Where the deployment configuration is looked for when the user says nothing.
pub(crate) const DEFAULT_CONFIG: &str = "deployment.json";

actions_core::inputs! {
    /// Inputs of deploy-bento.
    pub struct Inputs {
        /// API token of BentoCloud or Yatai.
        cloud_api_token: SecretString => input("cloud-api-token").required().env(variables::BENTO_CLOUD_API_KEY),
        /// Endpoint URL of BentoCloud or Yatai.
        cloud_endpoint: String => input("cloud-endpoint").required().env(variables::BENTO_CLOUD_API_ENDPOINT),
        /// What to do with the Deployment: `update` an existing one, `create` a new one, `apply` (create or replace),
        /// `skip` it (only push the Bento), `terminate` or `delete` it.
        action: Verb => input("action").default("update"),
        /// Name of the Deployment. Required unless the configuration sets it. Not needed for `skip`; for `create`, the cloud
        /// generates one.
        deployment_name: Option<String> => input("deployment-name"),
        /// Path of the deployment configuration, YAML or JSON; empty for none. Without the default file, `update` leaves the
        /// configuration alone; `create` and `apply` look for deployment.yaml, .yml and .json in the context, then in the
        /// workspace.
        deployment_config: String => input("deployment-config").default("deployment.json"),
        /// Build the Bento here (true), or deploy one that exists (false).
        build: bool => input("build").default("true"),
        /// What to build: a folder, a git URL, or a service of the working directory (`module:Service`).
        context: String => input("context").default("."),
        /// Version of the Bento that is built. Empty: generated.
        bento_version: Option<String> => input("bento-version"),
        /// What to do about packages that the service imports and the Python that builds lacks: `auto` (do without them, and
        /// install for the build those that the Bento depends on), `install` (all that the project requires, for the build),
        /// `none` (fail).
        dependencies: Dependencies => input("dependencies").default("auto"),
        /// The Bento to deploy when not building (`build: false`), of the local store or the cloud. Empty: the one that the
        /// configuration names, else the one that runs.
        bento_tag: Option<String> => input("bento-tag"),
        /// Labels of the Deployment, one `key=value` per line; they win over those of the configuration.
        labels: BTreeMap<String, String> => input("deployment-labels"),
        /// Wait until the Deployment is ready (or terminated), and fail if it never is.
        wait: bool => input("wait").default("true"),
        /// How long to wait: seconds, or with a unit (`90s`, `15m`, `1h`).
        wait_timeout: Duration => input("wait-timeout").default("3600"),
        /// Version of BentoML to build with, as in the setup action. Empty: the one that is installed, else the latest.
        bentoml_version: String => input("bentoml-version"),
        /// Version of Python to build with; applies only when no BentoML is installed yet.
        python_version: Vec<String> => input("python-version").default("3.11"),
        /// Print what would be done, and do nothing.
        dry_run: bool => input("dry-run").default("false"),
    }
}

/// What to do with the Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Make a new one.
    Create,
    /// Change an existing one: the configuration is merged over what it has.
    Update,
    /// Create it, or replace its configuration as a whole.
    Apply,
    /// Leave Deployments alone.
    Skip,
    /// End it.
    Terminate,
    /// Delete its record.
    Delete,
}

const VERBS: [(&str, Verb); 6] = [
    ("create", Verb::Create),
    ("update", Verb::Update),
    ("apply", Verb::Apply),
    ("skip", Verb::Skip),
    ("terminate", Verb::Terminate),
    ("delete", Verb::Delete),
];

impl Verb {
    /// Does it bring a Bento into the cloud?
    pub fn takes_bento(self) -> bool {
        !matches!(self, Self::Terminate | Self::Delete)
    }

    /// Does it say how a Deployment runs?
    pub(crate) fn configures(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Apply)
    }
}

impl actions_core::action::FromInput for Verb {
    const KIND: Kind = Kind::Choice(&["create", "update", "apply", "skip", "terminate", "delete"]);

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        choice(spec, value, &VERBS)
    }
}
