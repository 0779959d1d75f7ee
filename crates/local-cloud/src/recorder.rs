//! Request log and fault injection: what tests of a client need to see and to break.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::api::App;

/// Requests kept; older ones are dropped.
const KEPT: usize = 4096;

/// One request, as it came in, and the status it was answered with. Requests to the object storage are included.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method, in capitals.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Status of the answer.
    pub status: u16,
    /// The body, if it was JSON.
    pub body_json: Option<Value>,
}

/// The log, and the faults still to come.
#[derive(Default)]
pub(crate) struct Recorder {
    requests: Mutex<VecDeque<Recorded>>,
    faults: Mutex<Vec<Fault>>,
}

struct Fault {
    method: String,
    path_substring: String,
    status: u16,
    times: u32,
}

impl Recorder {
    /// A copy of the log, oldest first.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        lock(&self.requests).iter().cloned().collect()
    }

    /// Empties the log.
    pub(crate) fn clear(&self) {
        lock(&self.requests).clear();
    }

    /// See [`Server::fail_next`](crate::Server::fail_next).
    pub(crate) fn fail_next(&self, method: &str, path_substring: &str, status: u16, times: u32) {
        let (method, path_substring) = (method.to_ascii_uppercase(), path_substring.to_owned());
        lock(&self.faults).push(Fault { method, path_substring, status, times });
    }

    fn note(&self, entry: Recorded) {
        let mut requests = lock(&self.requests);
        if requests.len() == KEPT {
            requests.pop_front();
        }
        requests.push_back(entry);
    }

    fn take_fault(&self, method: &str, path: &str) -> Option<u16> {
        let mut faults = lock(&self.faults);
        let fault = faults
            .iter_mut()
            .find(|fault| fault.times > 0 && fault.method == method && path.contains(&fault.path_substring))?;
        fault.times -= 1;
        Some(fault.status)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Middleware around both servers. JSON bodies are read here, with the limit of the flavour; archives pass through.
pub(crate) async fn record(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map_or_else(String::new, |path| path.to_string());
    let (request, body_json, refused) = read_json_body(request, app.body_limit()).await;
    let response = match (app.recorder.take_fault(&method, &path), refused) {
        (Some(status), _) => {
            // The body is read to its end: a client that is cut off while sending would see a broken connection
            // instead of this answer.
            drain(request).await;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, axum::Json(json!({"error": "injected failure"}))).into_response()
        }
        (None, Some(refusal)) => refusal,
        (None, None) => next.run(request).await,
    };
    let status = response.status().as_u16();
    tracing::debug!("{method} {} {status}", path.split('?').next().unwrap_or_default());
    app.recorder.note(Recorded { method, path, status, body_json });
    response
}

async fn drain(request: Request) {
    let mut body = request.into_body().into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

async fn read_json_body(request: Request, limit: usize) -> (Request, Option<Value>, Option<Response>) {
    let archive = request.method() == Method::PUT && !is_json(&request);
    if archive || matches!(*request.method(), Method::GET | Method::HEAD) {
        return (request, None, None);
    }
    let (parts, body) = request.into_parts();
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    let mut refusal = None;
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) if bytes.len() + chunk.len() <= limit => bytes.extend_from_slice(&chunk),
            Ok(_) => refusal = Some(crate::api::error::body_too_large()),
            Err(_) => break,
        }
    }
    let json = serde_json::from_slice(&bytes).ok();
    (Request::from_parts(parts, Body::from(Bytes::from(bytes))), json, refusal)
}

fn is_json(request: &Request) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"))
}
