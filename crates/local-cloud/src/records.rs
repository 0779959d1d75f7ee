//! What is remembered: repositories, Bentos, models, Deployments. One JSON file each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bentos and models live in repositories of the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Bento,
    Model,
}

impl Kind {
    /// The word in object keys and in answers.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bento => "bento",
            Self::Model => "model",
        }
    }
}

/// A repository: all versions of one name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Repository {
    pub uid: String,
    pub kind: Kind,
    pub name: String,
    pub description: String,
    pub created_at: String,
    pub updated_at: String,
}

/// One version of a Bento or model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Artifact {
    pub uid: String,
    pub kind: Kind,
    pub repository: String,
    pub version: String,
    pub description: String,
    pub labels: Vec<Label>,
    pub manifest: Value,
    pub build_at: String,
    pub created_at: String,
    pub updated_at: String,
    /// pending, uploading, success or failed.
    pub upload_status: String,
    pub upload_started_at: Option<String>,
    pub upload_finished_at: Option<String>,
    pub upload_finished_reason: String,
}

impl Artifact {
    /// `name:version`.
    pub(crate) fn tag(&self) -> String {
        format!("{}:{}", self.repository, self.version)
    }

    /// Key in the object storage. By uid, not by tag: the storage turns keys into file names, and a tag may be
    /// too long for one.
    pub(crate) fn object_key(&self) -> String {
        format!("{}s/{}.tar", self.kind.word(), self.uid)
    }

    /// A model that lives on a hub: only the reference is kept, there is never content.
    pub(crate) fn is_hub_reference(&self) -> bool {
        self.manifest["metadata"]["registry"] == "huggingface"
    }
}

/// A label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

/// A Deployment with all its revisions, the newest last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub uid: String,
    pub name: String,
    pub dev: bool,
    pub created_at: String,
    pub updated_at: String,
    /// A status word of the API: deploying, running, failed, terminating, terminated.
    pub status: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// Port of the server process; survives updates and restarts.
    pub port: u16,
    /// Whether there should be a process: false once terminated.
    pub wanted: bool,
    pub revisions: Vec<Revision>,
}

/// One configuration a Deployment had.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Revision {
    pub uid: String,
    pub created_at: String,
    /// uid of the Bento.
    pub bento: String,
    /// The request without bento, name and dev.
    pub config: Value,
}

impl Revision {
    /// Would a process of the other revision run the same? Labels are for people.
    pub(crate) fn runs_like(&self, other: &Self) -> bool {
        let without_labels = |config: &Value| {
            let mut config = config.clone();
            config["labels"] = Value::Null;
            config
        };
        self.bento == other.bento && without_labels(&self.config) == without_labels(&other.config)
    }
}

impl Deployment {
    /// The configuration that counts.
    pub(crate) fn latest(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// A new identifier.
pub(crate) fn new_uid() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Now, as the API writes it (RFC 3339, UTC, microseconds).
pub(crate) fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}
