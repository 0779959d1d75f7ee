//! The server: one address of this machine for the service and its storage.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::sign::Signer;
use super::store::{self, Entry, Store};
use super::{blob, service};
use crate::Error;

/// A cache service with an empty cache. It ends, and its folder goes away, when it is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

/// A request that the server got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `POST`, `PUT`, `GET`…
    pub method: String,
    /// Of a call its name; of a blob `blob`, `block` or `blocklist`.
    pub what: String,
    /// The range of bytes that was asked for.
    pub range: Option<String>,
}

/// What the handlers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) token: String,
    pub(super) address: String,
    pub(super) signer: Signer,
    store: Mutex<Store>,
    requests: Mutex<Vec<Request>>,
    faults: Mutex<VecDeque<(String, u16)>>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port, or no temporary folder.
    pub async fn start() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("runner-sim-cache-").tempdir();
        let folder = folder.map_err(Error::io("make a temporary folder"))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::io("listen on 127.0.0.1"))?;
        let address = listener.local_addr().map_err(Error::io("listen on 127.0.0.1"))?;
        let shared = Arc::new(Shared {
            token: uuid::Uuid::new_v4().to_string(),
            address: format!("http://{address}"),
            signer: Signer::new(),
            store: Mutex::new(Store::new(folder.path())),
            requests: Mutex::default(),
            faults: Mutex::default(),
        });
        let blobs = put(blob::write).get(blob::read).head(blob::read);
        let routes = Router::new()
            .route(&format!("{}{{call}}", service::PREFIX), post(service::call))
            .route(&format!("{}{{id}}", blob::PREFIX), blobs)
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), watch))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            // It ends with its task; there is nobody to tell of an error.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { shared, serving, _folder: folder })
    }

    /// For `ACTIONS_RESULTS_URL`.
    pub fn results_url(&self) -> String {
        format!("{}/", self.shared.address)
    }

    /// For `ACTIONS_RUNTIME_TOKEN`.
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// The entries, the oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.shared.store().entries().to_vec()
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// Answers the next request for `what` (see [`Request::what`]) with this status, once. 0 breaks the connection.
    pub fn fail(&self, what: &str, status: u16) {
        lock(&self.shared.faults).push_back((what.to_owned(), status));
    }

    /// Changes the bytes of a complete entry, as a damage in the storage would.
    ///
    /// # Errors
    ///
    /// There is no such entry, or its blob cannot be written.
    pub fn tamper(&self, key: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<(), Error> {
        let store = self.shared.store();
        let found = store.entries().iter().find(|entry| entry.key == key && entry.size.is_some());
        let id = found.map(|entry| entry.id).unwrap_or_default();
        let file = store::blob(store.folder(), id);
        let changed = std::fs::read(&file).map(change).and_then(|bytes| std::fs::write(&file, bytes));
        changed.map_err(Error::io(format!("change the entry {key}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(super) fn folder(&self) -> std::path::PathBuf {
        self.store().folder().to_owned()
    }

    pub(super) fn blob_path(id: u64) -> String {
        format!("{}{id}", blob::PREFIX)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a note of each request, and fails those that are to fail.
async fn watch(State(shared): State<Arc<Shared>>, request: axum::extract::Request, next: Next) -> Response {
    let query = blob::query(request.uri());
    let part = query.iter().find(|(name, _)| name == "comp").map(|(_, value)| value.clone());
    let path = request.uri().path();
    let call = path.strip_prefix(service::PREFIX).map(str::to_owned);
    let what = call.or(part).unwrap_or_else(|| "blob".to_owned());
    let range = ["range", "x-ms-range"].iter().find_map(|name| request.headers().get(*name)?.to_str().ok());
    let seen = Request { method: request.method().to_string(), what: what.clone(), range: range.map(str::to_owned) };
    lock(&shared.requests).push(seen);
    let fault = {
        let mut faults = lock(&shared.faults);
        let at = faults.iter().position(|(wanted, _)| *wanted == what);
        at.and_then(|at| faults.remove(at))
    };
    match fault {
        None => next.run(request).await,
        Some((_, 0)) => {
            // The length promises more than comes: the client sees the connection end in the middle.
            let broken = axum::body::Body::from_stream(tokio_util::io::ReaderStream::new(Broken));
            ([("content-length", "1000")], broken).into_response()
        }
        Some((_, status)) => {
            // An answer before the body is read may reach the client as a broken connection instead.
            let mut rest = request.into_body().into_data_stream();
            while let Some(Ok(_)) = rest.next().await {}
            let body = serde_json::json!({ "code": "unavailable", "msg": "told to fail" }).to_string();
            (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body).into_response()
        }
    }
}

/// A body that breaks off.
struct Broken;

impl tokio::io::AsyncRead for Broken {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Err(std::io::Error::other("told to break")))
    }
}

/// A file beside the blobs, for parts of an upload.
pub(super) fn part(folder: &Path, id: u64, block: &str) -> std::path::PathBuf {
    let name: String = block.bytes().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{id}.{name}.block"))
}
