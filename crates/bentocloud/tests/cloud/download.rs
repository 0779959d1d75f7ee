//! Downloads that break, that go on where they stopped, and archives that are not what they should be.

use std::fs;
use std::time::Duration;

use actions_core::action::Cancel;
use actions_core::{Cause, Env};
use bento_format::{Kind, ModelWanted};
use bentocloud::Pulled;

use crate::lab::{Cloud, Flavor, Home, Transmission, client, tag};
use crate::relay::{Fault, Relay};
use crate::sample::sample;
use crate::tree::tree;

const WAYS: [(Flavor, Transmission, &str); 4] = [
    (Flavor::BentoCloud, Transmission::Presigned, ".tar?"),
    (Flavor::BentoCloud, Transmission::Proxy, "/download"),
    (Flavor::Yatai, Transmission::Multipart, ".tar?"),
    (Flavor::Yatai, Transmission::Proxy, "/download"),
];

fn wanted(text: &str) -> ModelWanted {
    ModelWanted { tag: tag(text), filter: None }
}

/// A server that has the model `prices:v1`.
async fn with_model(flavor: Flavor, transmission: Transmission) -> Cloud {
    let cloud = Cloud::start(flavor, transmission).await;
    cloud.client().push_model(&sample().store(), &tag("prices:v1"), false).await.unwrap();
    cloud
}

fn ends_in_manifest(name: &[u8]) -> bool {
    name.ends_with(b"model.yaml")
}

