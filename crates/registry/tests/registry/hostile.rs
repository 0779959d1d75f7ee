//! Registries, and what they send us to, that are not to be trusted.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actions_core::Cause;
use actions_core::action::Cancel;
use axum::http::Method;
use registry::{Credentials, Manifest};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::front;
use crate::lab::{MIB, access, layer};

type Seen = Arc<Mutex<Vec<String>>>;

/// A server that answers all with this, and notes each request with its credentials.
async fn noting(status: u16, headers: Vec<(&'static str, String)>, body: &'static str) -> (String, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let rule: front::Rule = Arc::new(move |request| {
        let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        noted.lock().unwrap().push(format!("{} {} {authorization:?}", request.method, request.uri));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        front::told(status, &headers, body)
    });
    (front::start("nobody", rule).await, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_registry_itself_may_ask_who_we_are() {
    let (token, asked_for_token) = noting(200, vec![], r#"{"token": "evil-token"}"#).await;
    let challenge = format!("Bearer realm=\"http://{token}/token\",service=\"evil\"");
    let (evil, asked) = noting(401, vec![("www-authenticate", challenge)], "").await;
    let own = Seen::default();
    let noted = Arc::clone(&own);
    let registry = front::start(
        "nobody",
        Arc::new(move |request| {
            let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok());
            noted.lock().unwrap().push(format!("{authorization:?}"));
            match request.method {
                Method::POST => front::answer(202, &[("location", &format!("http://{evil}/up/1"))]),
                Method::GET => front::answer(307, &[("location", &format!("http://{evil}/blob"))]),
                _ => front::answer(404, &[]),
            }
        }),
    )
    .await;
    let credentials = Credentials::Basic("alice".into(), "s3cr3t-pw".into());
    let ours = access(&registry, "leak/x", credentials, &Cancel::default());
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path(), MIB, 1).hashed(&Cancel::default()).await.unwrap();
    for error in [
        ours.put_blob(b"{}").await.unwrap_err(),
        ours.ensure_layer(&layer, &[]).await.unwrap_err(),
        ours.blob(&layer.digest).await.unwrap_err(),
    ] {
        let text = error.full_text();
        assert!(text.contains("the storage of") && text.contains("401"), "{text}");
        assert_ne!(error.cause(), Cause::Access, "other credentials would not help: {text}");
    }
    assert!(asked_for_token.lock().unwrap().is_empty(), "{asked_for_token:?}");
    let seen = [asked.lock().unwrap().clone(), own.lock().unwrap().clone()].concat();
    assert!(seen.len() >= 6 && seen.iter().all(|request| request.ends_with("None")), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_in_place_of_the_one_asked_for_is_refused_whatever_the_header_says() {
    let other = json!({"schemaVersion": 2, "layers": []}).to_string();
    let asked = format!("sha256:{}1", "0".repeat(63));
    let headers = vec![("docker-content-digest", asked.clone())];
    let (address, _) = noting(200, headers, Box::leak(other.clone().into_boxed_str())).await;
    let registry = access(&address, "swap/x", Credentials::None, &Cancel::default());
    let text = registry.manifest(&asked).await.unwrap_err().full_text();
    let digest = registry::digest_of(other.as_bytes());
    assert!(text.contains(&format!("sent {digest} in place of {asked}")), "{text}");
    assert_eq!(registry.manifest(&digest).await.unwrap().digest, digest);
    assert_eq!(registry.manifest("latest").await.unwrap().digest, digest, "a tag names what it names");
}

/// A registry that takes each request whole and answers it as told; a connection stays open after it.
async fn raw(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let (mut head, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
                while let Ok(read @ 1..) = client.read(&mut buffer).await {
                    head.extend_from_slice(&buffer[..read]);
                    let text = String::from_utf8_lossy(&head).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    if head.contains("chunked") && !body.ends_with("0\r\n\r\n") {
                        continue;
                    }
                    let _ = client.write_all(answer(head).as_bytes()).await;
                    return std::future::pending().await;
                }
            });
        }
    });
    address
}

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_never_comes_to_its_end_ends_the_push() {
    let address = raw(|head| match head.split(' ').next() {
        Some("POST") => {
            "HTTP/1.1 202 Accepted\r\nlocation: /up\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into()
        }
        Some("PATCH") => "HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n".into(),
        Some("DELETE") => format!("{NO_CONTENT}\r\n"),
        _ => "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into(),
    })
    .await;
    let (folder, cancel) = (tempfile::tempdir().unwrap(), Cancel::default());
    let registry = access(&address, "endless/x", Credentials::None, &cancel);
    let source = layer(folder.path(), 0, 2).hashed(&cancel).await.unwrap();
    let began = Instant::now();
    let pushing = tokio::time::timeout(Duration::from_secs(20), registry.put_blob(b"{}"));
    pushing.await.expect("an upload of a few bytes ends").unwrap_err();
    let (pushed, ()) = tokio::join!(registry.ensure_layer(&source, &[]), async {
        // Each attempt waits ten seconds for the text: the second is proof enough.
        tokio::time::sleep(Duration::from_secs(12)).await;
        cancel.cancel();
    });
    pushed.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_refused_are_sent_once_more_to_a_new_upload_and_then_the_registry_is_believed() {
    for (status, uploads) in [("400 Bad Request", 2), ("409 Conflict", 1), ("415 Unsupported Media Type", 1)] {
        let asked = Seen::default();
        let seen = Arc::clone(&asked);
        let address = raw(move |head| {
            let request = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            let begun = seen.iter().filter(|request| request.starts_with("POST")).count();
            let empty = "connection: close\r\ncontent-length: 0\r\n\r\n";
            match request.split(' ').next() {
                Some("POST") => format!("HTTP/1.1 202 Accepted\r\nlocation: /up/{begun}\r\n{empty}"),
                Some("PATCH") => {
                    let said = r#"{"errors": [{"code": "UNSUPPORTED", "message": "no room in this project"}]}"#;
                    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{said}", said.len())
                }
                // It knows the upload, and has nothing of it.
                Some("GET") => format!("{NO_CONTENT}range: 0-0\r\n\r\n"),
                Some("DELETE") => format!("{NO_CONTENT}\r\n"),
                _ => format!("HTTP/1.1 404 Not Found\r\n{empty}"),
            }
        })
        .await;
        let (folder, cancel) = (tempfile::tempdir().unwrap(), Cancel::default());
        let registry = access(&address, "full/x", Credentials::None, &cancel);
        let source = layer(folder.path(), 0, 2).hashed(&cancel).await.unwrap();
        let began = Instant::now();
        let text = registry.ensure_layer(&source, &[]).await.unwrap_err().full_text();
        assert!(text.contains(status) && text.contains("no room in this project"), "{text}");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let asked = asked.lock().unwrap();
        let expected = (1..=uploads).flat_map(|number| [format!("PATCH /up/{number}"), format!("DELETE /up/{number}")]);
        let sent = asked.iter().filter(|request| request.contains(" /up/")).cloned();
        assert_eq!(sent.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_claims_to_have_all_there_can_be_is_started_anew() {
    let patches = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&patches);
    let address = raw(move |head| match head.split(' ').next() {
        Some("POST") => {
            "HTTP/1.1 202 Accepted\r\nlocation: /up\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into()
        }
        Some("PATCH") => {
            *seen.lock().unwrap() += 1;
            match *seen.lock().unwrap() {
                1 => "HTTP/1.1 500 Broken\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into(),
                _ => "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(),
            }
        }
        Some("GET") => format!("{NO_CONTENT}range: 0-{}\r\n\r\n", u64::MAX),
        Some("DELETE") => format!("{NO_CONTENT}\r\n"),
        _ => "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into(),
    })
    .await;
    let (folder, cancel) = (tempfile::tempdir().unwrap(), Cancel::default());
    let registry = access(&address, "claims/x", Credentials::None, &cancel);
    let source = layer(folder.path(), 0, 2).hashed(&cancel).await.unwrap();
    let error = registry.ensure_layer(&source, &[]).await.unwrap_err();
    assert!(error.full_text().contains("403"), "{}", error.full_text());
    assert_eq!(*patches.lock().unwrap(), 2, "it was sent from the start");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_once_is_asked_for_again() {
    // The first of every two answers ends in the middle of its body.
    let asked = Arc::new(Mutex::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::clone(&asked);
    let body = r#"{"tags": ["v1"], "mediaType": "x"}"#;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 16 * 1024]).await;
            let number = {
                let mut seen = seen.lock().unwrap();
                *seen += 1;
                *seen
            };
            let sent = if number % 2 == 1 { body.split_at(10).0 } else { body };
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = client.write_all(format!("{head}{sent}").as_bytes()).await;
        }
    });
    let registry = access(&address, "cut/x", Credentials::None, &Cancel::default());
    let digest = registry::digest_of(body.as_bytes());
    assert_eq!(registry.manifest("latest").await.unwrap().digest, digest);
    assert_eq!(registry.tags().await.unwrap(), ["v1"]);
    assert_eq!(registry.blob(&digest).await.unwrap(), body.as_bytes());
    assert_eq!(*asked.lock().unwrap(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_said_to_be_none() {
    let manifest = Manifest::new(json!({"schemaVersion": 2}));
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\n[1,".to_owned(), "is not a manifest"),
        (format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-header: 1\r\n".repeat(10_000)), "head is too large"),
        ("HTTP/1.1 307 Again\r\nconnection: close\r\nlocation: /v2/loop/x/blobs/sha256:00\r\ncontent-length: 0\r\n\r\n".into(), "307"),
    ] {
        let address = raw(move |_| answer.clone()).await;
        let registry = access(&address, "odd/x", Credentials::None, &Cancel::default());
        let read = tokio::time::timeout(Duration::from_secs(10), registry.manifest("latest"));
        let text = read.await.expect("it ends").unwrap_err().full_text();
        assert!(text.contains(expected), "{text}");
        if expected == "307" {
            let text = registry.blob(&manifest.digest).await.unwrap_err().full_text();
            assert!(text.contains("307"), "{text}");
        }
    }
}
