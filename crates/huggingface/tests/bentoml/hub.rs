//! A hub with one model, and the storage that it sends large files to, each at a port of its own.
//!
//! Modelled on what huggingface.co answers: names in other case are redirected, an LFS file is a redirect to a signed
//! address elsewhere, errors carry `X-Error-Code`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The commit of the branch `main`.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// Larger than what comes at a time.
pub(crate) const LARGE: usize = 3 * 1024 * 1024 + 17;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The storage breaks off in the middle, this many times.
    BreaksOff(usize),
    /// The storage falls silent in the middle.
    Stalls,
    /// The storage has other contents.
    Wrong,
    /// The hub wants a token, as of a gated model.
    Gated,
}

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `hub` or `storage`.
    pub(crate) at: &'static str,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) range: Option<String>,
}

struct Shared {
    files: BTreeMap<&'static str, (Vec<u8>, bool)>,
    storage: String,
    trouble: Mutex<Trouble>,
    asked: Mutex<Vec<Asked>>,
}

/// Stopped when dropped.
pub(crate) struct Hub {
    pub(crate) address: String,
    shared: Arc<Shared>,
    serving: [JoinHandle<()>; 2],
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

impl Hub {
    pub(crate) async fn start(trouble: Trouble) -> Self {
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.expect("a port") };
        let (hub, storage) = (listen().await, listen().await);
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("an address"));
        let large: Vec<u8> = (0..LARGE).map(|n| (n * 7 + n / 251).to_le_bytes()[0]).collect();
        let files = [
            ("config.json", (b"{}".to_vec(), false)),
            ("copy of config.json", (b"{}".to_vec(), false)),
            ("model.safetensors", (large, true)),
            ("onnx/deep/tiny.onnx", (vec![1; 1000], true)),
            ("pytorch_model.bin", (vec![2; 500], true)),
        ];
        let shared = Arc::new(Shared {
            files: files.into(),
            storage: address(&storage),
            trouble: Mutex::new(trouble),
            asked: Mutex::default(),
        });
        let address = address(&hub);
        let hub_app = Router::new().fallback(answer_hub).with_state(Arc::clone(&shared));
        let storage_app = Router::new().fallback(answer_storage).with_state(Arc::clone(&shared));
        let serve = |listener, app| {
            tokio::spawn(async move { axum::serve::<_, Router, _>(listener, app).await.expect("it serves") })
        };
        Self { address, shared, serving: [serve(hub, hub_app), serve(storage, storage_app)] }
    }

    /// What was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shared.asked.lock().expect("no panic"))
    }

    pub(crate) fn contents(&self, name: &str) -> &[u8] {
        &self.shared.files[name].0
    }
}

impl Shared {
    fn note(&self, at: &'static str, request: &Request) {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let path = request.uri().to_string();
        let asked = Asked { at, path, token: header("authorization"), range: header("range") };
        self.asked.lock().expect("no panic").push(asked);
    }

