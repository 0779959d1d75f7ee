//! Environment variables of the hub's client.

/// BentoML's own name for the cache of Hugging Face.
pub const BENTOML_HF_CACHE_DIR: &str = "BENTOML_HF_CACHE_DIR";
/// The hub in place of huggingface.co.
pub const HF_ENDPOINT: &str = "HF_ENDPOINT";
/// The folder of Hugging Face's cache and token.
pub const HF_HOME: &str = "HF_HOME";
/// The cache's own folder, below [`HF_HOME`] where it is not set.
pub const HF_HUB_CACHE: &str = "HF_HUB_CACHE";
/// The older name of [`HF_HUB_CACHE`].
pub const HUGGINGFACE_HUB_CACHE: &str = "HUGGINGFACE_HUB_CACHE";
/// Set where nothing may be asked of the hub.
pub const HF_HUB_OFFLINE: &str = "HF_HUB_OFFLINE";
/// The older name of [`HF_HUB_OFFLINE`].
pub const TRANSFORMERS_OFFLINE: &str = "TRANSFORMERS_OFFLINE";
/// The hub's token.
pub const HF_TOKEN: &str = "HF_TOKEN";
/// The older name of [`HF_TOKEN`].
pub const HUGGING_FACE_HUB_TOKEN: &str = "HUGGING_FACE_HUB_TOKEN";
/// The file of the hub's token.
pub const HF_TOKEN_PATH: &str = "HF_TOKEN_PATH";
