//! Fronts of the registry: one asks for a user name and a password, one is busy, one knows no repository.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::lab::registry;

/// Listens while it lives.
pub(crate) struct Front {
    address: String,
    _runtime: Runtime,
}

#[derive(Clone)]
struct Door {
    client: reqwest::Client,
    /// The header that lets in; without it everyone is.
    expected: Option<String>,
    /// How long uploads are refused, from the first on.
    busy: Duration,
    first: Arc<OnceLock<Instant>>,
}

impl Front {
    /// A front that lets this user in.
    pub(crate) fn start(user: &str, password: &str) -> Self {
        Self::open(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))), Duration::ZERO)
    }

    /// One that has no time for uploads at first.
    pub(crate) fn busy(time: Duration) -> Self {
        Self::open(None, time)
    }

    fn open(expected: Option<String>, busy: Duration) -> Self {
        let client = actions_core::http::upload_client().unwrap();
        let door = Door { client, expected, busy, first: Arc::default() };
        Self::serve(Router::new().fallback(pass).with_state(door))
    }

    fn serve(router: Router) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, _runtime: runtime }
    }

    /// One where a repository has to be made before it is pushed to.
    pub(crate) fn without_repositories() -> Self {
        let unknown = "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"repository not known\"}]}";
        Self::serve(Router::new().fallback(async move || (StatusCode::NOT_FOUND, unknown)))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

async fn pass(State(door): State<Door>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let given = parts.headers.remove("authorization");
    if door.expected.is_some_and(|expected| given.is_none_or(|given| given != expected.as_str())) {
        let challenge = [("WWW-Authenticate", "Basic realm=\"test\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}").into_response();
    }
    if parts.method == "POST" && door.first.get_or_init(Instant::now).elapsed() < door.busy {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    // With the Host of the front in it, so that the registry's addresses lead back here.
    let address = format!("http://{}{}", registry(), parts.uri);
    let sent = door.client.request(parts.method, address).headers(parts.headers);
    let answer = match sent.body(reqwest::Body::wrap_stream(body.into_data_stream())).send().await {
        Ok(answer) => answer,
        Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    };
    let mut response = Response::builder().status(answer.status());
    response.headers_mut().unwrap().extend(answer.headers().clone());
    response.body(Body::from_stream(answer.bytes_stream())).unwrap()
}
