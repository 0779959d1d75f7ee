//! One upload: the bytes of a layer, sent once where all goes well, and never more than what is missing where the registry
//! tells what has arrived.
//!
//! The first attempt is one request, as docker's own client makes it: a PATCH of everything, then a PUT that names the
//! digest. What breaks off goes on in pieces from where the registry says it is; a registry that knows nothing of it any
//! more gets it from the start. As long as an upload gets on, it is not given up.
//!
//! An upload that is given up is taken back, so that nothing of it stays in the registry. For that the one request ends
//! as if there were no more bytes, which is why it does not say how many there are: registries built on the distribution
//! project's forget no upload whose last request broke off, as they then take every address of it for an old one.
//!
//! Source: the distribution specification's "Pushing a blob in chunks".

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actions_core::action::Cancel;
use actions_core::http;
use actions_core::http::{Attempt, Pace};
use actions_core::{Context as _, Error, Result};
use archive::Plan;
use futures_util::StreamExt;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Response, StatusCode};
use tokio::task::JoinHandle;
use url::Url;

use crate::client::{PATIENCE, Registry};

/// After a failed attempt a layer is sent in pieces of this size, bytes: what has arrived need not be sent again.
const PIECE: u64 = 32 * 1024 * 1024;
/// How fast a registry moves what has arrived to its place, bytes per second, at least.
const SETTLING: u64 = 16 * 1024 * 1024;
/// How often an upload is sent from the start.
const STARTS: u32 = 4;
/// How long taking an upload back may take; a job that is cancelled has little time.
const FAREWELL: Duration = Duration::from_secs(2);
/// How much of it the request that is under way has to end: what is on its way has to arrive.
const LANDING: Duration = Duration::from_millis(1600);
pub(crate) const BINARY: &str = "application/octet-stream";

/// An upload under way.
#[derive(Debug)]
pub(crate) struct Upload<'a> {
    registry: &'a Registry,
    plan: &'a Arc<Plan>,
    session: RefCell<Option<Session>>,
    /// The most that ever arrived, bytes.
    highest: Cell<u64>,
    starts: Cell<u32>,
    pieces: Cell<bool>,
    /// Was an upload that the registry refused begun anew?
    renewed: Cell<bool>,
    flight: RefCell<Option<Flight>>,
}

/// A request under way; it outlives the attempt that made it, to be ended in good order.
#[derive(Debug)]
struct Flight {
    request: JoinHandle<Result<Response, Attempt>>,
    /// Ends its body.
    end: Cancel,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.request.abort();
    }
}

/// Where it goes on.
#[derive(Debug, Clone)]
struct Session {
    url: Url,
    at: u64,
    /// Is `at` what the registry has? Not after a request that failed.
    sure: bool,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(registry: &'a Registry, plan: &'a Arc<Plan>) -> Self {
        let (session, highest, starts, pieces, renewed, flight) = Default::default();
        Self { registry, plan, session, highest, starts, pieces, renewed, flight }
    }

    /// Sends the bytes; what they are is said by [`Self::close`].
    ///
    /// # Errors
    /// The registry refuses them or cannot be reached, or the job is cancelled.
    pub(crate) async fn send(&self) -> Result<()> {
        self.persist(|| self.attempt()).await
    }

    /// Sends what has not arrived yet, and gives it its digest.
    ///
    /// # Errors
    /// The same, or the registry got other bytes.
    pub(crate) async fn close(&self, digest: &str) -> Result<()> {
        self.persist(|| async {
            self.attempt().await?;
            self.put(digest).await
        })
        .await
    }

    /// Takes back what arrived.
    pub(crate) async fn abandon(&self) {
        let _ = tokio::time::timeout(FAREWELL, self.take_back()).await;
    }

    async fn take_back(&self) {
        let mut url = self.session.take().map(|session| session.url);
        let flight = self.flight.take();
        if let Some(mut flight) = flight {
            flight.end.cancel();
            if let Ok(Ok(Ok(response))) = tokio::time::timeout(LANDING, &mut flight.request).await {
                url = self.registry.location(&response).ok().or(url);
            }
        }
        if let Some(url) = url {
            self.delete(&url).await;
        }
    }

    async fn delete(&self, url: &Url) {
        let _ = self.registry.send(|| self.registry.http.delete(url.clone()).timeout(FAREWELL)).await;
    }

    /// All attempts of a transfer, and all again whenever it has got further, unless it was started anew too often for that.
    async fn persist<F: Future<Output = Result<(), Attempt>>>(&self, attempt: impl Fn() -> F) -> Result<()> {
        let progress = || if self.starts.get() < STARTS { self.highest.get() } else { 0 };
        http::transfer(&self.registry.cancel, progress, attempt).await
    }

