//! Waiting for a Deployment, told apart: ready, failed, timed out, unreachable, replaced by somebody else.

use std::time::{Duration, Instant};

use actions_core::{Cause, Error, Result};
use bentocloud::Client;
use bentocloud::deployment::{Deployment, Outcome};

/// The longer it takes, the longer the pauses: an eighth of the time that passed, within these bounds.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// How long one look may take, however little time is left.
const LOOK: Duration = Duration::from_secs(10);
/// How many looks in a row may fail, each after its own retries.
const PATIENCE: u32 = 3;

/// How long the word of a server may stay what it was before an update, until it is taken for the update's own.
const ROLLOUT_START: Duration = Duration::from_secs(10);

/// The state that is waited for.
#[derive(Debug)]
pub(crate) enum Until {
    /// The revision that was asked for serves. With the Deployment before the update, where it was one.
    Ready(Option<Box<Deployment>>),
    /// It ended.
    Terminated,
}

/// Waits until the Deployment is as wanted. `seen` is told every state, the last one too.
pub(crate) async fn wait(
    client: &Client,
    started: &Deployment,
    until: &Until,
    timeout: Duration,
    mut seen: impl FnMut(&Deployment),
) -> Result<()> {
    let begun = Instant::now();
    let name = &started.name;
    let cluster = Some(started.cluster()).filter(|cluster| !cluster.is_empty());
    let console = started.console_url(client.endpoint());
    let (mut status, mut failures) = (String::new(), 0_u32);
    let mut stale = stale(until, started);
    loop {
        let patience = timeout.saturating_sub(begun.elapsed()).max(LOOK);
        let look = tokio::time::timeout(patience, client.deployment(name, cluster)).await;
        let mut failed = None;
        match look.unwrap_or_else(|_| Err(silent(client, patience))) {
            Ok(Some(present)) => {
                failures = 0;
                if present.status != status {
                    tracing::info!("{name}: {} after {:.0} s", present.status, begun.elapsed().as_secs_f32());
                    status.clone_from(&present.status);
                }
                seen(&present);
                check_revision(&present, started, until, &console)?;
                stale = stale.filter(|before| *before == present.status && begun.elapsed() < ROLLOUT_START);
                if stale.is_none() && judge(&present, until, &console)? {
                    return Ok(());
                }
            }
            Ok(None) if matches!(until, Until::Terminated) => return Ok(()),
            Ok(None) => {
                return Err(Error::new(
                    Cause::Deployment,
                    format!("the Deployment {name} was deleted while it was waited for"),
                )
                .hint("See who deletes it: another workflow, or a person in the console."));
            }
            Err(error) if error.cause() == Cause::Unreachable && failures.saturating_add(1) < PATIENCE => {
                failures = failures.saturating_add(1);
                tracing::info!("{error}");
                failed = Some(error);
            }
            Err(error) => return Err(error),
        }
        let left = timeout.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(failed.unwrap_or_else(|| match &stale {
                Some(before) => not_begun(name, before, timeout, &console),
                None => timed_out(name, &status, timeout, &console),
            }));
        }
        client.pause(begun.elapsed().mul_f32(0.125).clamp(PAUSES.0, PAUSES.1).min(left)).await?;
    }
}

/// What the Deployment is said to be, where that may still be said of the revision before: the update changed what runs,
/// and the answer to it says what was said before.
fn stale(until: &Until, started: &Deployment) -> Option<String> {
    let Until::Ready(Some(before)) = until else { return None };
    (before.status == started.status && !before.runs_like(started)).then(|| before.status.clone())
}

fn not_begun(name: &str, before: &str, timeout: Duration, console: &str) -> Error {
    let seconds = timeout.as_secs();
    Error::new(
        Cause::Timeout,
        format!(
            "the Deployment {name} has not begun to change after {seconds} s: it is {before}, as before the update"
        ),
    )
    .hint(format!("Look at its events at {console}, or give it more time with wait-timeout."))
}

fn silent(client: &Client, patience: Duration) -> Error {
    Error::new(Cause::Unreachable, format!("{} was silent for {} s", client.endpoint(), patience.as_secs()))
        .hint("Look at the server's state; the Deployment may become ready all the same.")
}

fn timed_out(name: &str, status: &str, timeout: Duration, console: &str) -> Error {
    Error::new(Cause::Timeout, format!("the Deployment {name} is still {status} after {} s", timeout.as_secs()))
        .hint(format!("Look at its events at {console}, or give it more time with wait-timeout."))
}

/// A roll-back, or another job's update, would make a success of a revision that nobody here asked for.
fn check_revision(present: &Deployment, started: &Deployment, until: &Until, console: &str) -> Result<()> {
    let same = matches!(until, Until::Terminated)
        || started.revision().is_none()
        || present.revision() == started.revision()
        || present.runs_like(started);
    if same {
        return Ok(());
    }
    let (name, running) = (&present.name, present.bento().unwrap_or_else(|| "another revision".into()));
    let what = if present.bento() == started.bento() {
        format!("it runs {running} with another configuration now")
    } else {
        format!("it is at {running} now")
    };
    Err(Error::new(Cause::Deployment, format!("the Deployment {name} was changed by somebody else: {what}"))
        .hint(format!("See its revisions at {console}; a `concurrency` group keeps jobs from overtaking each other.")))
}

/// Is it as wanted? An error where it never will be.
fn judge(present: &Deployment, until: &Until, console: &str) -> Result<bool> {
    let name = &present.name;
    if matches!(until, Until::Terminated) {
        return Ok(present.status == "terminated");
    }
    match present.outcome() {
        Outcome::Ready => Ok(true),
        Outcome::Pending => Ok(false),
        Outcome::Failed => Err(Error::new(
            Cause::Deployment,
            format!("the Deployment {name} did not become ready: it is {}", present.status),
        )
        .hint(hint(&present.status, console))),
    }
}

fn hint(status: &str, console: &str) -> String {
    match status {
        "image-build-failed" => {
            format!("The image's build log is at {console}; most often a requirement does not install.")
        }
        "terminated" | "terminating" => format!("Somebody ended it; see {console}."),
        _ => {
            format!("The service's log is at {console}; most often it crashes at start, or lacks memory or a variable.")
        }
    }
}
