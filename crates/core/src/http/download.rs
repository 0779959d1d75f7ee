//! Downloads of any size: streamed to whoever takes them, resumed where they broke off.
//!
//! A part is trusted only with proof that it is of the same object: a strong ETag, which the answer must repeat, the same
//! length in all, and the place where it was asked to begin. Without it the download starts anew, and so does whoever takes
//! it: what came of another object is never mixed in.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, Read};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::resume::{Object, Place, Resume};
use super::retry::keep_trying;
use super::{Attempt, Policy, transport_error};
use crate::action::Cancel;
use crate::{Cause, Context, Error, Result};

/// How many chunks wait for whoever takes them.
const AHEAD: usize = 8;
/// What a server has to bring over the time that a policy names, bytes per second.
const LEAST: u64 = 1024;

/// Downloads what `open` opens, and returns what `take` makes of it. `take` reads on a thread of its own; it is called again,
/// and what it made before is dropped, where the download has to start anew. It need not read to the end. `progress` is told
/// of the bytes as they come.
///
/// `open` is called for each attempt, so that it may sign each one's address; it passes [`Resume`] on, and returns answers of
/// which [`Resume::takes`] the status.
///
/// # Errors
/// What `open` fails with at last, what `take` fails with; the job is cancelled. Nothing of `take` runs any more then.
pub async fn download<T, F>(
    policy: &Policy,
    cancel: &Cancel,
    progress: impl Fn(usize),
    open: impl Fn(Resume) -> F,
    take: impl Fn(Incoming) -> Result<T> + Clone + Send + 'static,
) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<Response, Attempt>>,
{
    let (flight, furthest) = (RefCell::new(None::<Flight<T>>), Cell::new(0_u64));
    let attempt = || async {
        let resume = flight.borrow().as_ref().map(Flight::resume).unwrap_or_default();
        let mut response = open(resume.clone()).await?;
        let known = flight.borrow().as_ref().and_then(|flight| flight.object.clone());
        let mut repeated = match Place::of(&response, &resume, known.as_ref()) {
            Place::Start => {
                let before = flight.take();
                flight.replace(Some(Flight::start(take.clone(), Object::of(&response), before)));
                0
            }
            Place::Behind(repeated) => repeated,
            Place::End => return Ok(()),
            Place::Nowhere(why) => {
                if let Some(flight) = flight.borrow_mut().as_mut() {
                    flight.object = None;
                }
                return Err(Attempt::Again(Error::new(Cause::Unreachable, why), None));
            }
        };
        let sender = flight.borrow().as_ref().map(|flight| flight.sender.clone());
        let sender = sender.ok_or_else(|| Error::failure("a download went on before it began"))?;
        let mut speed = Speed::new(policy.window);
        loop {
            let began = Instant::now();
            let chunk = tokio::select! {
                chunk = response.chunk() => chunk.map_err(|error| {
                    Attempt::Again(transport_error("the transfer broke off", error), None)
                })?,
                () = sender.closed() => None,
            };
            let Some(mut chunk) = chunk else { break };
            speed.add(began.elapsed(), chunk.len())?;
            let skipped = usize::try_from(repeated).unwrap_or(usize::MAX).min(chunk.len());
            repeated = repeated.saturating_sub(skipped as u64);
            let chunk = chunk.split_off(skipped);
            if chunk.is_empty() {
                continue;
            }
            progress(chunk.len());
            let length = chunk.len() as u64;
            if sender.send(Some(chunk)).await.is_err() {
                break;
            }
            if let Some(flight) = flight.borrow_mut().as_mut() {
                flight.received = flight.received.saturating_add(length);
                furthest.set(furthest.get().max(flight.received));
            }
        }
        // Whoever takes it may have all that it wants, or have failed.
        if sender.is_closed() { Ok(()) } else { flight.borrow().as_ref().map_or(Ok(()), Flight::is_whole) }
    };
    let mut sent = keep_trying(cancel, policy.pauses, || furthest.get(), attempt).await;
    let Some(Flight { sender, taking, .. }) = flight.take() else {
        return Err(sent.err().unwrap_or_else(|| Error::failure("a download ended before it began")));
    };
    if sent.is_ok() {
        sent = cancel.run(sender.send(None)).await.map(drop);
    }
    drop(sender);
    // Awaited in any case: what it wrote is removed before this returns.
    let taken = taking.await.context(|| "what takes the download stopped".into());
    sent.and_then(|()| taken?)
}

/// Somebody takes the bytes.
struct Flight<T> {
    /// `None` ends it; without that word it broke off.
    sender: mpsc::Sender<Option<Bytes>>,
    taking: JoinHandle<Result<T>>,
    /// What it is of; none where it cannot go on.
    object: Option<Object>,
    /// Bytes.
    received: u64,
}

impl<T: Send + 'static> Flight<T> {
    /// Takes an object from its beginning, once nothing runs any more of what was taken before.
    fn start(take: impl FnOnce(Incoming) -> Result<T> + Send + 'static, object: Object, before: Option<Self>) -> Self {
        let (sender, receiver) = mpsc::channel(AHEAD);
        // Its sender is dropped here: it breaks off.
        let before = before.map(|before| before.taking);
        let taking = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            let incoming = Incoming { receiver, chunk: Bytes::new(), ended: false };
            let taking = tokio::task::spawn_blocking(move || take(incoming));
            taking.await.context(|| "what takes the download stopped".into())?
        });
        Self { sender, taking, object: Some(object), received: 0 }
    }
}

impl<T> Flight<T> {
    /// Where it goes on, if the next answer can prove that it belongs to it.
    fn resume(&self) -> Resume {
        match self.object.as_ref().and_then(|object| object.etag.clone()) {
            Some(etag) => Resume { start: self.received, etag: Some(etag) },
            None => Resume::default(),
        }
    }

    /// Did all of it come that was announced?
    fn is_whole(&self) -> Result<(), Attempt> {
        match self.object.as_ref().and_then(|object| object.total) {
            Some(total) if total != self.received => {
                let text = format!("the transfer broke off after {} of {total} bytes", self.received);
                Err(Attempt::Again(Error::new(Cause::Unreachable, text), None))
            }
            _ => Ok(()),
        }
    }
}

/// How fast a server is, while we wait for it.
struct Speed {
    window: Duration,
    waited: Duration,
    bytes: u64,
}

impl Speed {
    fn new(window: Duration) -> Self {
        Self { window, waited: Duration::ZERO, bytes: 0 }
    }

    fn add(&mut self, waited: Duration, bytes: usize) -> Result<(), Attempt> {
        self.waited = self.waited.saturating_add(waited);
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.waited < self.window {
            return Ok(());
        }
        let Self { waited, bytes, window } = std::mem::replace(self, Self::new(self.window));
        if u128::from(bytes).saturating_mul(1000) >= u128::from(LEAST).saturating_mul(window.as_millis()) {
            return Ok(());
        }
        let text = format!("the transfer stands almost still: {bytes} bytes in {:.0} s", waited.as_secs_f32());
        Err(Attempt::Again(Error::new(Cause::Unreachable, text), None))
    }
}

/// The downloaded bytes, for a blocking reader. Where the download breaks off, reading fails: it is never taken for the end.
#[derive(Debug)]
pub struct Incoming {
    receiver: mpsc::Receiver<Option<Bytes>>,
    chunk: Bytes,
    ended: bool,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Some(chunk)) => self.chunk = chunk,
                Some(None) => self.ended = true,
                None => return Err(io::Error::other("the transfer broke off")),
            }
        }
        self.chunk.as_ref().read(buffer).inspect(|&read| drop(self.chunk.split_to(read)))
    }
}
