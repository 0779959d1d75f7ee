//! Signed addresses, in the shape of Azure's shared access signatures.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// How long an address is good for.
const VALID: Duration = Duration::from_secs(600);

/// What an address permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Read,
    Write,
}

impl Permission {
    const fn code(self) -> &'static str {
        match self {
            Self::Read => "r",
            Self::Write => "cw",
        }
    }
}

/// Signs addresses and checks them. The storage behind it is this process, so only this process must know the secret.
#[derive(Debug)]
pub(super) struct Signer {
    secret: String,
}

impl Signer {
    pub(super) fn new() -> Self {
        Self { secret: uuid::Uuid::new_v4().to_string() }
    }

    /// The query of an address that permits this on the blob at `path`.
    pub(super) fn query(&self, path: &str, permission: Permission) -> String {
        let until = (SystemTime::now() + VALID).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let signature = self.signature(path, permission.code(), until);
        // Base64 has three characters that a query would change.
        let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        format!("sv=2025-11-05&sr=b&sp={}&se={until}&sig={signature}", permission.code())
    }

    /// Whether the query permits this on the blob at `path`.
    pub(super) fn permits(&self, path: &str, query: &[(String, String)], permission: Permission) -> bool {
        let value = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let Some(until) = value("se").and_then(|until| until.parse::<u64>().ok()) else { return false };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        now <= until
            && value("sp") == Some(permission.code())
            && value("sig") == Some(self.signature(path, permission.code(), until).as_str())
    }

    fn signature(&self, path: &str, permission: &str, until: u64) -> String {
        BASE64_STANDARD.encode(Sha256::digest(format!("{}\n{path}\n{permission}\n{until}", self.secret)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Vec<(String, String)> {
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    #[test]
    fn an_address_is_good_for_its_blob_and_its_permission_only() {
        let signer = Signer::new();
        let query = parsed(&signer.query("/a", Permission::Write));
        assert!(signer.permits("/a", &query, Permission::Write));
        assert!(!signer.permits("/b", &query, Permission::Write));
        assert!(!signer.permits("/a", &query, Permission::Read));
        let later: Vec<_> = query
            .iter()
            .map(|(name, value)| (name.clone(), if name == "se" { "99999999999".into() } else { value.clone() }))
            .collect();
        assert!(!signer.permits("/a", &later, Permission::Write), "the end is signed too");
        assert!(!signer.permits("/a", &[], Permission::Write));
    }
}