    fn trouble(&self) -> Trouble {
        *self.trouble.lock().expect("no panic")
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In place of git's id.
fn blob_id(bytes: &[u8]) -> String {
    hex(bytes)[..40].to_owned()
}

fn answer(status: StatusCode, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let builder = Response::builder().status(status);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(body.into()).expect("an answer")
}

fn refusal(status: StatusCode, code: &str) -> Response<Body> {
    answer(status, &[("x-error-code", code)], "{}")
}

async fn answer_hub(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    shared.note("hub", &request);
    if shared.trouble() == Trouble::Gated && !request.headers().contains_key("authorization") {
        return refusal(StatusCode::UNAUTHORIZED, "GatedRepo");
    }
    let path = request.uri().path();
    if path.contains("org/tiny") {
        let target = request.uri().to_string().replace("org/tiny", "Org/Tiny");
        return answer(StatusCode::TEMPORARY_REDIRECT, &[("location", &target)], "");
    }
    if let Some(rest) = path.strip_prefix("/api/models/Org/Tiny/") {
        return match rest.split_once('/') {
            Some(("revision", "main" | COMMIT)) => json_answer(&info(&shared)),
            Some(("tree", COMMIT)) => json_answer(&tree(&shared)),
            _ => refusal(StatusCode::NOT_FOUND, "RevisionNotFound"),
        };
    }
    let Some(name) = path.strip_prefix(&format!("/Org/Tiny/resolve/{COMMIT}/")) else {
        return refusal(StatusCode::UNAUTHORIZED, "RepoNotFound");
    };
    let name = name.replace("%20", " ");
    let Some((bytes, is_large)) = shared.files.get(name.as_str()) else {
        return refusal(StatusCode::NOT_FOUND, "EntryNotFound");
    };
    if *is_large {
        let (etag, size) = (format!("\"{}\"", hex(bytes)), bytes.len().to_string());
        let location = format!("{}/{}?signature=s", shared.storage, hex(bytes));
        let linked = [("x-linked-etag", etag.as_str()), ("x-linked-size", &size), ("x-repo-commit", COMMIT)];
        let headers = [&linked[..], &[("location", &location)]].concat();
        return answer(StatusCode::FOUND, &headers, "");
    }
    let etag = format!("\"{}\"", blob_id(bytes));
    answer(StatusCode::OK, &[("etag", &etag), ("x-repo-commit", COMMIT)], bytes.clone())
}

fn json_answer(value: &Value) -> Response<Body> {
    answer(StatusCode::OK, &[("content-type", "application/json")], value.to_string())
}

fn info(shared: &Shared) -> Value {
    let siblings = shared.files.iter().map(|(name, (bytes, is_large))| {
        let mut sibling = json!({"rfilename": name, "size": bytes.len(), "blobId": blob_id(bytes)});
        if *is_large {
            sibling["lfs"] = json!({"sha256": hex(bytes), "size": bytes.len(), "pointerSize": 130});
        }
        sibling
    });
    json!({"id": "Org/Tiny", "sha": COMMIT, "siblings": siblings.collect::<Vec<_>>()})
}

fn tree(shared: &Shared) -> Value {
    let entries = shared.files.iter().map(|(name, (bytes, is_large))| {
        let mut entry = json!({"type": "file", "path": name, "size": bytes.len(), "oid": blob_id(bytes)});
        if *is_large {
            entry["lfs"] = json!({"oid": hex(bytes), "size": bytes.len(), "pointerSize": 130});
        }
        entry
    });
    entries.collect()
}

async fn answer_storage(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    shared.note("storage", &request);
    let wanted = request.uri().path().trim_start_matches('/').to_owned();
    let Some((bytes, _)) = shared.files.values().find(|(bytes, _)| hex(bytes) == wanted) else {
        return answer(StatusCode::FORBIDDEN, &[], "");
    };
    let start = start(request.headers());
    let range = format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len());
    let etag = format!("\"{wanted}\"");
    let mut bytes = bytes[start..].to_vec();
    let status = if start > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let length = bytes.len().to_string();
    let is_large = bytes.len() > 1_000_000;
    let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let body = match shared.trouble() {
        Trouble::BreaksOff(times) if times > 0 && is_large => {
            *shared.trouble.lock().expect("no panic") = Trouble::BreaksOff(times - 1);
            // What was sent before an error may be thrown away with it, unless there is time.
            let broken = stream::once(async {
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                Err(std::io::Error::other("broken"))
            });
            Body::from_stream(stream::iter([Ok(half)]).chain(broken))
        }
        Trouble::Stalls if is_large => {
            Body::from_stream(stream::iter([Ok::<_, std::io::Error>(half)]).chain(stream::pending()))
        }
        Trouble::Wrong => {
            bytes[0] ^= 1;
            Body::from(bytes)
        }
        _ => Body::from(bytes),
    };
    let headers = [("content-length", length.as_str()), ("etag", &etag), ("content-range", &range)];
    answer(status, &headers[..if start > 0 { 3 } else { 2 }], body)
}

fn start(headers: &HeaderMap) -> usize {
    let range = headers.get("range").and_then(|value| value.to_str().ok());
    range.and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse().ok()).unwrap_or(0)
}
