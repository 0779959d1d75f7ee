//! Hubs that redirect for ever or answer without end.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use actions_core::{Cause, Env};
use bento_format::BentoModel;
use huggingface::download;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A hub that answers each request with this head, then with this text as long as somebody reads it. How often was it asked?
async fn hub(head: String, text: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let head = head.clone();
            tokio::spawn(async move {
                let _ = peer.read(&mut [0; 16 * 1024]).await;
                let mut sent = peer.write_all(head.as_bytes()).await;
                while sent.is_ok() && !text.is_empty() {
                    sent = peer.write_all(text.repeat(10_000).as_bytes()).await;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_hub_that_is_none_ends_soon_and_says_what_to_do() {
    let json = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    let again = "HTTP/1.1 307 Again\r\nconnection: close\r\nlocation: ?again\r\ncontent-length: 0\r\n\r\n";
    for (head, text, expected, most) in [
        (again.to_owned(), "", "it redirects without end", 6),
        (format!("{json}\r\n{{\"sha\": \""), "x", "its answer is longer than 16 MiB", 1),
        (format!("{json}content-length: {}\r\n\r\n{{", 1 << 30), "", "its answer is longer than 16 MiB", 1),
        (format!("{json}content-length: 3\r\n\r\n[1,"), "", "its answer cannot be read", 1),
        (format!("{json}{}\r\n{{}}", "x-header: 1\r\n".repeat(10_000)), "", "message head is too large", 4),
    ] {
        let (address, asked) = hub(head, text).await;
        let cache = tempfile::tempdir().unwrap();
        let env: Env = [("HF_HOME", cache.path().to_str().unwrap()), ("HF_ENDPOINT", &address)].into_iter().collect();
        let metadata = json!({"model_id": "org/tiny", "revision": "main", "endpoint": address});
        let model = BentoModel { tag: "org--tiny:1".parse().unwrap(), registry: "huggingface".into(), metadata };
        let began = Instant::now();
        let error = download(&model, &env, &Cancel::default()).await.unwrap_err();
        let full = error.full_text();
        assert!(full.contains(expected) && full.contains("Check"), "{full}");
        // The number is the exit code.
        assert_eq!((error.cause(), error.cause() as u8), (Cause::Unreachable, 5), "{full}");
        assert!(began.elapsed() < Duration::from_secs(10), "{expected}: {:?}", began.elapsed());
        assert_eq!(asked.load(Ordering::SeqCst), most, "{expected}");
    }
}
