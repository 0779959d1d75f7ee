//! What one client pushes the other pulls, byte for byte; by every way of transmission, in both flavours.

use actions_core::Env;
use bento_format::ModelWanted;
use bentocloud::{Pulled, Pushed};

use crate::differences::differences;
use crate::lab::{Cloud, Flavor, Home, Transmission, tag};
use crate::sample::{Sample, sample};
use crate::tree::{executables, tree, tree_without_links};

async fn sent_by_us_arrives_there(cloud: &Cloud, from: &Sample, used: &str) {
    let pushed = cloud.client().push_bento(&from.store(), &tag(&from.tag), false, &Env::default()).await.unwrap();
    assert!(matches!(pushed, Pushed::Sent { bytes } if bytes > 10_240 && bytes % 512 == 0), "{pushed:?}");
    assert!(!cloud.requests("PATCH", used).is_empty() || !cloud.requests("PUT", used).is_empty(), "{used} unused");
    let to = Home::empty();
    cloud.bentoml(to.path(), &["pull", &from.tag, "--with-models"]).await;
    assert_eq!(tree(&from.home.join("bentos/shop")), tree(&to.path().join("bentos/shop")), "another Bento came back");
    for model in ["models/prices", "models/names"] {
        let sent = tree_without_links(&from.home.join(model));
        assert_eq!(sent, tree(&to.path().join(model)), "another {model} came back");
    }
    for request in cloud.server.requests() {
        assert!(request.status < 500 && request.status != 400, "{request:?}");
    }
}

async fn sent_by_them_arrives_here(cloud: &Cloud, from: &Sample) {
    cloud.bentoml(&from.home, &["push", &from.tag]).await;
    let to = Home::empty();
    let pulled = cloud.client().pull_bento(&to.store(), &tag(&from.tag), true).await.unwrap();
    assert!(matches!(pulled, Pulled::Fetched(..)), "{pulled:?}");
    for part in ["bentos/shop", "models/prices", "models/names"] {
        assert_eq!(tree(&from.home.join(part)), tree(&to.path().join(part)), "another {part} came back");
        assert_eq!(executables(&from.home.join(part)), executables(&to.path().join(part)), "modes in {part}");
    }
    assert_eq!(std::fs::read_dir(to.path().join("tmp")).unwrap().count(), 0, "something is left in tmp");
}

async fn both_ways(flavor: Flavor, transmission: Transmission, used: &str) {
    let from = sample();
    let (ours, theirs) = (Cloud::start(flavor, transmission).await, Cloud::start(flavor, transmission).await);
    sent_by_us_arrives_there(&ours, from, used).await;
    sent_by_them_arrives_here(&theirs, from).await;
    assert_same_bodies(&ours, &theirs);

    // A forced push of what is there updates it: the one call that has another body.
    for cloud in [&ours, &theirs] {
        cloud.server.clear_requests();
    }
    ours.client().push_bento(&from.store(), &tag(&from.tag), true, &Env::default()).await.unwrap();
    theirs.bentoml(&from.home, &["push", "--force", &from.tag]).await;
    assert_same_bodies(&ours, &theirs);
}

/// What both clients registered and updated is the same JSON.
fn assert_same_bodies(ours: &Cloud, theirs: &Cloud) {
    let (ours, theirs) = (ours.registrations(), theirs.registrations());
    let names = |sent: &[(String, _)]| sent.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    assert!(!ours.is_empty());
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        let differences = differences(ours, theirs);
        assert!(differences.is_empty(), "{name}, ours and bentoml's:\n{}", differences.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn single_put() {
    both_ways(Flavor::BentoCloud, Transmission::Presigned, "/presign_upload_url").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn multipart() {
    both_ways(Flavor::BentoCloud, Transmission::Multipart, "uploadId=").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy() {
    both_ways(Flavor::BentoCloud, Transmission::Proxy, "/upload").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn yatai_proxy() {
    both_ways(Flavor::Yatai, Transmission::Auto, "/upload").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn yatai_multipart() {
    both_ways(Flavor::Yatai, Transmission::Multipart, "uploadId=").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_two_parts() {
    let from = sample();
    let cloud = Cloud::start(Flavor::BentoCloud, Transmission::Multipart).await;
    cloud.client().push_model(&from.store(), &tag("big:v1"), false).await.unwrap();
    let parts = cloud.requests("PUT", "partNumber=");
    assert_eq!(parts.len(), 2, "{parts:#?}");
    let (there, here) = (Home::empty(), Home::empty());
    cloud.bentoml(there.path(), &["models", "pull", "big:v1"]).await;
    let wanted = ModelWanted { tag: tag("big"), filter: None };
    let pulled = cloud.client().pull_model(&here.store(), &wanted).await.unwrap();
    assert_eq!(pulled.tag(), &tag("big:v1"));
    let original = tree(&from.home.join("models/big"));
    assert_eq!(original, tree(&there.path().join("models/big")));
    assert_eq!(original, tree(&here.path().join("models/big")));
}
