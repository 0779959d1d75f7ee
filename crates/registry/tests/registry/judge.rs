//! Another client reads back what this one wrote.

use actions_core::action::Cancel;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::OciDescriptor;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use registry::digest_of;

use crate::lab::{Lab, MIB, layer, tag};

#[tokio::test(flavor = "multi_thread")]
async fn another_client_finds_what_was_pushed() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let registry = lab.repository("judged/image", &cancel);
    let source = layer(folder.path(), 40 * MIB, 8);
    let (layer, _) = registry.add_layer(&source).await.unwrap();
    let pushed = tag(&registry, &layer, "v1").await;

    let judge = Client::new(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() });
    let reference: Reference = format!("{}/judged/image:v1", lab.address()).parse().unwrap();
    let (manifest, digest, config) =
        judge.pull_manifest_and_config(&reference, &RegistryAuth::Anonymous).await.unwrap();
    assert_eq!(digest, pushed.digest);
    assert_eq!(manifest.config.digest, digest_of(config.as_bytes()));
    assert!(config.contains(&layer.digest), "{config}");
    let [entry]: &[OciDescriptor] = &manifest.layers else { panic!("{manifest:?}") };
    let mut bytes = Vec::new();
    judge.pull_blob(&reference, entry, &mut bytes).await.unwrap();
    assert_eq!((bytes.len() as u64, digest_of(&bytes)), (layer.plan.len(), layer.digest.clone()));
    let mut archive = Vec::new();
    std::io::Read::read_to_end(&mut layer.plan.read_range(0..layer.plan.len()), &mut archive).unwrap();
    assert!(bytes == archive);
}
