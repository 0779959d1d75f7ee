//! The one HTTP client: TLS roots, time-outs, retries with back-off.

mod pace;

use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, StatusCode, redirect};

use crate::action::Cancel;
use crate::{Cause, Context, Error, Result};

pub use pace::Pace;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a server may be silent in the middle of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// A server that asks for a longer pause is taken at its word up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A client with the machine's certificates, else the bundled ones, and the proxies that the environment names.
///
/// It follows no redirects: BentoCloud's API never sends any, and a signed address is used as it is.
pub fn client() -> Result<Client> {
    build(|| builder().read_timeout(READ_TIMEOUT))
}

/// The same for large uploads, in which a server says nothing until it has all: the caller sets a time-out per request, or
/// keeps a [`Pace`].
pub fn upload_client() -> Result<Client> {
    build(builder)
}

fn build(builder: impl Fn() -> ClientBuilder) -> Result<Client> {
    // Installed by whoever comes first; it is the same provider everywhere.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built = builder().build().or_else(|error| {
        // Containers without ca-certificates have no roots at all.
        tracing::debug!("no certificates on this machine ({error}); using the bundled ones");
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        builder().tls_certs_only(roots.iter().filter_map(|der| Certificate::from_der(der).ok())).build()
    });
    built.context(|| "failed to set up HTTPS".into())
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("bento-actions/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
}

/// Why one attempt failed.
#[derive(Debug)]
pub enum Attempt {
    /// Trying again cannot help, or might do something twice.
    Final(Error),
    /// Another attempt may succeed; after this pause, where the server named one.
    Again(Error, Option<Duration>),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl Attempt {
    fn into_error(self) -> Error {
        match self {
            Self::Final(error) | Self::Again(error, _) => error,
        }
    }
}

/// Tries up to four times, with pauses of about 0.5, 1 and 2 seconds or as long as the server asks; ends at once when the
/// job is cancelled.
pub async fn retry<T, F>(cancel: &Cancel, attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Attempt>>,
{
    let pauses =
        ExponentialBuilder::default().with_min_delay(Duration::from_millis(500)).with_max_times(3).with_jitter();
    let trying = attempt
        .retry(pauses)
        .when(|failed| matches!(failed, Attempt::Again(..)))
        .adjust(|failed, pause| match failed {
            Attempt::Again(_, Some(asked)) => pause.map(|_| (*asked).min(LONGEST_PAUSE)),
            _ => pause,
        })
        .notify(|failed, pause| {
            if let Attempt::Again(error, _) = failed {
                tracing::info!("{error}; trying again in {:.1} s", pause.as_secs_f32());
            }
        });
    cancel.run(trying).await?.map_err(Attempt::into_error)
}

/// May the same request be sent again after this status?
pub fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// The pause that a server asks for, in seconds; dates are not read.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// A transport error without the address it happened at, which may be a signed one.
pub fn transport_error(what: &str, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let reason = if error.is_timeout() { "it did not answer in time".to_owned() } else { innermost(&error) };
    Error::new(Cause::Unreachable, format!("{what}: {reason}"))
}

fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_may_succeed_is_tried_four_times_and_the_rest_once() {
        for (again, expected) in [(true, 4), (false, 1)] {
            let count = Cell::new(0);
            let cancel = Cancel::default();
            let failed = retry(&cancel, || {
                count.set(count.get() + 1);
                let error = Error::failure("no");
                std::future::ready(Err::<(), _>(if again {
                    Attempt::Again(error, None)
                } else {
                    Attempt::Final(error)
                }))
            });
            assert_eq!(failed.await.unwrap_err().to_string(), "no");
            assert_eq!(count.get(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_job_does_not_wait_for_the_next_attempt() {
        let cancel = Cancel::default();
        let trying = retry(&cancel, || async { Err::<(), _>(Attempt::Again(Error::failure("no"), None)) });
        let (ended, ()) = tokio::join!(trying, async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cancel.cancel();
        });
        assert_eq!(ended.unwrap_err().cause(), Cause::Cancelled);
    }
}
