//! A server in front of a registry that may answer in its place.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;

/// What is answered in the registry's place.
pub(crate) type Rule = Arc<dyn Fn(&Parts) -> Option<Response<Body>> + Send + Sync>;

/// Starts one; it listens while the test's runtime lives.
pub(crate) async fn start(target: &str, rule: Rule) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = axum::Router::new().fallback(pass).with_state((target.to_owned(), rule));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn pass(State((target, rule)): State<(String, Rule)>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if let Some(answer) = rule(&parts) {
        return answer;
    }
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let chunked = parts.headers.contains_key("transfer-encoding");
    let length = parts.headers.get("content-length").cloned();
    let mut request = client.request(parts.method, format!("http://{target}{}", parts.uri)).headers(parts.headers);
    if chunked || length.is_some_and(|length| length != "0") {
        request = request.body(reqwest::Body::wrap_stream(body.into_data_stream()));
    }
    match request.send().await {
        Ok(answer) => {
            let mut built = Response::builder().status(answer.status());
            if let Some(headers) = built.headers_mut() {
                headers.extend(answer.headers().clone());
            }
            built.body(Body::from_stream(answer.bytes_stream())).unwrap()
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// An answer without a body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)]) -> Option<Response<Body>> {
    told(status, headers, "")
}

/// An answer with one.
pub(crate) fn told(status: u16, headers: &[(&str, &str)], body: &str) -> Option<Response<Body>> {
    let answer =
        headers.iter().fold(Response::builder().status(status), |answer, (name, value)| answer.header(*name, *value));
    answer.body(Body::from(body.to_owned())).ok()
}
