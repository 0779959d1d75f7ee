//! The token check.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use crate::config::Flavor;

/// Header that carries the token.
const TOKEN: &str = "x-yatai-api-token";

/// Lets a request with the right token through. Pages outside `/api/` need none.
pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let given = request.headers().get(TOKEN).map(|value| value.as_bytes()).unwrap_or_default();
    if same(given, app.token.as_bytes()) {
        return next.run(request).await;
    }
    let message = if given.is_empty() { "username in cookie is empty" } else { "get api token: record not found" };
    match app.flavor {
        Flavor::Yatai => (StatusCode::FORBIDDEN, axum::Json(json!({"message": message}))),
        Flavor::BentoCloud => (StatusCode::UNAUTHORIZED, axum::Json(json!({"error": "invalid API token"}))),
    }
    .into_response()
}

/// Compares without an early end, so that the time tells nothing about the token.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
