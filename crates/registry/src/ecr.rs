//! Amazon ECR: the AWS credentials of the job, exchanged for a registry's token.
//!
//! The credentials are those that `aws-actions/configure-aws-credentials` leaves in the environment. The service's
//! address follows the SDKs' variables (`AWS_ENDPOINT_URL_ECR`, `AWS_ENDPOINT_URL`).
//!
//! Source: the API references of ECR and ECR Public, `GetAuthorizationToken`.

use std::cell::Cell;

use actions_core::action::Cancel;
use actions_core::http;
use actions_core::http::{Attempt, Refusal};
use actions_core::runner::mask;
use actions_core::{Cause, Context as _, Env, Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::client::PATIENCE;
use crate::login::Login;
use crate::sigv4::{Signed, Signer};
use crate::variables;

const JSON: &str = "application/x-amz-json-1.1";
/// What AWS answers to a signature of another time, and to other wrong ones: those that the SDKs sign anew by its clock.
const SIGNATURE: [&str; 6] = [
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "AuthFailure",
];

/// One of ECR's two services, and who we are to it.
#[derive(Debug)]
pub(crate) struct Ecr {
    endpoint: String,
    region: String,
    /// The name that requests are signed for.
    service: &'static str,
    /// The operation's name.
    target: &'static str,
    key_id: String,
    secret: SecretString,
    session: Option<SecretString>,
}

impl Ecr {
    /// The service behind a registry, where it is one of Amazon's and the job has credentials.
    pub(crate) fn of(registry: &str, env: &Env) -> Option<Self> {
        let (region, service, target) = match private(registry) {
            Some(region) => (region, "ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"),
            // It is in this region alone.
            None if registry == "public.ecr.aws" => {
                ("us-east-1", "ecr-public", "SpencerFrontendService.GetAuthorizationToken")
            }
            None => return None,
        };
        let secret = |name| env.get(name).map(SecretString::from).inspect(mask::add);
        let own =
            if service == "ecr" { variables::AWS_ENDPOINT_URL_ECR } else { variables::AWS_ENDPOINT_URL_ECR_PUBLIC };
        let domain = if registry.ends_with(".cn") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let endpoint = env.get(own).or_else(|| env.get(variables::AWS_ENDPOINT_URL));
        Some(Self {
            endpoint: endpoint.map_or_else(|| format!("https://api.{service}.{region}.{domain}"), str::to_owned),
            region: region.to_owned(),
            service,
            target,
            key_id: env.get(variables::AWS_ACCESS_KEY_ID)?.to_owned(),
            secret: secret(variables::AWS_SECRET_ACCESS_KEY)?,
            session: secret(variables::AWS_SESSION_TOKEN),
        })
    }

    /// Gets a token; it is good for twelve hours.
    ///
    /// # Errors
    /// AWS refuses the credentials or cannot be reached.
    pub(crate) async fn login(&self, registry: &str, cancel: &Cancel) -> Result<Login> {
        let http = http::client()?;
        // How far this machine's clock is ahead of AWS's.
        let ahead = Cell::new(SignedDuration::ZERO);
        let answer = http::retry(cancel, || self.ask(&http, &ahead)).await?;
        // A list at one service, one alone at the other.
        let data = answer.pointer("/authorizationData/0").or_else(|| answer.get("authorizationData"));
        let token = data.and_then(|data| data.get("authorizationToken")).and_then(Value::as_str);
        let decoded = token.and_then(|token| String::from_utf8(STANDARD.decode(token).ok()?).ok());
        let pair = decoded.as_deref().and_then(|pair| pair.split_once(':'));
        let (user, password) = pair.ok_or_else(|| Error::failure("AWS answered without a token"))?;
        Login::new(registry, Some(user.to_owned()), password.into())
    }

    /// Asks once. A request that is refused for its signature is worth another one, signed by AWS's clock, where this
    /// machine's is another.
    async fn ask(&self, http: &Client, ahead: &Cell<SignedDuration>) -> Result<Value, Attempt> {
        let what = || format!("cannot get a token from {}", self.endpoint);
        let url = Url::parse(&self.endpoint).context(|| format!("{} is not a valid address", self.endpoint))?;
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let now = Timestamp::now();
        let now = now.checked_sub(ahead.get()).unwrap_or(now);
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = vec![("content-type", JSON), ("host", &host), ("x-amz-date", &time)];
        if let Some(session) = &self.session {
            headers.push(("x-amz-security-token", session.expose_secret()));
        }
        headers.push(("x-amz-target", self.target));
        let signed = Signed { method: "POST", query: "", headers: &headers, body: b"{}" };
        let signer = Signer { key_id: &self.key_id, secret: &self.secret, region: &self.region, service: self.service };
        let mut request = http.post(url).timeout(PATIENCE).header(CONTENT_TYPE, JSON).body("{}");
        // The client sets the host itself.
        for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-amz-")) {
            request = request.header(*name, *value);
        }
        let request = request.header(AUTHORIZATION, signer.authorization(&signed, &time));
        let response = request.send().await.map_err(|error| {
            Attempt::Again(http::transport_error(&what(), error).hint("Check that AWS can be reached from here."), None)
        })?;
        if response.status().is_success() {
            return http::json(response, &what()).await;
        }
        let refusal = Refusal::of(response).await;
        let (code, error) = self.refused(&refusal);
        if code.contains("Throttling") {
            return Err(Attempt::Again(error, refusal.pause));
        }
        if let Some(differs) = refusal.ahead.filter(|_| SIGNATURE.contains(&code.as_str())) {
            let minutes = differs.abs().as_secs().saturating_add(30) / 60;
            let which = if differs.is_negative() { "behind" } else { "ahead of" };
            ahead.set(differs);
            let hint = format!("This machine's clock is {minutes} minutes {which} AWS's: set it right.");
            return Err(Attempt::Once(error.hint(hint)));
        }
        Err(refusal.judge(error))
    }

    /// The error's code, and the error.
    fn refused(&self, refusal: &Refusal) -> (String, Error) {
        let status = refusal.status;
        let answer: Value = serde_json::from_str(&refusal.text).unwrap_or_default();
        let field = |name| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let code = field("__type").rsplit('#').next().unwrap_or_default().to_owned();
        let said = if field("message").is_empty() { field("Message") } else { field("message") };
        // What follows the first line of a wrong signature's error is our request.
        let said = said.lines().next().unwrap_or_default();
        let cause = if status.is_client_error() { Cause::Access } else { Cause::Failure };
        let error = Error::new(cause, format!("{} answered {status} {code}: {said}", self.endpoint));
        (code, error.hint("The role or user needs the right ecr:GetAuthorizationToken, and its keys may have expired."))
    }
}

