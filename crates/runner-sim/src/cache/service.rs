//! The three calls: Twirp in JSON. The messages' fields have the names of the protocol's file (`size_bytes`).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::server::Shared;
use super::sign::Permission;

/// Where the calls are.
pub(super) const PREFIX: &str = "/twirp/github.actions.results.api.v1.CacheService/";
/// Characters of a key.
const LONGEST_KEY: usize = 512;
/// Keys of one request, the first included.
const MOST_KEYS: usize = 10;

/// An error of the Twirp protocol: a status, a code, a text.
struct Refusal(StatusCode, &'static str, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        (status, axum::Json(json!({ "code": code, "msg": message }))).into_response()
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, "invalid_argument", message.into())
}

/// Answers a call.
pub(super) async fn call(
    State(shared): State<Arc<Shared>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    match answer(&shared, &call, &headers, &body) {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn answer(shared: &Shared, call: &str, headers: &HeaderMap, body: &str) -> Result<Value, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("authorization") != format!("Bearer {}", shared.token) {
        return Err(Refusal(StatusCode::UNAUTHORIZED, "unauthenticated", "the token is not this job's".to_owned()));
    }
    if !header("content-type").starts_with("application/json") {
        let message = format!("unexpected Content-Type: {:?}", header("content-type"));
        return Err(Refusal(StatusCode::NOT_FOUND, "bad_route", message));
    }
    let request: Value =
        serde_json::from_str(body).map_err(|error| invalid(format!("the body is not valid JSON: {error}")))?;
    let key = checked_key(&text(&request, "key"))?;
    let version = text(&request, "version");
    if version.is_empty() {
        return Err(invalid("version is required"));
    }
    match call {
        "CreateCacheEntry" => create(shared, &key, &version),
        "FinalizeCacheEntryUpload" => {
            // JSON of protocol buffers writes 64-bit numbers as texts, and takes both.
            let size = text(&request, "size_bytes").parse().map_err(|_| invalid("size_bytes is not a number"))?;
            let finalized = shared.store().finalize(&key, &version, size);
            let refused = |why| Refusal(StatusCode::PRECONDITION_FAILED, "failed_precondition", why);
            Ok(json!({ "ok": true, "entry_id": finalized.map_err(refused)?.to_string(), "message": "" }))
        }
        "GetCacheEntryDownloadURL" => {
            let others = request.get("restore_keys").or_else(|| request.get("restoreKeys"));
            let others = others.and_then(Value::as_array).cloned().unwrap_or_default();
            let others: Result<Vec<_>, _> =
                others.iter().map(|other| checked_key(other.as_str().unwrap_or_default())).collect();
            download(shared, &key, &others?, &version)
        }
        other => Err(Refusal(StatusCode::NOT_FOUND, "bad_route", format!("no handler for {other}"))),
    }
}

fn create(shared: &Shared, key: &str, version: &str) -> Result<Value, Refusal> {
    let taken = "cache entry with the same key, version, and scope already exists";
    let id = shared.store().reserve(key, version);
    let id = id.ok_or_else(|| Refusal(StatusCode::CONFLICT, "already_exists", taken.to_owned()))?;
    Ok(json!({ "ok": true, "signed_upload_url": address(shared, id, Permission::Write), "message": "" }))
}

fn download(shared: &Shared, key: &str, others: &[String], version: &str) -> Result<Value, Refusal> {
    if others.len() + 1 > MOST_KEYS {
        return Err(invalid("too many restore keys"));
    }
    let store = shared.store();
    Ok(match store.find(key, others, version) {
        None => json!({ "ok": false, "signed_download_url": "", "matched_key": "" }),
        Some(entry) => json!({
            "ok": true,
            "signed_download_url": address(shared, entry.id, Permission::Read),
            "matched_key": entry.key,
        }),
    })
}

fn address(shared: &Shared, id: u64, permission: Permission) -> String {
    let path = Shared::blob_path(id);
    format!("{}{path}?{}", shared.address, shared.signer.query(&path, permission))
}

fn checked_key(key: &str) -> Result<String, Refusal> {
    if key.is_empty() || key.chars().count() > LONGEST_KEY || key.contains(',') {
        return Err(invalid(format!("a key is 1 to {LONGEST_KEY} characters without commas: {key:?}")));
    }
    Ok(key.to_owned())
}

/// A field, under its own name or in the camel case that JSON of protocol buffers also takes.
fn text(request: &Value, name: &str) -> String {
    let camel: String =
        name.split('_').enumerate().map(|(at, word)| if at == 0 { word.into() } else { capital(word) }).collect();
    match request.get(name).or_else(|| request.get(camel)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
