//! Trying again: what is worth it, how often, and after which pause. One policy for calls, one for transfers.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::clock::time;
use crate::action::Cancel;
use crate::{Error, Result};

/// The pauses between the attempts of a call.
const CALL: &[Duration] = &[Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];
/// Those of a transfer: long enough for a load balancer that restarts, or a storage that asks to slow down.
const TRANSFER: &[Duration] = &[
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
];
/// A server that asks for a longer pause is taken at its word up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The most that is added to a pause that a server asks for: who was refused together does not come again together.
const SPREAD: Duration = Duration::from_secs(2);
/// How much further a transfer has to get for a new budget of attempts, bytes.
const STEP: u64 = 1024 * 1024;

/// How patient a transfer is.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The pauses between the attempts, each to be made up to a quarter longer.
    pub pauses: &'static [Duration],
    /// Over which time a server has to bring a KiB per second.
    pub window: Duration,
}

impl Policy {
    /// That of all transfers.
    pub const USUAL: Self = Self { pauses: TRANSFER, window: Duration::from_secs(60) };
}

/// Why one attempt failed.
#[derive(Debug)]
pub enum Attempt {
    /// Trying again cannot help, or might do something twice.
    Final(Error),
    /// Another attempt may succeed; after this pause, where the server named one.
    Again(Error, Option<Duration>),
    /// One more attempt may succeed, such as one with a newly signed address; a second failure of the kind is final.
    Once(Error),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl Attempt {
    /// The reason.
    pub fn into_error(self) -> Error {
        match self {
            Self::Final(error) | Self::Again(error, _) | Self::Once(error) => error,
        }
    }
}

/// Tries a call up to four times, with pauses of about 0.5, 1 and 2 seconds or as long as the server asks; ends at once when
/// the job is cancelled.
pub async fn retry<T, F>(cancel: &Cancel, attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Attempt>>,
{
    keep_trying(cancel, CALL, || 0, attempt).await
}

/// Tries a transfer up to seven times, with pauses of 0.5 to 20 seconds or as long as the server asks. `progress` says how
/// far it ever got, bytes: a transfer that gets on has all its attempts again.
pub async fn transfer<T, F>(cancel: &Cancel, progress: impl Fn() -> u64, attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Attempt>>,
{
    keep_trying(cancel, Policy::USUAL.pauses, progress, attempt).await
}

/// Tries once more than there are pauses.
pub(super) async fn keep_trying<T, F>(
    cancel: &Cancel,
    pauses: &[Duration],
    progress: impl Fn() -> u64,
    mut attempt: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T, Attempt>>,
{
    let (mut left, mut mark, mut once) = (pauses.iter(), progress(), false);
    loop {
        let failed = match cancel.run(attempt()).await? {
            Ok(done) => return Ok(done),
            Err(failed) => failed,
        };
        if progress() >= mark.saturating_add(STEP) {
            (left, mark, once) = (pauses.iter(), progress(), false);
        }
        let (error, asked) = match failed {
            Attempt::Final(error) => return Err(error),
            Attempt::Once(error) if once => return Err(error),
            Attempt::Once(error) => {
                once = true;
                (error, None)
            }
            Attempt::Again(error, asked) => (error, asked),
        };
        let Some(next) = left.next() else { return Err(error) };
        let pause = match asked {
            Some(asked) => spread(asked.min(LONGEST_PAUSE), SPREAD),
            None => spread(*next, Duration::MAX),
        };
        tracing::info!("{error}; trying again in {:.1} s", pause.as_secs_f32());
        cancel.run(tokio::time::sleep(pause)).await?;
    }
}

/// The pause, and up to a quarter of it more.
fn spread(pause: Duration, most: Duration) -> Duration {
    pause.saturating_add(pause.mul_f64(0.25).min(most).mul_f64(fastrand::f64()))
}

/// May the same request be sent again after this status? What a server lacks (501, 505), has no room for (507) or asks a
/// person for (511), it does not have a second later.
pub fn is_transient(status: StatusCode) -> bool {
    match status.as_u16() {
        501 | 505 | 507 | 511 => false,
        408 | 425 | 429 => true,
        _ => status.is_server_error(),
    }
}

/// The pause that a server asks for: in seconds, or until a time by its own clock.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = asked.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = time(headers, DATE).unwrap_or_else(Timestamp::now);
    Some(Duration::try_from(time(headers, RETRY_AFTER)?.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use reqwest::header::HeaderName;

    use tokio::time::Instant;

    use super::*;
    use crate::Cause;

    /// How many attempts are made of what fails so each time, and how long they take.
    async fn attempts(
        try_all: impl AsyncFn(&Cancel, &dyn Fn() -> Attempt) -> Error,
        failed: impl Fn() -> Attempt,
    ) -> (usize, Duration) {
        let (count, began) = (Cell::new(0), Instant::now());
        let fail = || {
            count.set(count.get() + 1);
            failed()
        };
        let error = try_all(&Cancel::default(), &fail).await;
        assert_eq!(error.to_string(), "no");
        (count.get(), began.elapsed())
    }

    fn again() -> Attempt {
        Attempt::Again(Error::failure("no"), None)
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_succeed_is_tried_again_and_the_rest_is_not() {
        let call = async |cancel: &Cancel, fail: &dyn Fn() -> Attempt| {
            retry(cancel, || std::future::ready(Err::<(), _>(fail()))).await.unwrap_err()
        };
        let sent = async |cancel: &Cancel, fail: &dyn Fn() -> Attempt| {
            transfer(cancel, || 0, || std::future::ready(Err::<(), _>(fail()))).await.unwrap_err()
        };
        assert_eq!(attempts(call, again).await.0, 4);
        assert_eq!(attempts(call, || Attempt::Final(Error::failure("no"))).await.0, 1);
        assert_eq!(attempts(call, || Attempt::Once(Error::failure("no"))).await.0, 2);
        let (count, took) = attempts(sent, again).await;
        assert_eq!(count, 7);
        assert!((38..49).contains(&took.as_secs()), "{took:?}");
        let asked = || Attempt::Again(Error::failure("no"), Some(Duration::from_secs(600)));
        let (_, took) = attempts(call, asked).await;
        assert!((180..=186).contains(&took.as_secs()), "three times a minute and a little: {took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_transfer_that_gets_on_has_its_attempts_again() {
        let (got, count) = (Cell::new(0_u64), Cell::new(0));
        let step = |bytes: u64| {
            got.set(got.get() + bytes);
            count.set(count.get() + 1);
            std::future::ready(if count.get() < 40 { Err(again()) } else { Ok(()) })
        };
        transfer(&Cancel::default(), || got.get(), || step(2 * STEP)).await.unwrap();
        // A byte at a time is not progress.
        got.set(0);
        count.set(0);
        transfer(&Cancel::default(), || got.get(), || step(1)).await.unwrap_err();
        assert_eq!(count.get(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_were_refused_together_come_again_apart() {
        let times = RefCell::new(std::collections::HashSet::new());
        for _ in 0..8 {
            let (cancel, began) = (Cancel::default(), Instant::now());
            let mut first = true;
            retry(&cancel, || {
                let asked = Attempt::Again(Error::failure("no"), Some(Duration::from_secs(8)));
                std::future::ready(if std::mem::take(&mut first) { Err(asked) } else { Ok(()) })
            })
            .await
            .unwrap();
            assert!((8..=10).contains(&began.elapsed().as_secs()));
            times.borrow_mut().insert(began.elapsed().as_millis());
        }
        assert!(times.borrow().len() > 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_job_does_not_wait_for_the_next_attempt() {
        let cancel = Cancel::default();
        let trying = retry(&cancel, || async { Err::<(), _>(again()) });
        let (ended, ()) = tokio::join!(trying, async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cancel.cancel();
        });
        assert_eq!(ended.unwrap_err().cause(), Cause::Cancelled);
    }

    #[test]
    fn pauses_are_read_as_seconds_and_as_times() {
        let pause = |headers: &[(HeaderName, &str)]| {
            retry_after(&headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect())
        };
        let date = (DATE, "Sun, 06 Nov 1994 08:49:30 GMT");
        let seconds = |count| Some(Duration::from_secs(count));
        assert_eq!(pause(&[(RETRY_AFTER, " 7 ")]), seconds(7));
        assert_eq!(pause(&[date.clone(), (RETRY_AFTER, "Sun, 06 Nov 1994 08:49:38 GMT")]), seconds(8));
        assert_eq!(pause(&[date.clone(), (RETRY_AFTER, "Sun, 06 Nov 1994 08:00:00 GMT")]), seconds(0));
        assert_eq!(pause(&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:38 GMT")]), seconds(0), "long past");
        for none in ["", "-1", "soon", "99999999999999999999"] {
            assert_eq!(pause(&[date.clone(), (RETRY_AFTER, none)]), None, "{none:?}");
        }
    }

    #[test]
    fn what_a_server_will_not_have_later_is_not_asked_for_again() {
        let transient = |status| is_transient(StatusCode::from_u16(status).unwrap());
        for status in [408, 425, 429, 500, 502, 503, 504, 520, 599] {
            assert!(transient(status), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 409, 501, 505, 507, 511] {
            assert!(!transient(status), "{status}");
        }
    }
}
