//! Environment variables of docker's client and AWS.

/// The folder of docker's configuration; `~/.docker` where it is not set.
pub const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
/// The id of an AWS key.
pub const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// The secret of an AWS key.
pub const AWS_SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// The token of a temporary AWS key.
pub const AWS_SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// The address of AWS in place of the public one, for all services.
pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// The address of ECR in place of the public one.
pub const AWS_ENDPOINT_URL_ECR: &str = "AWS_ENDPOINT_URL_ECR";
/// The address of the public ECR in place of its own.
pub const AWS_ENDPOINT_URL_ECR_PUBLIC: &str = "AWS_ENDPOINT_URL_ECR_PUBLIC";
