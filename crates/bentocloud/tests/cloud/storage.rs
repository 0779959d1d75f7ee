//! Object storages with a bad moment, and files that do not stay as they are.

use std::fs;

use actions_core::Cause;
use actions_core::action::Cancel;

use crate::lab::{Cloud, Flavor, Home, Transmission, client, tag};
use crate::relay::{Fault, Relay};
use crate::sample::sample;

const MODEL: &str = "prices:v1";

async fn relayed(transmission: Transmission) -> (Cloud, Relay) {
    let cloud = Cloud::start(Flavor::BentoCloud, transmission).await;
    let relay = Relay::before(&cloud).await;
    (cloud, relay)
}

async fn push(relay: &Relay) -> actions_core::Result<bentocloud::Pushed> {
    client(&relay.endpoint, &Cancel::default()).push_model(&sample().store(), &tag(MODEL), false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_has_an_address_that_was_signed_for_it() {
    let (_cloud, relay) = relayed(Transmission::Presigned).await;
    relay.fault("PUT", "", 1, Fault::CutRequest(0));
    relay.fault("PUT", "", 1, Fault::Refuse(403, "AccessDenied", "Request has expired"));
    push(&relay).await.unwrap();
    assert_eq!((relay.seen("PUT ").len(), relay.seen("/presign_upload_url").len()), (3, 3));
    // A clock that is wrong stays wrong.
    for transmission in [Transmission::Presigned, Transmission::Multipart] {
        let (_cloud, relay) = relayed(transmission).await;
        relay.fault("PUT", "", 9, Fault::Refuse(403, "RequestTimeTooSkewed", "The difference is too large."));
        let error = push(&relay).await.unwrap_err();
        assert!(error.full_text().contains("RequestTimeTooSkewed: The difference"), "{}", error.full_text());
        assert!(error.full_text().contains("clocks"), "{}", error.full_text());
        assert_eq!(relay.seen("PUT ").len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_storage_asks_to_send_again_is_sent_again() {
    for (status, code) in [(400, "RequestTimeout"), (503, "SlowDown"), (200, "InternalError")] {
        for transmission in [Transmission::Presigned, Transmission::Multipart] {
            let (_cloud, relay) = relayed(transmission).await;
            relay.fault("PUT", "", 1, Fault::Refuse(status, code, "Your socket connection timed out."));
            push(&relay).await.unwrap_or_else(|error| panic!("{code}: {}", error.full_text()));
            assert_eq!(relay.seen("PUT ").len(), 2, "{code}");
        }
    }
    let (_cloud, relay) = relayed(Transmission::Presigned).await;
    relay.fault("PUT", "", 9, Fault::Refuse(400, "EntityTooLarge", "Your proposed upload exceeds the maximum."));
    push(&relay).await.unwrap_err();
    assert_eq!(relay.seen("PUT ").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrived_as_other_bytes_is_sent_again_and_what_is_no_digest_is_none() {
    const OTHER: &str = "etag: \"00000000000000000000000000000000\"\r\n";
    for (times, sent) in [(1, 2), (9, 2)] {
        let (_cloud, relay) = relayed(Transmission::Presigned).await;
        relay.fault("PUT", "", times, Fault::Answer(200, OTHER));
        push(&relay).await.unwrap();
        assert_eq!(relay.seen("PUT ").len(), sent, "{times} wrong ETags");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_etag_of_an_encrypted_object_is_compared_with_nothing() {
    for headers in [
        "etag: \"00000000000000000000000000000000\"\r\nx-amz-server-side-encryption: aws:kms\r\n",
        "etag: \"00000000000000000000000000000000\"\r\nx-amz-server-side-encryption: aws:kms:dsse\r\n",
        "etag: \"00000000000000000000000000000000\"\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\n",
    ] {
        let (_cloud, relay) = relayed(Transmission::Presigned).await;
        relay.fault("PUT", "", 9, Fault::Answer(200, headers));
        push(&relay).await.unwrap();
        assert_eq!(relay.seen("PUT ").len(), 1, "{headers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_beginning_or_the_end_of_a_multipart_upload_is_survived() {
    let start = "/start_multipart_upload";
    let end = "/complete_multipart_upload";
    for (call, fault, calls) in [
        (start, Fault::CutAnswer(0), 2),
        (start, Fault::Answer(504, ""), 2),
        // The storage has it: a look tells.
        (end, Fault::CutAnswer(0), 1),
        // It has not.
        (end, Fault::Answer(504, ""), 2),
        (end, Fault::CutRequest(0), 2),
    ] {
        let (_cloud, relay) = relayed(Transmission::Multipart).await;
        relay.fault("PATCH", call, 1, fault.clone());
        push(&relay).await.unwrap_or_else(|error| panic!("{call} {fault:?}: {}", error.full_text()));
        assert_eq!(relay.seen(call).len(), calls, "{call} {fault:?}");
    }
    let (_cloud, relay) = relayed(Transmission::Multipart).await;
    relay.fault("PATCH", end, 9, Fault::Answer(400, ""));
    push(&relay).await.unwrap_err();
    assert_eq!(relay.seen(end).len(), 1, "what is refused is not asked for again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_sent_ends_the_push_at_once() {
    for text in ["short", "as long as before, but other"] {
        let home = Home::empty();
        let folder = home.path().join("models/prices/v1");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(sample().home.join("models/prices/v1/model.yaml"), folder.join("model.yaml")).unwrap();
        fs::write(folder.join("weights"), "as long as before; or longer").unwrap();
        let (cloud, relay) = relayed(Transmission::Presigned).await;
        relay.fault("PUT", "", 1, Fault::Answer(503, "retry-after: 1\r\n"));
        let (ours, store, tag) = (client(&relay.endpoint, &Cancel::default()), home.store(), tag(MODEL));
        let (pushed, ()) = tokio::join!(ours.push_model(&store, &tag, false), async {
            relay.saw("PUT ").await;
            fs::write(folder.join("weights"), text).unwrap();
        });
        let error = pushed.unwrap_err();
        let expected = if text == "short" { "became shorter" } else { "changed" };
        assert!(error.full_text().contains(&format!("weights {expected} while")), "{}", error.full_text());
        assert_eq!(error.cause(), Cause::Failure);
        assert!(relay.seen("PUT ").len() <= 2, "it is not sent again");
        let told = cloud.requests("PATCH", "/finish_upload").pop().and_then(|told| told.body_json).unwrap();
        assert_eq!(told["reason"], "the client could not send it");
    }
}
