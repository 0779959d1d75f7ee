//! Environment variables of BentoML.

/// The root of the local store; `~/bentoml` where it is not set.
pub const BENTOML_HOME: &str = "BENTOML_HOME";
/// `True` switches BentoML's usage reports off.
pub const BENTOML_DO_NOT_TRACK: &str = "BENTOML_DO_NOT_TRACK";