/// Neither a version nor anything in tmp.
fn assert_empty(home: &Home) {
    let files = tree(home.path());
    assert!(files.keys().all(|path| path.ends_with("tmp")), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_download_goes_on_where_it_stopped() {
    for (flavor, transmission, path) in WAYS {
        let cloud = with_model(flavor, transmission).await;
        let relay = Relay::before(&cloud).await;
        relay.fault("GET", path, 1, Fault::CutAnswer(5000));
        relay.fault("GET", path, 1, Fault::CutAnswer(0));
        let to = Home::empty();
        let ours = client(&relay.endpoint, &Cancel::default());
        ours.pull_model(&to.store(), &wanted("prices:v1")).await.unwrap();
        assert_eq!(tree(&sample().home.join("models/prices")), tree(&to.path().join("models/prices")));
        let ranges: Vec<_> = relay.seen(path).into_iter().filter(|seen| seen.line.starts_with("GET")).collect();
        assert_eq!(ranges.len(), 3, "{ranges:?}");
        assert_eq!(ranges[0].range, None);
        // The API itself names no ETag: nothing proves that the rest would be of the same archive.
        let Some(resumed) = ranges[2].range.as_deref() else {
            assert_eq!(transmission, Transmission::Proxy);
            continue;
        };
        assert!(resumed.starts_with("bytes=") && resumed.ends_with('-') && resumed != "bytes=0-", "{resumed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_download_is_tried_again_only_where_that_may_help() {
    let cloud = with_model(Flavor::BentoCloud, Transmission::Presigned).await;
    for (status, tries) in [(503, 7), (429, 7), (404, 1), (403, 1)] {
        let relay = Relay::before(&cloud).await;
        relay.fault("GET", ".tar?", 9, Fault::Answer(status, "retry-after: 0\r\n"));
        let to = Home::empty();
        let ours = client(&relay.endpoint, &Cancel::default());
        let error = ours.pull_model(&to.store(), &wanted("prices:v1")).await.unwrap_err();
        assert_eq!(relay.seen(".tar?").len(), tries, "{status}");
        assert!(error.to_string().contains("prices:v1"), "{error}");
        assert!(!error.full_text().contains("X-Amz"), "{}", error.full_text());
        assert!(!error.full_text().contains("token"), "the storage knows no tokens: {}", error.full_text());
        assert_empty(&to);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_none_leaves_nothing_in_the_store() {
    let header = 512;
    for (flavor, transmission, _) in WAYS {
        let cloud = with_model(flavor, transmission).await;
        let object = cloud.object("prices", "v1").await;
        let whole = fs::read(&object).unwrap();
        let is_manifest =
            |at: &usize| whole[*at..at + 100].split(|&byte| byte == 0).next().is_some_and(ends_in_manifest);
        let manifest = (0..whole.len()).step_by(header).find(is_manifest).expect("an entry");
        // At the end of an entry, in a header, in a file, and before the first byte.
        let ends = [manifest, manifest + 2 * header, manifest + 100, manifest + header + 10, 0];
        let mut broken: Vec<_> = ends.into_iter().map(|end| whole[..end].to_vec()).collect();
        let mut tampered = whole.clone();
        tampered[manifest + 3] ^= 1;
        broken.push(tampered);
        broken.push(b"<!DOCTYPE html><html></html>".repeat(100));
        broken.push(vec![0; 10_240]);
        for (number, bytes) in broken.into_iter().enumerate() {
            fs::write(&object, bytes).unwrap();
            let to = Home::empty();
            let pulled = cloud.client().pull_model(&to.store(), &wanted("prices:v1")).await;
            let error = pulled.expect_err(&format!("{flavor:?} {transmission:?}, case {number}"));
            assert!(error.to_string().contains("prices:v1"), "case {number}: {}", error.full_text());
            assert_empty(&to);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_another_version_is_refused() {
    let cloud = with_model(Flavor::BentoCloud, Transmission::Presigned).await;
    cloud.client().push_model(&sample().store(), &tag("names:v1"), false).await.unwrap();
    fs::copy(cloud.object("names", "v1").await, cloud.object("prices", "v1").await).unwrap();
    let to = Home::empty();
    let error = cloud.client().pull_model(&to.store(), &wanted("prices:v1")).await.unwrap_err();
    assert!(error.full_text().contains("names:v1"), "{}", error.full_text());
    assert_empty(&to);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_pull_ends_at_once_and_leaves_nothing() {
    for (flavor, transmission, path) in WAYS {
        for fault in [Fault::Silence, Fault::Answer(503, "retry-after: 50\r\n")] {
            let cloud = with_model(flavor, transmission).await;
            let relay = Relay::before(&cloud).await;
            relay.fault("GET", path, 9, fault);
            let (cancel, to) = (Cancel::default(), Home::empty());
            let (ours, store, wanted) = (client(&relay.endpoint, &cancel), to.store(), wanted("prices:v1"));
            let pulling = tokio::time::timeout(Duration::from_secs(5), ours.pull_model(&store, &wanted));
            let (pulled, ()) = tokio::join!(pulling, async {
                relay.saw(path).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                cancel.cancel();
            });
            assert_eq!(pulled.expect("it ends").unwrap_err().cause(), Cause::Cancelled);
            assert_empty(&to);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    for (flavor, transmission, _) in WAYS {
        let cloud = with_model(flavor, transmission).await;
        let (ours, to) = (cloud.client(), Home::empty());
        for missing in ["prices:v2", "nothing:v1", "nothing"] {
            let error = ours.pull_model(&to.store(), &wanted(missing)).await.unwrap_err();
            assert_eq!(error.cause(), Cause::NotFound, "{missing}: {}", error.full_text());
            let error = ours.pull_bento(&to.store(), &tag(missing), true).await.unwrap_err();
            assert_eq!(error.cause(), Cause::NotFound, "{missing}: {}", error.full_text());
        }
        // Registered, but never sent.
        cloud.server.fail_next("PUT", "", 400, 1);
        ours.push_model(&sample().store(), &tag("names:v1"), false).await.unwrap_err();
        let error = ours.pull_model(&to.store(), &wanted("names")).await.unwrap_err();
        assert_eq!(error.cause(), Cause::NotFound, "{}", error.full_text());
        assert_empty(&to);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_has_is_not_fetched() {
    let cloud = Cloud::plain().await;
    let (ours, from) = (cloud.client(), sample());
    ours.push_bento(&from.store(), &tag(&from.tag), false, &Env::default()).await.unwrap();
    let to = Home::empty();
    for latest in ["shop", "shop:latest", &from.tag] {
        let pulled = ours.pull_bento(&to.store(), &tag(latest), false).await.unwrap();
        assert_eq!(pulled.tag().to_string(), from.tag);
        assert_eq!(matches!(pulled, Pulled::Fetched(..)), latest == "shop", "{latest}");
    }
    assert!(to.store().find(Kind::Model, &tag("prices")).unwrap().is_none(), "models come only when asked for");
    ours.pull_bento(&to.store(), &tag("shop"), true).await.unwrap();
    assert!(to.store().find(Kind::Model, &tag("prices")).unwrap().is_some());
    assert_eq!(cloud.requests("GET", "/bentos/").iter().filter(|request| request.path.contains(".tar?")).count(), 1);
}
