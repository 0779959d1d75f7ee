//! Environment variables of the engines.

/// The address of the older cache service, for BuildKit's `type=gha` caches.
pub(crate) const ACTIONS_CACHE_URL: &str = "ACTIONS_CACHE_URL";
/// Set where BuildKit should use the newer cache service.
pub(crate) const ACTIONS_CACHE_SERVICE_V2: &str = "ACTIONS_CACHE_SERVICE_V2";
/// The address of the engine.
pub(crate) const DOCKER_HOST: &str = "DOCKER_HOST";
/// The address of podman's engine.
pub(crate) const CONTAINER_HOST: &str = "CONTAINER_HOST";
/// The file of logins that buildah and podman read.
pub(crate) const REGISTRY_AUTH_FILE: &str = "REGISTRY_AUTH_FILE";
/// `1` keeps buildx from adding a provenance attestation by default.
pub(crate) const BUILDX_NO_DEFAULT_ATTESTATIONS: &str = "BUILDX_NO_DEFAULT_ATTESTATIONS";
/// The header that BuildKit sends when it fetches a git context.
pub(crate) const GIT_AUTH_HEADER: &str = "GIT_AUTH_HEADER";
/// The token that BuildKit sends when it fetches a git context.
pub(crate) const GIT_AUTH_TOKEN: &str = "GIT_AUTH_TOKEN";
