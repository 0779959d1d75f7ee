//! One endpoint and one token: requests, and what their answers mean.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actions_core::action::{Cancel, Context};
use actions_core::http;
use actions_core::http::{Attempt, Refusal};
use actions_core::{Cause, Error, Result};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::refusal::{is_html, is_not_found};

/// Yatai wants a PEP 440 version above 1.0.5 here, and acts on it.
const BENTOML_VERSION: &str = "1.4.39";
/// The client's own limit for API calls; transfers have none but for silence.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Where BentoCloud is when nothing else is said.
const DEFAULT_ENDPOINT: &str = "https://cloud.bentoml.com";

/// A connection to one BentoCloud or Yatai. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) cancel: Cancel,
    endpoint: Url,
    token: SecretString,
    /// Was it said that the storage is not reached by HTTPS?
    is_plain_said: Arc<AtomicBool>,
}

/// What a Yatai answers, as a 404, for a route that it does not have.
const UNKNOWN_ROUTE: &str = "not found this router";

/// Who sends or takes an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The API itself.
    Api,
    /// The object storage, at a signed address: it knows no tokens and answers in XML.
    Storage,
}

impl Peer {
    /// Begins a sentence about it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Api => "the server",
            Self::Storage => "the object storage",
        }
    }
}

/// A request to the API.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    pub body: Option<Value>,
    /// May it be sent again when the answer got lost?
    pub repeatable: bool,
    /// How long the answer may take.
    pub patience: Duration,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, query: &[], body: None, repeatable: true, patience: TIMEOUT }
    }

    pub(crate) fn post(path: &'a str, body: Value) -> Self {
        Self { method: Method::POST, path, query: &[], body: Some(body), repeatable: false, patience: TIMEOUT }
    }

    pub(crate) fn patch(path: &'a str, body: Option<Value>) -> Self {
        Self { method: Method::PATCH, path, query: &[], body, repeatable: true, patience: TIMEOUT }
    }

    pub(crate) fn query(mut self, query: &'a [(&'a str, &'a str)]) -> Self {
        self.query = query;
        self
    }
}

impl Client {
    /// A client for an endpoint; nothing is sent yet. Without an endpoint it is BentoCloud's own address.
    ///
    /// # Errors
    /// The endpoint is not an http(s) address, or the token cannot be a header.
    pub fn connect(endpoint: Option<&str>, token: &SecretString, ctx: &Context) -> Result<Self> {
        let text = endpoint.unwrap_or(DEFAULT_ENDPOINT);
        let wrong = |why: &str| {
            // What stands before an @ may be a password.
            let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
            Error::input(format!("the cloud endpoint {shown:?} {why}"))
                .hint("Write an address such as https://acme.cloud.bentoml.com.")
        };
        let mut endpoint: Url =
            text.trim().parse().map_err(|error| wrong(&format!("is not a valid address ({error})")))?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host_str().is_none() {
            return Err(wrong("is not an http or https address"));
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(Error::input("the cloud endpoint holds credentials").hint("Give the token as its own input."));
        }
        if token.expose_secret().is_empty() || token.expose_secret().chars().any(|c| !c.is_ascii_graphic()) {
            return Err(Error::input("the cloud API token is empty or holds characters that no token has")
                .hint("Check the secret that it comes from."));
        }
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        let path = endpoint.path().trim_end_matches('/').to_owned();
        endpoint.set_path(&path);
        let (http, cancel) = (http::client()?, ctx.cancel.clone());
        Ok(Self { http, cancel, endpoint, token: token.clone(), is_plain_said: Arc::default() })
    }

    /// The same client for a part of the work that can be cancelled on its own.
    pub(crate) fn scoped(&self) -> Self {
        Self { cancel: self.cancel.child(), ..self.clone() }
    }

