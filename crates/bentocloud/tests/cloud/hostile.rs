//! Servers that are not BentoCloud, and do not want to be.

use std::time::{Duration, Instant};

use actions_core::Cause;
use actions_core::action::Cancel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::lab::client;

/// A server that answers each request with this head, then with this text again and again, as long as somebody reads it.
async fn server(head: String, text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let head = head.clone();
            tokio::spawn(async move {
                let _ = peer.read(&mut [0; 16 * 1024]).await;
                let mut sent = peer.write_all(head.as_bytes()).await;
                while sent.is_ok() && !text.is_empty() {
                    sent = peer.write_all(text.repeat(10_000).as_bytes()).await;
                }
                // Closed at once, the answer might be lost.
                tokio::time::sleep(Duration::from_secs(1)).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stands_though_its_text_never_comes() {
    let head = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 100\r\n\r\nno";
    let (address, began) = (server(head.into(), "").await, Instant::now());
    let error = client(&address, &Cancel::default()).account().await.unwrap_err();
    assert_eq!((error.cause(), error.cause() as u8), (Cause::Access, 3), "{}", error.full_text());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_api_ends_soon_and_says_what_to_do() {
    let json = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n";
    for (head, text, expected) in [
        (format!("{json}\r\n{{\"name\": \""), "x", "its answer is longer than 16 MiB"),
        (format!("{json}content-length: {}\r\n\r\n{{", 1 << 30), "", "its answer is longer than 16 MiB"),
        (format!("{json}{}\r\n{{}}", "x-header: 1\r\n".repeat(10_000)), "", "message head is too large"),
        (format!("{json}content-length: 4\r\n\r\n[1,}}"), "", "its answer cannot be read"),
        (
            "HTTP/1.1 307 Again\r\nlocation: /api/v1/auth/current\r\ncontent-length: 0\r\n\r\n".into(),
            "",
            "it sends us elsewhere (307)",
        ),
        ("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n".into(), "no ", "refused GET"),
        ("SSH-2.0-OpenSSH_9.6\r\n".into(), "", "invalid HTTP version"),
    ] {
        let (address, began) = (server(head, text).await, Instant::now());
        let error = client(&address, &Cancel::default()).account().await.unwrap_err();
        let full = error.full_text();
        assert!(full.contains(expected), "{full}");
        assert!(began.elapsed() < Duration::from_secs(15) && full.len() < 1000, "{expected}: {:?}", began.elapsed());
        if text == "no " {
            assert_eq!(error.cause(), Cause::Failure, "{full}");
            continue;
        }
        // The number is the exit code.
        assert_eq!((error.cause(), error.cause() as u8), (Cause::Unreachable, 5), "{full}");
        assert!(full.contains("Check the"), "{full}");
    }
}
