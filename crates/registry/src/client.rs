//! One repository of a registry: requests with authorization, errors that tell their cause, retries.

use std::sync::Arc;
use std::time::Duration;

use actions_core::action::Cancel;
use actions_core::http;
use actions_core::http::{Attempt, Refusal};
use actions_core::{Cause, Context as _, Error, Result};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use url::{Origin, Url};

use crate::auth::{Challenge, Credentials};
use crate::image::Repository;

/// How long a request without much of a body may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Access to one repository.
#[derive(Debug, Clone)]
pub struct Registry {
    pub(crate) http: Client,
    pub(crate) repository: Repository,
    pub(crate) cancel: Cancel,
    credentials: Credentials,
    scope: String,
    /// Where our authorization is for.
    origin: Origin,
    authorization: Arc<Mutex<Option<SecretString>>>,
}

impl Registry {
    /// Access with these credentials. `from` names repositories of the same registry whose layers may be taken over.
    ///
    /// # Errors
    /// The registry's name is not a valid address, or HTTPS cannot be set up.
    pub fn new(repository: &Repository, credentials: Credentials, from: &[&str], cancel: &Cancel) -> Result<Self> {
        let mut scope = format!("repository:{}:pull,push", repository.name);
        for name in from {
            scope.push_str(&format!(" repository:{name}:pull"));
        }
        let endpoint = Url::parse(&repository.endpoint());
        let endpoint = endpoint.context(|| format!("{} is not a registry", repository.registry))?;
        Ok(Self {
            origin: endpoint.origin(),
            http: http::upload_client()?,
            repository: repository.clone(),
            cancel: cancel.clone(),
            credentials,
            scope,
            authorization: Arc::default(),
        })
    }

    /// The same access for work that this token cancels.
    pub fn with_cancel(&self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self.clone() }
    }

    /// The same access, with a token that may delete as well. A registry that does not know the right leaves it out.
    pub(crate) fn for_removal(&self) -> Self {
        let own = format!("repository:{}:pull,push", self.repository.name);
        let scope = self.scope.replacen(&own, &format!("{own},delete"), 1);
        Self { scope, authorization: Arc::default(), ..self.clone() }
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// An address below `/v2/NAME/`.
    pub(crate) fn address(&self, path: &str) -> Result<Url> {
        let text = format!("{}/v2/{}/{path}", self.repository.endpoint(), self.repository.name);
        Url::parse(&text).context(|| format!("{} is not a registry", self.repository.registry))
    }

    /// A request without a body, up to four times.
    pub(crate) async fn ask(&self, method: &Method, path: &str, accept: Option<&str>) -> Result<Response> {
        self.ask_at(method, &self.address(path)?, accept).await
    }

    /// The same at an address that the registry named.
    pub(crate) async fn ask_at(&self, method: &Method, address: &Url, accept: Option<&str>) -> Result<Response> {
        http::retry(&self.cancel, || self.ask_once(method, address, accept)).await
    }

    /// A request without a body, once.
    pub(crate) async fn ask_once(
        &self,
        method: &Method,
        address: &Url,
        accept: Option<&str>,
    ) -> Result<Response, Attempt> {
        let request = || {
            let request = self.http.request(method.clone(), address.clone()).timeout(PATIENCE);
            match accept {
                Some(types) => request.header(ACCEPT, types),
                None => request,
            }
        };
        self.send(request).await
    }

    /// Sends a request once, with authorization; twice where the registry asks for a new token. Any answer is an answer,
    /// but for those that are worth another attempt and those that refuse us. Only the registry itself may ask who we are: a
    /// storage that it sends us to is no business of our credentials.
    pub(crate) async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, Attempt> {
        let known = self.authorization.lock().await.clone();
        let response = self.once(request(), known.as_ref()).await?;
        let is_ours = response.url().origin() == self.origin;
        if response.status() != StatusCode::UNAUTHORIZED || !is_ours {
            return self.judged(response).await;
        }
        let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenge = headers.filter_map(|header| Challenge::parse(header.to_str().ok()?)).next();
        let Some(challenge) = challenge else { return self.judged(response).await };
        let answer = challenge.answer(&self.http, &self.credentials, &self.scope, &self.repository).await?;
        *self.authorization.lock().await = Some(answer.clone());
        let response = self.once(request(), Some(&answer)).await?;
        let nobody = matches!(self.credentials, Credentials::None) || challenge == Challenge::Basic;
        if response.status() == StatusCode::UNAUTHORIZED && nobody {
            return Err(Attempt::Final(self.credentials.refused_by(&self.repository.registry)));
        }
        self.judged(response).await
    }

    async fn once(&self, request: RequestBuilder, authorization: Option<&SecretString>) -> Result<Response, Attempt> {
        let failed = |error| {
            let what = format!("cannot reach the registry {}", self.repository.registry);
            let error = http::transport_error(&what, error);
            let hint = if self.repository.plain {
                "Check its name, and that it can be reached from here."
            } else {
                "Check its name, and that it can be reached from here by HTTPS."
            };
            Attempt::Again(error.hint(hint), None)
        };
        let (client, request) = request.build_split();
        let mut request = request.map_err(failed)?;
        // Storage that a registry sends us to has no business with our token.
        if let Some(value) = authorization.filter(|_| request.url().origin() == self.origin) {
            let value = HeaderValue::from_str(value.expose_secret());
            let mut value = value.context(|| "the credentials cannot stand in a request".into())?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        client.execute(request).await.map_err(failed)
    }

    async fn judged(&self, response: Response) -> Result<Response, Attempt> {
        let status = response.status();
        if http::is_transient(status) || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let elsewhere = response.url().origin() != self.origin;
            let refusal = Refusal::of(response).await;
            let error = if elsewhere { self.refused_elsewhere(&refusal) } else { self.refusal(&refusal) };
            return Err(refusal.judge(error));
        }
        Ok(response)
    }

    /// The error that an answer means: what the registry says in its `errors`, else the status.
    pub(crate) async fn refused(&self, response: Response) -> Error {
        self.refusal(&Refusal::of(response).await)
    }

    /// What a storage says that the registry sent us to: our credentials have nothing to do with it.
    fn refused_elsewhere(&self, refusal: &Refusal) -> Error {
        let code = refusal.xml("Code").map(|code| format!(" {code}")).unwrap_or_default();
        Error::failure(format!("the storage of {} answered {}{code}", self.repository, refusal.status))
    }

    fn refusal(&self, refusal: &Refusal) -> Error {
        let status = refusal.status;
        let document: Value = serde_json::from_str(&refusal.text).unwrap_or_default();
        let field = |name| document.pointer("/errors/0").and_then(|error| error.get(name)).and_then(Value::as_str);
        let code = field("code").unwrap_or_default();
        let said = field("message").map(|message| format!(": {message}")).unwrap_or_default();
        let text = format!("{} answered {status}{said}", self.repository);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::new(Cause::Access, text)
                .hint("The credentials are known, but must not push here: check the repository's name and the token's rights."),
            StatusCode::NOT_FOUND if code == "NAME_UNKNOWN" => {
                Error::not_found(text).hint("This registry wants a repository to be made before it is pushed to.")
            }
            _ => Error::failure(text),
        }
    }
}