    /// The endpoint, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        self.endpoint.as_str().trim_end_matches('/')
    }

    /// Waits, unless the job is cancelled.
    pub async fn pause(&self, time: Duration) -> Result<()> {
        self.cancel.run(tokio::time::sleep(time)).await
    }

    /// Sends a call and reads its JSON answer.
    pub(crate) async fn send<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        let what = format!("{} {}", call.method, call.path);
        self.try_send(call).await?.ok_or_else(|| self.missing(&what))
    }

    /// Sends a call; `None` where the server says that there is no such record.
    pub(crate) async fn try_send<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<Option<T>> {
        http::retry(&self.cancel, || self.attempt(&call)).await
    }

    async fn attempt<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<Option<T>, Attempt> {
        let mut request = self.request(call.method.clone(), call.path)?.timeout(call.patience);
        if !call.query.is_empty() {
            request = request.query(call.query);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| {
            // A connection that never stood has done nothing.
            let again = call.repeatable || error.is_connect();
            let error = self.unreachable(error);
            if again { Attempt::Again(error, None) } else { Attempt::Final(error) }
        })?;
        let (status, html) = (response.status(), is_html(&response));
        if status == StatusCode::OK && !html {
            let what = format!("cannot reach {}", self.endpoint());
            let body = http::bytes(response, &what).await.map_err(|failed| match failed {
                // The work may have been done; only its answer got lost.
                Attempt::Again(error, _) if !call.repeatable => Attempt::Final(error),
                failed => failed,
            })?;
            return match serde_json::from_slice(&body) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(Attempt::Final(self.no_api(&format!("its answer cannot be read ({error})")))),
            };
        }
        let refusal = Refusal::of(response).await;
        // Only where the text decides what the status means. Any other refusal stands, whatever comes of its text.
        if refusal.is_cut && matches!(status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST) {
            let text = format!("cannot reach {}: its answer broke off", self.endpoint());
            let error = Error::new(Cause::Unreachable, text);
            return Err(if call.repeatable { Attempt::Again(error, refusal.pause) } else { Attempt::Final(error) });
        }
        if status == StatusCode::NOT_FOUND && refusal.text.contains(UNKNOWN_ROUTE) {
            return Err(Attempt::Final(self.unsupported(call.path)));
        }
        if is_not_found(status, &refusal.text) && !html {
            return Ok(None);
        }
        let error = self.refusal(&refusal, html, &format!("{} {}", call.method, call.path));
        let again = status == StatusCode::TOO_MANY_REQUESTS || (call.repeatable && http::is_transient(status));
        Err(if again { Attempt::Again(error, refusal.pause) } else { Attempt::Final(error) })
    }

    /// A request to a path of the API, with the headers that every one has.
    pub(crate) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let address = format!("{}{path}", self.endpoint());
        Ok(self
            .http
            .request(method, address)
            .header("X-YATAI-API-TOKEN", self.token.expose_secret())
            .header("X-Bentoml-Version", BENTOML_VERSION))
    }

    /// A request at an address that the server signed.
    ///
    /// # Errors
    /// It is not an address of HTTP: another attempt would get the same.
    pub(crate) fn at_storage(&self, method: Method, address: &str) -> Result<RequestBuilder> {
        // The address itself is not shown: it is signed.
        let wrong = |why: String| {
            Error::failure(format!("{} names an address of its storage that is not valid: {why}", self.endpoint()))
                .hint("Check the server's settings of its object storage.")
        };
        let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(format!("it begins with {}:", url.scheme())));
        }
        if url.scheme() == "http"
            && self.endpoint.scheme() == "https"
            && !self.is_plain_said.swap(true, Ordering::Relaxed)
        {
            let host = url.host_str().unwrap_or_default();
            tracing::warn!(
                "{} sends us to its storage at {host} without encryption: what is transferred can be read and changed on \
                 the way",
                self.endpoint()
            );
        }
        Ok(self.http.request(method, url))
    }

    pub(crate) fn unreachable(&self, error: reqwest::Error) -> Error {
        http::transport_error(&format!("cannot reach {}", self.endpoint()), error)
            .hint("Check the endpoint, and that this machine may connect to it.")
    }

    fn missing(&self, what: &str) -> Error {
        Error::not_found(format!("{} has no record for {what}", self.endpoint()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(endpoint: &str, token: &str) -> Result<Client> {
        let ctx = Context::new(actions_core::Env::default(), Cancel::default());
        Client::connect(Some(endpoint), &SecretString::from(token), &ctx)
    }

    #[test]
    fn an_endpoint_must_be_an_address_and_keeps_its_path() {
        assert_eq!(connect("http://a.b/x/?q#f", "t").unwrap().endpoint(), "http://a.b/x");
        for wrong in ["", "acme.cloud", "ftp://a.b", "http://", "https://u:p@a.b"] {
            assert_eq!(connect(wrong, "t").unwrap_err().cause(), Cause::Input, "{wrong:?}");
        }
        assert!(connect("http://a.b", "t\nX: y").is_err() && connect("http://a.b", "").is_err());
    }

    #[test]
    fn an_address_of_the_storage_that_is_not_valid_is_an_error_and_not_shown() {
        let client = connect("https://a.b", "t").unwrap();
        for address in ["", "/x?signature=s3cret", "https://[::1?signature=s3cret", "s3://bucket/x?signature=s3cret"] {
            let error = client.at_storage(Method::PUT, address).unwrap_err().full_text();
            assert!(error.contains("not valid: ") && !error.contains("s3cret"), "{address}: {error}");
        }
    }

    #[test]
    fn a_storage_that_is_not_reached_by_https_is_said_once() {
        let said = |endpoint: &str, address: &str| {
            let client = connect(endpoint, "t").unwrap();
            let _ = client.at_storage(Method::PUT, address);
            client.clone().is_plain_said.load(Ordering::Relaxed)
        };
        assert!(said("https://a.b", "http://s.b/x?signature=s") && said("https://a.b", "HTTP://s.b"));
        assert!(!said("https://a.b", "https://s.b/x") && !said("http://a.b", "http://s.b/x"));
    }
}
