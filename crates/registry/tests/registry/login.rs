//! Who we are to a registry: tokens, and refusals that can be told apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use actions_core::{Cause, Error};
use axum::http::Method;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry::{Arrival, Credentials, Image, Registry};

use crate::front::{self, Rule, answer, told};
use crate::lab::{Lab, MIB, access, layer, tag};

fn header<'a>(request: &'a Parts, name: &str) -> &'a str {
    request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A registry that wants a token of its service, which knows one user and one identity token, and is busy at first.
async fn with_tokens(lab: &Lab) -> (String, Arc<AtomicU64>) {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let rule: Rule = Arc::new(move |request| {
        let authorization = header(request, "authorization");
        if request.uri.path() == "/token" {
            if count.fetch_add(1, Ordering::SeqCst) == 0 {
                return answer(429, &[("retry-after", "1")]);
            }
            let query = request.uri.query().unwrap_or_default();
            let wanted =
                "service=lab.x&scope=repository%3Ateam%2Fprivate%3Apull%2Cpush&scope=repository%3Ateam%2Fother%3Apull";
            return match request.method {
                Method::GET if authorization == basic("me", "x-right") && query == wanted => {
                    told(200, &[("content-type", "application/json")], r#"{"token": "x-token-1"}"#)
                }
                Method::POST if header(request, "content-type") == "application/x-www-form-urlencoded" => {
                    told(200, &[("content-type", "application/json")], r#"{"access_token": "x-token-1"}"#)
                }
                _ => told(401, &[], r#"{"errors": [{"code": "UNAUTHORIZED"}]}"#),
            };
        }
        if authorization == "Bearer x-token-1" {
            return None;
        }
        let host = header(request, "host");
        answer(401, &[("www-authenticate", &format!(r#"Bearer realm="http://{host}/token",service="lab.x""#))])
    });
    (front::start(lab.address(), rule).await, asked)
}

fn private(address: &str, credentials: Credentials) -> Registry {
    let image: Image = format!("{address}/team/private").parse().unwrap();
    Registry::new(&image.repository, credentials, &["team/other"], &Cancel::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_fetched_once_and_a_busy_service_is_given_its_time() {
    let (lab, folder) = (Lab::start(), tempfile::tempdir().unwrap());
    let (address, asked) = with_tokens(&lab).await;
    let registry = private(&address, Credentials::Basic("me".into(), "x-right".into()));
    let start = Instant::now();
    let (layer, arrival) = registry.add_layer(&layer(folder.path(), 40 * MIB, 9)).await.unwrap();
    assert_eq!(arrival, Arrival::Sent);
    assert!(start.elapsed() >= Duration::from_secs(1), "it asked for a second");
    tag(&registry, &layer, "v1").await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let registry = private(&address, Credentials::Identity("x-identity".into()));
    assert_eq!(registry.tags().await.unwrap(), ["v1"]);
}

async fn refused(registry: &Registry) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let source = layer(folder.path(), 40 * MIB, 10);
    let error = registry.add_layer(&source).await.unwrap_err();
    let small = layer(folder.path(), MIB, 10);
    let other = registry.add_layer(&small).await.unwrap_err();
    assert_eq!(error.full_text(), other.full_text(), "whatever the way, the error is one");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_can_be_told_apart() {
    let lab = Lab::start();
    let (address, _) = with_tokens(&lab).await;
    let wrong = refused(&private(&address, Credentials::Basic("me".into(), "x-wrong".into()))).await;
    assert_eq!(wrong.cause(), Cause::Access);
    assert!(wrong.full_text().contains("does not let us in as me"), "{}", wrong.full_text());
    assert!(!wrong.full_text().contains("x-wrong"));
    let nobody = refused(&private(&address, Credentials::None)).await;
    assert!(nobody.full_text().contains("without credentials"), "{}", nobody.full_text());

    let simple: Rule = Arc::new(|_| answer(401, &[("www-authenticate", r#"Basic realm="lab""#)]));
    let simple = front::start(lab.address(), simple).await;
    let wrong = refused(&private(&simple, Credentials::Basic("me".into(), "x-wrong".into()))).await;
    assert!(wrong.full_text().contains("does not let us in as me"), "{}", wrong.full_text());

    let denied: Rule = Arc::new(|_| answer(403, &[]));
    let denied = front::start(lab.address(), denied).await;
    let denied = refused(&private(&denied, Credentials::Basic("me".into(), "x-right".into()))).await;
    assert_eq!(denied.cause(), Cause::Access);
    assert!(denied.full_text().contains("must not push here"), "{}", denied.full_text());

    let missing: Rule =
        Arc::new(|_| told(404, &[], r#"{"errors": [{"code": "NAME_UNKNOWN", "message": "no such repository"}]}"#));
    let missing = front::start(lab.address(), missing).await;
    let missing = refused(&private(&missing, Credentials::None)).await;
    assert_eq!(missing.cause(), Cause::NotFound);
    assert!(missing.full_text().contains("no such repository"), "{}", missing.full_text());

    let nowhere = private("127.0.0.1:9", Credentials::None).tags().await.unwrap_err();
    assert_eq!(nowhere.cause(), Cause::Unreachable);
    assert!(nowhere.full_text().contains("cannot reach the registry 127.0.0.1:9"), "{}", nowhere.full_text());

    let no_service: Rule =
        Arc::new(|_| answer(401, &[("www-authenticate", r#"Bearer realm="http://127.0.0.1:9/token""#)]));
    let no_service = front::start(lab.address(), no_service).await;
    let no_service = private(&no_service, Credentials::None).tags().await.unwrap_err();
    assert_eq!(no_service.cause(), Cause::Unreachable);
    assert!(no_service.full_text().contains("cannot get a token"), "{}", no_service.full_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_elsewhere_is_read_without_our_token() {
    let (lab, folder, cancel) = (Lab::start(), tempfile::tempdir().unwrap(), Cancel::default());
    let (layer, _) = lab.repository("far", &cancel).add_layer(&layer(folder.path(), MIB, 11)).await.unwrap();
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let storage: Rule = Arc::new(move |request| {
        assert_eq!(header(request, "authorization"), "");
        count.fetch_add(1, Ordering::SeqCst);
        None
    });
    let storage = front::start(lab.address(), storage).await;
    let known = basic("me", "x-right");
    let rule: Rule = Arc::new(move |request| match header(request, "authorization") {
        given if given != known => answer(401, &[("www-authenticate", "Basic realm=lab")]),
        _ if request.uri.path().contains("/blobs/sha256:") && request.method != Method::POST => {
            answer(307, &[("location", &format!("http://{storage}{}", request.uri))])
        }
        _ => None,
    });
    let address = front::start(lab.address(), rule).await;
    let registry = access(&address, "far", Credentials::Basic("me".into(), "x-right".into()), &cancel);
    assert_eq!(registry.ensure_layer(&layer, &[]).await.unwrap(), Arrival::Reused);
    assert_eq!(seen.load(Ordering::SeqCst), 0, "to know that it is there is enough");
    assert_eq!(registry.blob(&layer.digest).await.unwrap().len() as u64, layer.plan.len());
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}
