//! A tag is taken away in every way that registries know.

use std::sync::{Arc, Mutex};

use actions_core::action::Cancel;
use axum::http::Method;
use axum::http::request::Parts;
use registry::{Credentials, Manifest, Registry};

use crate::front::{self, answer, told};
use crate::lab::{Lab, MIB, access, layer, tag};

/// A repository with the tags `v1` and `staging`, of one image, behind a front that may refuse.
async fn staged(lab: &Lab, rule: front::Rule) -> (Registry, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let direct = lab.repository("staged", &Cancel::default());
    let (layer, _) = direct.add_layer(&layer(folder.path(), MIB, 21)).await.unwrap();
    let manifest = tag(&direct, &layer, "v1").await;
    tag(&direct, &layer, "staging").await;
    let address = front::start(lab.address(), rule).await;
    (access(&address, "staged", Credentials::Basic("me".into(), "x".into()), &Cancel::default()), manifest)
}

async fn tags(registry: &Registry) -> Vec<String> {
    let mut tags = registry.tags().await.unwrap();
    tags.sort();
    tags
}

fn deletes(request: &Parts, tags: bool) -> bool {
    request.method == Method::DELETE && (!tags || !request.uri.path().contains("sha256:"))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_token_for_it_may_delete() {
    let lab = Lab::start();
    let scopes = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&scopes);
    let (registry, manifest) = staged(
        &lab,
        Arc::new(move |request: &Parts| {
            let host = request.headers["host"].to_str().unwrap();
            let query = request.uri.query().unwrap_or_default();
            if request.uri.path() == "/token" {
                asked.lock().unwrap().push(query.to_owned());
                let token = if query.contains("delete") { "x-all" } else { "x-push" };
                return told(200, &[("content-type", "application/json")], &format!(r#"{{"token": "{token}"}}"#));
            }
            let token = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let enough = if deletes(request, false) { token == "Bearer x-all" } else { token.starts_with("Bearer ") };
            let challenge = format!(r#"Bearer realm="http://{host}/token",service="s""#);
            if enough { None } else { answer(401, &[("www-authenticate", &challenge)]) }
        }),
    )
    .await;
    assert_eq!(tags(&registry).await, ["staging", "v1"]);
    assert!(!scopes.lock().unwrap().iter().any(|scope| scope.contains("delete")), "a push needs no such right");
    assert!(registry.remove_tag("staging", Some(&manifest)).await.unwrap());
    assert_eq!(tags(&registry).await, ["v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_tags_are_not_deleted_a_manifest_of_its_own_is() {
    for status in [400, 401, 403, 404, 405] {
        let lab = Lab::start();
        let rule: front::Rule = Arc::new(move |request| answer(status, &[]).filter(|_| deletes(request, true)));
        let (registry, manifest) = staged(&lab, rule).await;
        assert!(registry.remove_tag("staging", Some(&manifest)).await.unwrap(), "{status}");
        assert_eq!(tags(&registry).await, ["v1"], "{status}");
        registry.verify_tag("v1", &manifest.digest).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_deleted_the_tag_names_the_image() {
    for status in [401, 403, 404, 405] {
        let lab = Lab::start();
        let rule: front::Rule = Arc::new(move |request| answer(status, &[]).filter(|_| deletes(request, false)));
        let (registry, manifest) = staged(&lab, rule).await;
        let other = Manifest::new({
            let mut document = manifest.document.clone();
            document["annotations"] = serde_json::json!({"final": "true"});
            document
        });
        assert!(!registry.remove_tag("staging", Some(&other)).await.unwrap(), "{status}");
        registry.verify_tag("staging", &other.digest).await.unwrap();
        registry.verify_tag("v1", &manifest.digest).await.unwrap();
        let error = registry.remove_tag("staging", None).await.unwrap_err().full_text();
        assert!(error.contains("to DELETE"), "{error}");
        assert!(registry.remove_tag("none", None).await.is_ok() == (status == 404), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_goes_with_another_tag_is_written_again() {
    let lab = Lab::start();
    let (registry, manifest) = staged(&lab, Arc::new(|_| None)).await;
    assert!(!registry.keep("v1", &manifest).await.unwrap(), "it is there");
    // A registry that takes the deletion of a tag for that of its manifest.
    assert!(registry.remove_tag(&manifest.digest, None).await.unwrap());
    assert!(tags(&registry).await.is_empty());
    for reference in ["v1", manifest.digest.as_str()] {
        let had_gone = registry.keep(reference, &manifest).await.unwrap();
        assert_eq!(had_gone, reference == "v1");
    }
    registry.verify_tag("v1", &manifest.digest).await.unwrap();
    // An index has lost one of its images.
    let gone = format!("sha256:{}", "0".repeat(64));
    let index = Manifest::new(serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest.descriptor(), {"digest": gone, "size": 1}],
    }));
    let error = registry.keep("v1", &index).await.unwrap_err().full_text();
    assert!(error.contains(&format!("deleted {gone}, a part of {}", index.digest)), "{error}");
}
