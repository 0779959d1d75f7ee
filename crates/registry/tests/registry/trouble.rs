//! Registries that break off, die, are busy, or stand still.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actions_core::Cause;
use actions_core::action::Cancel;
use axum::http::Method;
use registry::{Arrival, Credentials};

use crate::front;
use crate::lab::{Lab, MIB, access, layer, tag};
use crate::relay::Relay;

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_is_sent_in_pieces() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let relay = Relay::start(lab.address()).await;
    let registry = access(relay.address(), "broken", Credentials::None, &cancel);
    let source = layer(folder.path(), 80 * MIB, 4);
    relay.break_after(70 * MIB, 2);
    let (layer, arrival) = registry.add_layer(&source).await.unwrap();
    assert_eq!(arrival, Arrival::Sent);
    tag(&registry, &layer, "whole").await;
    assert!(relay.sent() < 240 * MIB, "{} MiB were sent", relay.sent() / MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_registry_is_given_its_time_and_pieces_that_arrived_are_not_sent_again() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let (patches, bytes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, sum) = (Arc::clone(&patches), Arc::clone(&bytes));
    let address = front::start(
        lab.address(),
        Arc::new(move |request| {
            if request.method != Method::PATCH {
                return None;
            }
            let number = seen.fetch_add(1, Ordering::SeqCst);
            let length = request.headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
            match number {
                // The whole is more than this one takes.
                0 => front::answer(413, &[("connection", "close")]),
                // Every second piece comes at a bad time: more often in sum than one request may fail.
                2 => front::answer(429, &[("retry-after", "2"), ("connection", "close")]),
                4 | 6 | 8 => front::answer(503, &[("retry-after", "0"), ("connection", "close")]),
                _ => {
                    sum.fetch_add(length.unwrap_or(0), Ordering::SeqCst);
                    None
                }
            }
        }),
    )
    .await;
    let registry = access(&address, "busy", Credentials::None, &cancel);
    let source = layer(folder.path(), 150 * MIB, 5);
    let start = Instant::now();
    let (layer, _) = registry.add_layer(&source).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(2), "it asked for two seconds");
    assert_eq!(bytes.load(Ordering::SeqCst), layer.plan.len(), "every byte arrived once");
    tag(&registry, &layer, "whole").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_dies_is_named_and_one_that_comes_back_gets_the_rest() {
    let (mut lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let relay = Relay::start(lab.address()).await;
    let registry = access(relay.address(), "mortal", Credentials::None, &cancel);
    let source = layer(folder.path(), 48 * MIB, 6);
    relay.hold_after(8 * MIB);
    let (dead, ()) = tokio::join!(registry.add_layer(&source), async {
        relay.held().await;
        lab.kill();
    });
    let dead = dead.unwrap_err();
    assert_eq!(dead.cause(), Cause::Unreachable, "{}", dead.full_text());
    assert!(dead.full_text().contains("failed to push a layer"), "{}", dead.full_text());

    // The same again, and it comes back in time.
    lab.restart();
    relay.hold_after(8 * MIB);
    let (done, ()) = tokio::join!(registry.add_layer(&source), async {
        relay.held().await;
        lab.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        lab.restart();
    });
    let (layer, arrival) = done.unwrap();
    assert_eq!(arrival, Arrival::Sent);
    tag(&registry, &layer, "alive").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_ends_at_once_and_leaves_nothing() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let relay = Relay::start(lab.address()).await;
    let registry = access(relay.address(), "cancelled", Credentials::None, &cancel);
    let source = layer(folder.path(), 64 * MIB, 7);
    let known = source.hashed(&cancel).await.unwrap();
    for first in [true, false] {
        let cancel = Cancel::default();
        let registry = registry.with_cancel(&cancel);
        relay.slow_after(8 * MIB);
        let pushing = async {
            match first {
                true => registry.add_layer(&source).await.map(|_| ()),
                false => registry.ensure_layer(&known, &[]).await.map(|_| ()),
            }
        };
        let (ended, at) = tokio::join!(pushing, async {
            relay.held().await;
            assert_eq!(lab.uploads("cancelled"), 1);
            cancel.cancel();
            // What is on its way has to arrive before the upload can be taken back: a busy machine takes its time as it is.
            relay.hurry();
            Instant::now()
        });
        assert_eq!(ended.unwrap_err().cause(), Cause::Cancelled);
        assert!(at.elapsed() < Duration::from_secs(5), "{:?}", at.elapsed());
        assert_eq!(lab.uploads("cancelled"), 0, "the upload was taken back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_to_a_registry_that_stands_still_ends_in_time() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let relay = Relay::start(lab.address()).await;
    let registry = access(relay.address(), "still", Credentials::None, &cancel);
    let source = layer(folder.path(), 64 * MIB, 8).hashed(&cancel).await.unwrap();
    relay.hold_after(8 * MIB);
    let (ended, at) = tokio::join!(registry.ensure_layer(&source, &[]), async {
        relay.held().await;
        cancel.cancel();
        Instant::now()
    });
    assert_eq!(ended.unwrap_err().cause(), Cause::Cancelled);
    assert!(at.elapsed() < Duration::from_secs(5), "{:?}", at.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_at_the_end_is_not_sent_again() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let patches = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&patches);
    let rule: front::Rule = Arc::new(move |request| match request.method {
        Method::PUT => front::told(400, &[], r#"{"errors": [{"code": "DIGEST_INVALID", "message": "other bytes"}]}"#),
        Method::PATCH => {
            seen.fetch_add(1, Ordering::SeqCst);
            None
        }
        _ => None,
    });
    let address = front::start(lab.address(), rule).await;
    let source = layer(folder.path(), 2 * MIB, 9);
    let refused = access(&address, "refused", Credentials::None, &cancel).add_layer(&source).await.unwrap_err();
    assert!(refused.full_text().contains("other bytes"), "{}", refused.full_text());
    assert_eq!(patches.load(Ordering::SeqCst), 1);
    assert_eq!(lab.uploads("refused"), 0, "the upload was taken back");
}
