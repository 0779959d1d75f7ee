//! Cancellation: SIGINT or SIGTERM asks every wait to end, so that the process ends within five seconds.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{Error, Result};

/// How long an action may tidy up after a signal. The runner sends SIGTERM 7.5 s after SIGINT; we promise 5 s.
pub(super) const GRACE: Duration = Duration::from_secs(4);

/// Told to everything that waits.
#[derive(Debug, Clone, Default)]
pub struct Cancel(CancellationToken);

impl Cancel {
    /// A token that the signals of this process cancel.
    pub(super) fn on_signals() -> Result<Self> {
        let cancel = Self::default();
        let token = cancel.0.clone();
        let mut signals =
            Signals::new().map_err(|error| Error::failure("failed to listen for signals").caused_by(error))?;
        tokio::spawn(async move {
            signals.next().await;
            token.cancel();
        });
        Ok(cancel)
    }

    /// Cancelled with this one, or alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Asks everything that waits to end.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Has cancellation been asked for?
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns once cancellation is asked for.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }

    /// Runs the future until it ends or the job is cancelled; then it is dropped.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.0.cancelled() => Err(Error::cancelled()),
            value = future => Ok(value),
        }
    }
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.0.recv() => {}, _ = self.1.recv() => {} }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC, tokio::signal::windows::CtrlBreak);

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?, tokio::signal::windows::ctrl_break()?))
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.0.recv() => {}, _ = self.1.recv() => {} }
    }
}
