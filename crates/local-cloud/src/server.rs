//! Start, serve, stop.

use std::fs::{File, TryLockError};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleError;
use axum::http::StatusCode;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::api::{self, App, Shared};
use crate::config::Config;
use crate::credentials::Credentials;
use crate::disk;
use crate::error::StartError;
use crate::objects::Objects;
use crate::recorder::{Recorded, Recorder, record};
use crate::run::{Settings, Supervisor, end_leftovers};
use crate::state::State;

/// How long requests that are under way may take when the server stops.
const DRAIN: Duration = Duration::from_secs(1);

/// A running server. [`Server::shutdown`] stops it and its Deployments; a server that is just dropped leaves that to
/// the end of the process.
pub struct Server {
    app: App,
    endpoint: Url,
    s3_endpoint: Url,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Held until the end: one server per data directory.
    _lock: File,
}

impl Server {
    /// Starts listening, and starts the Deployments that should run.
    ///
    /// # Errors
    /// See [`StartError`]: a configuration that is refused, a port or a data directory in use, files that cannot be
    /// read or written.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        config.check()?;
        disk::create_dir(&config.data_dir)?;
        let data_dir = absolute(&config.data_dir)?;
        let lock = lock(&data_dir)?;
        end_leftovers(&data_dir);
        let (credentials, token) = Credentials::load(&data_dir, config.token.as_deref())?;
        let listener = listen(SocketAddr::new(config.host, config.port)).await?;
        let s3_listener = listen(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await?;
        let (endpoint, s3_endpoint) = (url_of(&listener)?, url_of(&s3_listener)?);

        let state = Arc::new(State::load(&data_dir.join("records"))?);
        let objects = Objects::open(&data_dir.join("objects"), &s3_endpoint, &credentials)?;
        let settings = Settings {
            python: program(config.python.unwrap_or_else(|| PathBuf::from("python3")))?,
            timeout: config.deploy_timeout,
            data_dir,
        };
        let supervisor = Supervisor::new(state.clone(), objects.clone(), settings);
        let app: App = Arc::new(Shared {
            flavor: config.flavor,
            transmission: config.transmission,
            token,
            state,
            objects,
            supervisor,
            recorder: Recorder::default(),
        });
        let stop = CancellationToken::new();
        let tasks = vec![serve(listener, api::router(&app), &stop), serve(s3_listener, storage_router(&app), &stop)];
        restore(&app);
        Ok(Self { app, endpoint, s3_endpoint, stop, tasks, _lock: lock })
    }

    /// Where the API answers, without a slash at the end: `http://127.0.0.1:4748`.
    pub fn endpoint(&self) -> &str {
        self.endpoint.as_str().trim_end_matches('/')
    }

    /// Where the object storage answers.
    pub fn s3_endpoint(&self) -> &str {
        self.s3_endpoint.as_str().trim_end_matches('/')
    }

    /// The token that the API takes.
    pub fn token(&self) -> &str {
        &self.app.token
    }

    /// The last requests (some thousand) to the API and to the object storage, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.app.recorder.requests()
    }

    /// Empties the request log.
    pub fn clear_requests(&self) {
        self.app.recorder.clear();
    }

    /// Answers the next `times` requests of this method whose path and query contain `path_substring` with `status`,
    /// instead of doing what they ask. Parts sent to the object storage can be hit too (`partNumber=2`).
    pub fn fail_next(&self, method: &str, path_substring: &str, status: u16, times: u32) {
        self.app.recorder.fail_next(method, path_substring, status, times);
    }

    /// Stops listening, ends the processes of all Deployments, and returns when they are gone, within 5 s. A later
    /// server on the same directory starts them again.
    pub async fn shutdown(self) {
        self.stop.cancel();
        let abort: Vec<_> = self.tasks.iter().map(JoinHandle::abort_handle).collect();
        let drained = async {
            for task in self.tasks {
                let _ = task.await;
            }
        };
        let (_, drained) = tokio::join!(self.app.supervisor.stop_all(), tokio::time::timeout(DRAIN, drained));
        if drained.is_err() {
            abort.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}

/// The object storage as a service that cannot fail, recorded like the API.
fn storage_router(app: &App) -> Router {
    let service = HandleError::new(app.objects.service(), async |error: s3s::HttpError| {
        tracing::error!("object storage: {error:?}");
        StatusCode::INTERNAL_SERVER_ERROR
    });
    Router::new().fallback_service(service).layer(middleware::from_fn_with_state(app.clone(), record))
}

fn serve(listener: TcpListener, router: Router, stop: &CancellationToken) -> JoinHandle<()> {
    let stop = stop.clone();
    tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!("stopped listening: {error}");
        }
    })
}

/// Starts what should run, and ends what was ending when the last server stopped.
fn restore(app: &App) {
    let names: Vec<(String, bool)> =
        app.state.lock().deployments.values().map(|record| (record.name.clone(), record.wanted)).collect();
    for (name, wanted) in names {
        let status = if wanted { "deploying" } else { "terminated" };
        app.state.update_deployment(&name, |record| record.status = status.to_owned());
        if wanted {
            app.supervisor.start(&name);
        }
    }
}

/// A path as seen from other directories, links untouched (a virtual environment's interpreter is one); a bare name
/// is looked up on PATH.
fn program(path: PathBuf) -> Result<PathBuf, StartError> {
    if path.components().count() == 1 {
        return Ok(path);
    }
    std::path::absolute(&path).map_err(|source| StartError::File { attempt: "resolve", path, source })
}

fn absolute(path: &Path) -> Result<PathBuf, StartError> {
    path.canonicalize().map_err(|source| StartError::File { attempt: "resolve", path: path.to_owned(), source })
}

fn lock(data_dir: &Path) -> Result<File, StartError> {
    let path = data_dir.join("lock");
    let failed = |source| StartError::File { attempt: "lock", path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(data_dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn url_of(listener: &TcpListener) -> Result<Url, StartError> {
    let address = listener.local_addr().map_err(|source| StartError::File {
        attempt: "read the address of",
        path: PathBuf::from("socket"),
        source,
    })?;
    Url::parse(&format!("http://{address}"))
        .map_err(|error| StartError::Objects { path: PathBuf::from(address.to_string()), reason: error.to_string() })
}
