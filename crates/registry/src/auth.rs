//! Credentials, and the tokens that a registry's authorization service gives for them.
//!
//! Source: the distribution project's "Token Authentication Specification".

use std::collections::HashMap;

use actions_core::http;
use actions_core::http::{Attempt, Refusal};
use actions_core::runner::mask;
use actions_core::{Cause, Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::client::PATIENCE;
use crate::image::Repository;

/// Who we are to a registry.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Nobody.
    #[default]
    None,
    /// User name and password.
    Basic(String, SecretString),
    /// A token that the authorization service takes in exchange for others.
    Identity(SecretString),
}

impl Credentials {
    /// The error of a registry that does not know us.
    pub(crate) fn refused_by(&self, registry: &str) -> Error {
        let who = match self {
            Self::None => "without credentials".to_owned(),
            Self::Basic(user, _) => format!("as {user}"),
            Self::Identity(_) => "with the stored identity token".to_owned(),
        };
        Error::new(Cause::Access, format!("the registry {registry} does not let us in {who}"))
            .hint("Set username and password, or log in before this step (docker login).")
    }

    /// The header of basic authentication.
    fn basic(&self) -> Option<SecretString> {
        let Self::Basic(user, password) = self else { return None };
        let encoded = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
        Some(SecretString::from(format!("Basic {encoded}")))
    }
}

/// A secret that no log shows from now on.
pub(crate) fn masked(secret: &str) -> SecretString {
    let secret = SecretString::from(secret);
    mask::add(&secret);
    secret
}

/// What `WWW-Authenticate` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    Bearer(HashMap<String, String>),
}

impl Challenge {
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parameters = HashMap::new();
        let mut rest = rest;
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                // An escaped quote stands in no value that a registry sends; what is cut off is not a challenge.
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_once(',').unwrap_or((after, "")),
            };
            parameters.insert(name.trim().to_lowercase(), value.to_owned());
            rest = after.trim_start_matches([',', ' ']);
        }
        Some(Self::Bearer(parameters))
    }

    /// The value of the `Authorization` header that meets the challenge.
    pub(crate) async fn answer(
        &self,
        http: &Client,
        credentials: &Credentials,
        scope: &str,
        repository: &Repository,
    ) -> Result<SecretString, Attempt> {
        let registry = &repository.registry;
        let denied = || credentials.refused_by(registry);
        let parameters = match self {
            Self::Basic => return Ok(credentials.basic().ok_or_else(denied)?),
            Self::Bearer(parameters) => parameters,
        };
        let realm = parameters.get("realm").ok_or_else(denied)?;
        // Credentials go where the registry says, but no less protected than to itself.
        if !realm.starts_with("https://") && repository.endpoint().starts_with("https://") {
            return Err(Attempt::Final(Error::new(
                Cause::Access,
                format!("the registry {registry} wants our credentials sent without encryption"),
            )));
        }
        if !matches!(credentials, Credentials::None) && !is_kin(registry, realm) {
            tracing::warn!("{registry} has its credentials checked elsewhere: they are sent to {}", host_of(realm));
        }
        let request = token_request(http, credentials, parameters, realm, scope);
        let what = format!("cannot get a token for {registry}");
        let unreachable = |error| Attempt::Again(http::transport_error(&what, error), None);
        let response = request.timeout(PATIENCE).send().await.map_err(unreachable)?;
        let status = response.status();
        if http::is_transient(status) {
            return Err(Refusal::of(response).await.judge(Error::failure(format!("{what}: it answered {status}"))));
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST) {
            return Err(Attempt::Final(denied()));
        }
        let answer: Value = http::json(response, &what).await?;
        let token = ["token", "access_token"].iter().filter_map(|name| answer.get(name)?.as_str());
        let token = token.filter(|token| !token.is_empty()).map(masked).next();
        let token = token.ok_or_else(|| Error::failure(format!("{what}: it answered {status} without one")))?;
        Ok(SecretString::from(format!("Bearer {}", token.expose_secret())))
    }
}