/// The region of a private registry: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
fn private(registry: &str) -> Option<&str> {
    let rest = registry.strip_suffix(".cn").unwrap_or(registry).strip_suffix(".amazonaws.com")?;
    let (account, region) = rest.split_once(".dkr.ecr.")?;
    let fits =
        |text: &str, also: char| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == also);
    (account.chars().all(|c| c.is_ascii_digit()) && !account.is_empty() && fits(region, '-')).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_s_name_tells_its_service() {
        let env: Env = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "x-aws-secret")].into_iter().collect();
        let endpoint = |registry: &str, env: &Env| Ecr::of(registry, env).map(|ecr| ecr.endpoint);
        for (registry, expected) in [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", Some("https://api.ecr.eu-west-1.amazonaws.com")),
            ("1.dkr.ecr.cn-north-1.amazonaws.com.cn", Some("https://api.ecr.cn-north-1.amazonaws.com.cn")),
            ("public.ecr.aws", Some("https://api.ecr-public.us-east-1.amazonaws.com")),
            ("1.dkr.ecr.evil.x/.amazonaws.com", None),
            ("1.dkr.ecr.eu-west-1.amazonaws.com.evil.x", None),
            ("ghcr.io", None),
        ] {
            assert_eq!(endpoint(registry, &env).as_deref(), expected, "{registry}");
        }
        assert_eq!(endpoint("public.ecr.aws", &Env::default()), None, "without credentials");
    }
}
