//! What is sent, and what is not.

use actions_core::action::Cancel;
use registry::{Arrival, Credentials};

use crate::lab::{Lab, MIB, access, layer, tag};
use crate::relay::Relay;

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_sent_once_and_never_again() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let relay = Relay::start(lab.address()).await;
    let one = access(relay.address(), "team/one", Credentials::None, &cancel);
    for (size, seed) in [(MIB, 1), (48 * MIB, 2)] {
        let source = layer(folder.path(), size, seed);
        let before = relay.sent();
        let (sent, arrival) = one.add_layer(&source).await.unwrap();
        assert_eq!(arrival, Arrival::Sent);
        assert_eq!(sent.digest, source.hashed(&cancel).await.unwrap().digest);
        let took = relay.sent() - before;
        assert!(took > size && took < size + MIB, "{took} bytes for {size}");
        tag(&one, &sent, &format!("v{seed}")).await;
    }
    assert_eq!(lab.uploads("team/one"), 0);
    assert_eq!(one.tags().await.unwrap(), ["v1", "v2"]);

    let source = layer(folder.path(), 48 * MIB, 2);
    let before = relay.sent();
    let (known, arrival) = one.add_layer(&source).await.unwrap();
    assert_eq!(arrival, Arrival::Reused);
    // Into another repository of the registry it is taken over.
    let image: registry::Image = format!("{}/team/two", relay.address()).parse().unwrap();
    let two = registry::Registry::new(&image.repository, Credentials::None, &["team/one"], &cancel).unwrap();
    assert_eq!(two.ensure_layer(&known, &["team/one"]).await.unwrap(), Arrival::Reused);
    let took = relay.sent() - before;
    assert!(took < 16 * 1024, "{took} bytes for a layer that is there");
    let three = access(relay.address(), "team/three", Credentials::None, &cancel);
    assert_eq!(three.ensure_layer(&known, &["team/nothing"]).await.unwrap(), Arrival::Sent);
    assert_eq!((lab.uploads("team/two"), lab.uploads("team/three")), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_is_there_without_a_tag_is_found_while_it_sets_out() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let source = layer(folder.path(), 64 * MIB, 3);
    let registry = lab.repository("untagged", &cancel);
    assert_eq!(registry.add_layer(&source).await.unwrap().1, Arrival::Sent);
    assert!(registry.tags().await.unwrap().is_empty());
    let relay = Relay::start(lab.address()).await;
    let behind = access(relay.address(), "untagged", Credentials::None, &cancel);
    // Slower than this machine reads.
    relay.slow_after(4 * MIB);
    assert_eq!(behind.add_layer(&source).await.unwrap().1, Arrival::Reused);
    assert!(relay.sent() < 48 * MIB, "{} bytes were sent", relay.sent());
    assert_eq!(lab.uploads("untagged"), 0, "the upload was taken back");
}