/// Registries that are known to have credentials checked at another domain, and which.
const KNOWN: [(&str, &str); 2] = [("lscr.io", "ghcr.io"), ("scw.cloud", "scaleway.com")];

/// Does the address that checks credentials belong to the registry?
fn is_kin(registry: &str, realm: &str) -> bool {
    let realm = host_of(realm);
    let registry = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    let domains = (domain_of(registry), domain_of(&realm));
    domains.0 == domains.1 || KNOWN.contains(&domains)
}

fn host_of(address: &str) -> String {
    Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// What somebody registered of a host's name: its last two parts, or three below an ending such as `co.uk`. An address of
/// digits is nobody's but its own.
fn domain_of(host: &str) -> &str {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host;
    }
    let dots: Vec<_> = host.rmatch_indices('.').map(|(at, _)| at).collect();
    let second = host.rsplit('.').nth(1).unwrap_or_default();
    let dot = if second.len() <= 3 && host.rsplit('.').next().is_some_and(|last| last.len() == 2) { 2 } else { 1 };
    match dots.get(dot) {
        Some(dot) => host.get(dot.saturating_add(1)..).unwrap_or(host),
        None => host,
    }
}

fn token_request(
    http: &Client,
    credentials: &Credentials,
    parameters: &HashMap<String, String>,
    realm: &str,
    scope: &str,
) -> RequestBuilder {
    let service = parameters.get("service").map(String::as_str).unwrap_or_default();
    if let Credentials::Identity(token) = credentials {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("service", service)
            .append_pair("client_id", "bento-actions")
            .append_pair("scope", scope)
            .append_pair("refresh_token", token.expose_secret())
            .finish();
        return http.post(realm).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    }
    let scopes = scope.split(' ').map(|scope| ("scope", scope));
    let request = http.get(realm).query(&[("service", service)]).query(&scopes.collect::<Vec<_>>());
    match credentials {
        Credentials::Basic(user, password) => request.basic_auth(user, Some(password.expose_secret())),
        _ => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_checks_credentials_for_a_registry_is_known_or_of_its_domain() {
        for (registry, realm, expected) in [
            ("ghcr.io", "https://ghcr.io/token", true),
            ("docker.io", "https://auth.docker.io/token", true),
            ("rg.fr-par.scw.cloud", "https://api.scaleway.com/tokens", true),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            ("acme.azurecr.io", "https://acme.azurecr.io/oauth2/token", true),
            ("europe-docker.pkg.dev", "https://europe-docker.pkg.dev/v2/token", true),
            ("registry.acme.co.uk", "https://login.acme.co.uk/t", true),
            ("registry.acme.co.uk", "https://evil.co.uk/t", false),
            ("r.acme.com:5000", "https://auth.acme.com/t", true),
            ("r.acme.com", "https://acme.com.evil.org/t", false),
            ("127.0.0.1:5000", "http://127.0.0.1:5001/t", true),
            ("127.0.0.1:5000", "http://10.0.0.1/t", false),
            ("ghcr.io", "nowhere", false),
        ] {
            assert_eq!(is_kin(registry, realm), expected, "{registry} {realm}");
        }
    }

    #[test]
    fn challenges_are_read() {
        let header = r#"Bearer realm="https://auth.x/token",service="r.x", scope="repository:a/b:pull,push",error=x"#;
        let Some(Challenge::Bearer(parameters)) = Challenge::parse(header) else { panic!("no bearer") };
        assert_eq!(parameters["realm"], "https://auth.x/token");
        assert_eq!(parameters["scope"], "repository:a/b:pull,push");
        assert_eq!((parameters["service"].as_str(), parameters["error"].as_str()), ("r.x", "x"));
        assert_eq!(Challenge::parse("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Negotiate"), None);
    }
}
