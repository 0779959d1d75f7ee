//! A line every few seconds while a transfer runs.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(10);
const MIB: f64 = 1024.0 * 1024.0;

/// Counts the bytes of one transfer.
#[derive(Debug)]
pub(super) struct Progress {
    what: String,
    total: Option<u64>,
    done: AtomicU64,
    started: Instant,
}

impl Progress {
    /// `what` begins the sentence: `pushing model a:b`. The total is in bytes, where known.
    pub(super) fn new(what: String, total: Option<u64>) -> Self {
        Self { what, total, done: AtomicU64::new(0), started: Instant::now() }
    }

    pub(super) fn add(&self, bytes: usize) {
        self.done.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Runs the transfer and tells how it goes.
    pub(super) async fn during<T>(&self, transfer: impl Future<Output = T>) -> T {
        tokio::pin!(transfer);
        loop {
            tokio::select! {
                ended = &mut transfer => return ended,
                () = tokio::time::sleep(INTERVAL) => tracing::info!("{}", self.line()),
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    fn line(&self) -> String {
        let done = self.done.load(Ordering::Relaxed) as f64 / MIB;
        let speed = done / self.started.elapsed().as_secs_f64().max(0.001);
        let of = self.total.map(|total| format!(" of {:.1}", total as f64 / MIB)).unwrap_or_default();
        format!("{}: {done:.1}{of} MiB, {speed:.1} MiB/s", self.what)
    }
}
