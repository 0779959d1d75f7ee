//! Uploads that are not needed, that break, that end for good, and that go on where an earlier one stopped.

use std::time::Duration;

use actions_core::action::Cancel;
use actions_core::{Cause, Env};
use bento_format::Kind;
use bentocloud::{Pushed, UploadStatus};
use reqwest::Method;
use serde_json::json;

use crate::lab::{Cloud, Flavor, Home, Transmission, client, tag};
use crate::relay::{Fault, Relay};
use crate::sample::sample;
use crate::tree::tree_without_links;

const MODEL: &str = "prices:v1";
/// The five combinations that exist.
const WAYS: [(Flavor, Transmission); 5] = [
    (Flavor::BentoCloud, Transmission::Presigned),
    (Flavor::BentoCloud, Transmission::Multipart),
    (Flavor::BentoCloud, Transmission::Proxy),
    (Flavor::Yatai, Transmission::Multipart),
    (Flavor::Yatai, Transmission::Proxy),
];

async fn status(cloud: &Cloud) -> UploadStatus {
    let (_, artifact) = cloud.client().find(Kind::Model, &tag(MODEL)).await.unwrap().expect("it is registered");
    artifact.upload_status
}

/// The real client gets what was sent.
async fn arrived(cloud: &Cloud) {
    let to = Home::empty();
    cloud.bentoml(to.path(), &["models", "pull", MODEL]).await;
    let sent = tree_without_links(&sample().home.join("models/prices"));
    assert_eq!(sent, tree_without_links(&to.path().join("models/prices")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_has_is_not_sent_unless_forced() {
    for (flavor, transmission) in WAYS {
        let cloud = Cloud::start(flavor, transmission).await;
        let (client, store, env) = (cloud.client(), sample().store(), Env::default());
        let tag = tag(&sample().tag);
        assert!(matches!(client.push_bento(&store, &tag, false, &env).await.unwrap(), Pushed::Sent { .. }));
        cloud.server.clear_requests();
        assert_eq!(client.push_bento(&store, &tag, false, &env).await.unwrap(), Pushed::Skipped);
        let methods: Vec<_> = cloud.server.requests().into_iter().map(|request| request.method).collect();
        assert!(methods.iter().all(|method| method == "GET"), "{methods:?}");
        assert!(matches!(client.push_bento(&store, &tag, true, &env).await.unwrap(), Pushed::Sent { .. }));
        assert_eq!(cloud.requests("PATCH", "/start_upload").len(), 3, "the Bento and its two models");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_given_up_is_taken_up_by_the_next_push() {
    for (flavor, transmission) in WAYS {
        for abandoned in ["pending", "uploading", "failed"] {
            let cloud = Cloud::start(flavor, transmission).await;
            let (client, store) = (cloud.client(), sample().store());
            // Registered by hand, with the state that a client which died left behind.
            let first = client.push_model(&store, &tag(MODEL), false).await.unwrap();
            let path = "/api/v1/model_repositories/prices/models/v1/finish_upload";
            cloud.call(Method::PATCH, path, &json!({"status": abandoned, "reason": "given up"})).await;
            assert_ne!(status(&cloud).await, UploadStatus::Success);
            cloud.server.clear_requests();
            assert_eq!(client.push_model(&store, &tag(MODEL), false).await.unwrap(), first);
            assert!(cloud.requests("POST", "").is_empty(), "it is registered once");
            assert_eq!(status(&cloud).await, UploadStatus::Success);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_transfer_is_sent_again() {
    let faults = [Fault::CutRequest(1000), Fault::CutRequest(0), Fault::Answer(503, ""), Fault::Answer(429, "")];
    for (flavor, transmission) in WAYS {
        let cloud = Cloud::start(flavor, transmission).await;
        let relay = Relay::before(&cloud).await;
        let fault = faults[usize::from(transmission == Transmission::Multipart)].clone();
        relay.fault("PUT", "", 1, fault.clone());
        relay.fault("PUT", "", 1, Fault::Answer(500, ""));
        client(&relay.endpoint, &Cancel::default()).push_model(&sample().store(), &tag(MODEL), false).await.unwrap();
        assert_eq!(relay.seen("PUT ").len(), 3, "{flavor:?} {transmission:?} {fault:?}");
        assert_eq!(status(&cloud).await, UploadStatus::Success);
        arrived(&cloud).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_part_of_many_is_sent_again_and_signed_anew() {
    let cloud = Cloud::start(Flavor::BentoCloud, Transmission::Multipart).await;
    let relay = Relay::before(&cloud).await;
    relay.fault("PUT", "partNumber=2", 1, Fault::CutRequest(500_000));
    let ours = client(&relay.endpoint, &Cancel::default());
    ours.push_model(&sample().store(), &tag("big:v1"), false).await.unwrap();
    assert_eq!((relay.seen("partNumber=1").len(), relay.seen("partNumber=2").len()), (1, 2));
    assert_eq!(relay.seen("/presign_multipart_upload_url").len(), 3);
    let to = Home::empty();
    cloud.bentoml(to.path(), &["models", "pull", "big:v1"]).await;
    let sent = tree_without_links(&sample().home.join("models/big"));
    assert_eq!(sent, tree_without_links(&to.path().join("models/big")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_server_asks_for_is_kept() {
    let cloud = Cloud::plain().await;
    let relay = Relay::before(&cloud).await;
    relay.fault("PUT", "", 1, Fault::Answer(429, "retry-after: 2\r\n"));
    relay.fault("PATCH", "/start_upload", 1, Fault::Answer(503, "retry-after: 2\r\n"));
    client(&relay.endpoint, &Cancel::default()).push_model(&sample().store(), &tag(MODEL), false).await.unwrap();
    for request in ["PUT ", "/start_upload"] {
        let seen = relay.seen(request);
        assert_eq!(seen.len(), 2);
        assert!(seen[1].at - seen[0].at >= Duration::from_secs(2), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_failure_is_told_to_the_server() {
    for (flavor, transmission) in WAYS {
        let cloud = Cloud::start(flavor, transmission).await;
        cloud.server.fail_next("PUT", "", 403, 1);
        let error = cloud.client().push_model(&sample().store(), &tag(MODEL), false).await.unwrap_err();
        assert!(error.to_string().contains(MODEL), "{error}");
        assert_eq!(status(&cloud).await, UploadStatus::Failed, "{flavor:?} {transmission:?}");
        assert!(cloud.requests("PATCH", "/complete_multipart_upload").is_empty());
        let told = cloud.requests("PATCH", "/finish_upload");
        let body = told.last().and_then(|told| told.body_json.clone()).expect("a body");
        let reason = body["reason"].as_str().unwrap_or_default();
        assert!(body["status"] == "failed" && !reason.is_empty(), "{body}");
        assert!(!reason.contains('/'), "a path of this machine is none of its business: {reason}");
        if transmission == Transmission::Proxy {
            assert_eq!(error.cause(), Cause::Access, "{}", error.full_text());
        } else {
            // The storage knows no tokens: a new one would not help.
            assert!(!error.full_text().contains("token"), "{}", error.full_text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_push_ends_at_once_and_tells_the_server() {
    for (flavor, transmission) in WAYS {
        let cloud = Cloud::start(flavor, transmission).await;
        let relay = Relay::before(&cloud).await;
        relay.fault("PUT", "", 9, Fault::Silence);
        let cancel = Cancel::default();
        let ours = client(&relay.endpoint, &cancel);
        let (store, tag) = (sample().store(), tag(MODEL));
        let pushing = ours.push_model(&store, &tag, false);
        let (pushed, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(5), pushing), async {
            relay.saw("PUT ").await;
            cancel.cancel();
        });
        assert_eq!(pushed.expect("it ends").unwrap_err().cause(), Cause::Cancelled);
        assert_eq!(status(&cloud).await, UploadStatus::Failed, "{flavor:?} {transmission:?}");
    }
}
