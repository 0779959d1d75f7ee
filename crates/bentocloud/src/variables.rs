//! Environment variables of BentoCloud's clients.

/// The API token of BentoCloud (bentoml ≥ 1.2.5).
pub const BENTO_CLOUD_API_KEY: &str = "BENTO_CLOUD_API_KEY";
/// The endpoint of BentoCloud, read together with [`BENTO_CLOUD_API_KEY`].
pub const BENTO_CLOUD_API_ENDPOINT: &str = "BENTO_CLOUD_API_ENDPOINT";
