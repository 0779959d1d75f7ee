//! The deadline of a request whose body is long: it is given up when it stands still, however slow it is otherwise.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use reqwest::Body;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Attempt;
use crate::{Cause, Error};

/// How long a server may take nothing of a body.
const STILL: Duration = Duration::from_secs(60);

/// How a body gets on.
#[derive(Debug)]
pub struct Pace {
    /// The bytes that were not taken yet.
    left: watch::Sender<u64>,
    /// Why its bytes cannot be read on this machine.
    unreadable: Arc<OnceLock<String>>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { left: watch::Sender::new(0), unreadable: Arc::default() }
    }
}

impl Pace {
    /// A body of these bytes, `length` in all.
    pub fn body<S>(&self, bytes: S, length: u64) -> Body
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        self.left.send_replace(length);
        let left = self.left.clone();
        let taken = move |chunk: &Bytes| left.send_modify(|left| *left = left.saturating_sub(chunk.len() as u64));
        let unreadable = Arc::clone(&self.unreadable);
        Body::wrap_stream(bytes.inspect_ok(taken).inspect_err(move |error| drop(unreadable.set(error.to_string()))))
    }

    /// Sends the request that has the body. Once all is taken, the server has `settling` to answer. `server` begins the
    /// sentence of an error.
    ///
    /// # Errors
    /// It stands still; another attempt may do better. What is sent cannot be read: another attempt would not do better.
    pub async fn keep<T>(
        &self,
        server: &str,
        settling: Duration,
        sending: impl Future<Output = T>,
    ) -> Result<T, Attempt> {
        let mut left = self.left.subscribe();
        let still = async {
            loop {
                let (patience, what) = match *left.borrow_and_update() {
                    0 => (settling, "has got everything, and did not answer"),
                    _ => (STILL, "took nothing of what is sent to it"),
                };
                if timeout(patience, left.changed()).await.is_err() {
                    return format!("{server} {what} for {} s", patience.as_secs());
                }
            }
        };
        tokio::select! {
            biased;
            sent = sending => match self.unreadable.get() {
                Some(why) => Err(Attempt::Final(Error::failure(why.clone()))),
                None => Ok(sent),
            },
            text = still => Err(Attempt::Again(Error::new(Cause::Unreachable, text), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{Instant, pause, resume, sleep};

    use super::*;
    use crate::http::upload_client;

    const MIB: usize = 1024 * 1024;

    /// Sends 64 MiB to a server that reads so many of them, and answers where `answers` says so; the clock is ours as soon as
    /// it has read.
    async fn send(read: usize, answers: bool) -> (Result<reqwest::Result<reqwest::Response>, Attempt>, Duration) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pace = Pace::default();
        let chunk = Bytes::from(vec![0; MIB]);
        let body = pace.body(stream::repeat(chunk).take(64).map(Ok), 64 * MIB as u64);
        let request = upload_client().unwrap().put(format!("http://{address}/")).body(body);
        let serving = async {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; MIB];
            let mut seen = 0;
            while seen < read {
                seen += client.read(&mut buffer).await.unwrap();
            }
            if answers {
                // What is left of the body's frame.
                while !buffer.ends_with(b"\r\n0\r\n\r\n") {
                    buffer.clear();
                    client.read_buf(&mut buffer).await.unwrap();
                }
                client.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            } else {
                pause();
            }
            (client, Instant::now())
        };
        let sending = async {
            let sent = pace.keep("the storage", Duration::from_secs(7), request.send()).await;
            (sent, Instant::now())
        };
        let ((sent, ended), (_client, began)) = tokio::join!(sending, serving);
        if !answers {
            resume();
        }
        (sent, ended - began)
    }

    #[tokio::test]
    async fn a_server_that_takes_nothing_any_more_is_given_up_after_a_minute() {
        let (sent, took) = send(2 * MIB, false).await;
        let Err(Attempt::Again(error, None)) = sent else { panic!("{sent:?}") };
        assert_eq!(error.to_string(), "the storage took nothing of what is sent to it for 60 s");
        assert!((59..62).contains(&took.as_secs()), "{took:?}");
    }

    #[tokio::test]
    async fn a_server_that_has_all_gets_its_time_to_settle_it() {
        let (sent, took) = send(64 * MIB, false).await;
        let Err(Attempt::Again(error, None)) = sent else { panic!("{sent:?}") };
        assert_eq!(error.to_string(), "the storage has got everything, and did not answer for 7 s");
        assert!((6..9).contains(&took.as_secs()), "{took:?}");
    }

    #[tokio::test]
    async fn what_gets_on_is_left_alone() {
        let (sent, _) = send(MIB, true).await;
        assert_eq!(sent.unwrap().unwrap().status(), 204);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_is_not_still() {
        let pace = Pace::default();
        let _body = pace.body(stream::empty(), 100);
        let slow = async {
            for _ in 0..10 {
                sleep(Duration::from_secs(50)).await;
                pace.left.send_modify(|left| *left -= 10);
            }
        };
        assert!(pace.keep("the storage", Duration::from_secs(7), slow).await.is_ok());
    }
}