    async fn attempt(&self) -> Result<(), Attempt> {
        let mut session = self.resume().await?;
        let len = self.plan.len();
        while session.at < len {
            let end = if self.pieces.get() { session.at.saturating_add(PIECE).min(len) } else { len };
            self.session.replace(Some(Session { sure: false, ..session.clone() }));
            // Whatever comes of it, the next attempt is more careful.
            let whole = !self.pieces.replace(true);
            let response = self.patch(&session.url, session.at..end, whole).await?;
            let status = response.status();
            if status != StatusCode::ACCEPTED {
                let error = self.registry.refused(response).await;
                let anew = match status {
                    // What the registry has is another thing than what we know of it.
                    StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => {
                        return Err(Attempt::Again(error, None));
                    }
                    // A proxy's limit of a body's size, or its wish to know it.
                    StatusCode::PAYLOAD_TOO_LARGE | StatusCode::LENGTH_REQUIRED => whole,
                    // The upload may be in a state that takes nothing more; a second one that is refused says otherwise.
                    StatusCode::BAD_REQUEST => !self.renewed.replace(true),
                    _ => false,
                };
                if !anew {
                    return Err(Attempt::Final(error));
                }
                self.delete(&session.url).await;
                self.session.take();
                return Err(Attempt::Again(error, None));
            }
            session = Session { url: self.registry.location(&response)?, at: end, sure: true };
            if end > self.highest.get() {
                self.highest.set(end);
                // The new upload got further than the one before it. Much later, another one may be needed.
                self.renewed.set(false);
            }
            self.session.replace(Some(session.clone()));
        }
        Ok(())
    }

    /// Where to go on: asks the registry after a failure, and starts where it knows of nothing.
    async fn resume(&self) -> Result<Session, Attempt> {
        let known = self.session.borrow().clone();
        if let Some(session) = known {
            if session.sure {
                return Ok(session);
            }
            if let Some(session) = self.arrived(&session.url).await? {
                return Ok(session);
            }
            self.session.take();
        }
        self.starts.set(self.starts.get().saturating_add(1));
        let url = self.registry.start_upload().await?;
        Ok(Session { url, at: 0, sure: true })
    }

    async fn patch(&self, url: &Url, range: Range<u64>, whole: bool) -> Result<Response, Attempt> {
        let (registry, plan, url, end) = (self.registry.clone(), Arc::clone(self.plan), url.clone(), Cancel::default());
        let stop = end.clone();
        let request = tokio::spawn(async move {
            let len = range.end.saturating_sub(range.start);
            let pace = Pace::default();
            let patch = || {
                let request = registry.http.patch(url.clone()).header(CONTENT_TYPE, BINARY);
                let request = match whole {
                    true => request,
                    false => request
                        .header(CONTENT_LENGTH, len)
                        .header(CONTENT_RANGE, format!("{}-{}", range.start, range.end.saturating_sub(1))),
                };
                let until = stop.clone();
                let bytes = plan.stream(range.clone()).take_until(async move { until.cancelled().await });
                request.body(pace.body(bytes, len))
            };
            let name = format!("the registry {}", registry.repository().registry);
            pace.keep(&name, settling(len), registry.send(patch)).await?
        });
        self.flight.replace(Some(Flight { request, end }));
        // Polled in place: should this attempt be dropped, the flight stays.
        let landed = poll_fn(|context| match self.flight.borrow_mut().as_mut() {
            Some(flight) => Pin::new(&mut flight.request).poll(context),
            None => Poll::Pending,
        });
        let landed = landed.await;
        self.flight.take();
        landed.context(|| "failed to send".into())?
    }

    /// What the registry has of it; none where it knows nothing of it any more.
    async fn arrived(&self, url: &Url) -> Result<Option<Session>, Attempt> {
        let response = self.registry.send(|| self.registry.http.get(url.clone()).timeout(PATIENCE)).await?;
        if response.status() != StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let range = response.headers().get(RANGE).and_then(|range| range.to_str().ok());
        let at = range.map_or(Some(0), received);
        let url = self.registry.location(&response).unwrap_or_else(|_| url.clone());
        Ok(at.filter(|at| *at <= self.plan.len()).map(|at| Session { url, at, sure: true }))
    }

    async fn put(&self, digest: &str) -> Result<(), Attempt> {
        let Some(session) = self.session.replace_with(|known| Some(Session { sure: false, ..known.clone()? })) else {
            return Err(Attempt::Final(Error::failure("an upload was closed that was not started")));
        };
        let mut url = session.url;
        url.query_pairs_mut().append_pair("digest", digest);
        let put = || self.registry.http.put(url.clone()).header(CONTENT_LENGTH, 0).timeout(settling(self.plan.len()));
        let error = match self.registry.send(put).await {
            Ok(response) => match self.registry.created(response).await {
                Ok(()) => {
                    self.session.take();
                    return Ok(());
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        // The answer may have been lost, and not the layer.
        match error {
            Attempt::Again(..) if matches!(self.registry.has_blob(digest).await, Ok(true)) => {
                self.session.take();
                Ok(())
            }
            error => Err(error),
        }
    }
}

/// How many bytes a registry has, by the `Range` of an upload; none where they cannot be counted.
pub(crate) fn received(range: &str) -> Option<u64> {
    let last = range.trim().trim_start_matches("bytes=").strip_prefix("0-").and_then(|last| last.parse::<u64>().ok());
    match last {
        // `0-0` may be one byte or none, and what cannot be read is as good as none.
        None | Some(0) => Some(0),
        Some(last) => last.checked_add(1),
    }
}

/// How long a registry may take to put so many bytes in their place.
fn settling(len: u64) -> Duration {
    PATIENCE.saturating_add(Duration::from_secs(len / SETTLING))
}
