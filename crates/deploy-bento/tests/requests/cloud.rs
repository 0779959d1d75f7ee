//! A stand-in for the cloud, in whose place no real one can be brought into these states: it answers with the state of
//! the case that the token names, and remembers what was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use crate::{Case, Outcome, states};

type Asked = Arc<Mutex<HashMap<String, Outcome>>>;

pub(crate) struct Cloud {
    pub endpoint: String,
    asked: Asked,
}

#[derive(Clone)]
struct Shared {
    cases: Arc<Vec<Case>>,
    asked: Asked,
}

impl Cloud {
    pub(crate) async fn start(cases: &[Case]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let shared = Shared { cases: Arc::new(cases.to_vec()), asked: Arc::clone(&asked) };
        let router = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, asked }
    }

    /// What was asked with this token.
    pub(crate) fn asked(&self, token: &str) -> Option<Outcome> {
        self.asked.lock().unwrap().remove(token)
    }
}

async fn answer(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let token = headers.get("X-YATAI-API-TOKEN").and_then(|token| token.to_str().ok()).unwrap_or_default().to_owned();
    let number: Option<usize> = token.rsplit('-').next().and_then(|number| number.parse().ok());
    let Some(case) = number.and_then(|number| shared.cases.get(number)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let path = uri.path();
    if method != Method::GET && path.starts_with("/api/v2/deployments") {
        let cluster = uri.query().unwrap_or_default();
        let query = if cluster == "cluster=" { "" } else { cluster };
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let asked = Outcome::Asked(method.to_string(), format!("{path}?{query}"), body);
        shared.asked.lock().unwrap().insert(token, asked);
        return Json(states::deployment("dep-1", "plain")).into_response();
    }
    let missing = || (StatusCode::NOT_FOUND, Json(json!({"error": "record not found"}))).into_response();
    if let Some(name) = path.strip_prefix("/api/v2/deployments/") {
        let cluster = uri.query().and_then(|query| query.strip_prefix("cluster=")).unwrap_or_default();
        return match case.state {
            "none" => missing(),
            _ if name != "dep-1" || !["", "default"].contains(&cluster) => missing(),
            state => Json(states::deployment(name, state)).into_response(),
        };
    }
    let found: Option<Value> = match path {
        "/api/v1/auth/current" => Some(states::user()),
        "/api/v1/current_org" => Some(json!({"name": "acme"})),
        "/api/v2/deployments" => Some(json!({"items": [], "start": 0, "count": 0, "total": 0})),
        _ => path.strip_prefix("/api/v1/bento_repositories/single/bentos/").map(states::bento),
    };
    found.map_or_else(missing, |found| Json(found).into_response())
}
