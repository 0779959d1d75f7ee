//! The API token and the keys of the object storage.

use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::disk;
use crate::error::StartError;

/// What `credentials.json` (mode 0600) holds.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// Token made on the first start; a token that was given from outside is never written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Key of the object storage. Kept, because unfinished multipart uploads belong to it.
    pub access_key: String,
    /// Secret of the object storage.
    pub secret_key: String,
}

impl Credentials {
    /// Reads the file, makes what is missing, and answers with the token that counts (`given` before the kept one).
    pub(crate) fn load(data_dir: &Path, given: Option<&str>) -> Result<(Self, String), StartError> {
        let path = data_dir.join("credentials.json");
        let kept: Option<Self> = disk::read_json(&path)?;
        let fresh = kept.is_none();
        let mut credentials =
            kept.unwrap_or_else(|| Self { token: None, access_key: random("key"), secret_key: random("") });
        let made = given.is_none() && credentials.token.is_none();
        if made {
            credentials.token = Some(random("local-"));
        }
        if fresh || made {
            disk::write_json(&path, &credentials).map_err(|source| StartError::File {
                attempt: "write",
                path,
                source,
            })?;
        }
        let token = given.map(str::to_owned).or_else(|| credentials.token.clone()).unwrap_or_default();
        Ok((credentials, token))
    }
}

/// Random letters from the system's generator (122 bits).
fn random(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::new_v4().simple())
}
