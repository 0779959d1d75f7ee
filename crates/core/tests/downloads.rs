//! Downloads from servers that break off, change their mind, or go on for ever.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actions_core::action::Cancel;
use actions_core::http;
use actions_core::http::{Attempt, Incoming, Policy, Refusal};
use actions_core::{Cause, Error, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const MIB: usize = 1024 * 1024;
/// As many attempts as usual, sooner.
const QUICK: Policy = Policy { pauses: &[Duration::from_millis(10); 6], window: Duration::from_millis(300) };

/// An answer: its head, its body, and whether the connection stays open after it.
type Answer = (String, Vec<u8>);

/// Answers the requests one after the other, each on a connection of its own that ends with it; the last answer is repeated.
/// What was asked is kept.
async fn server(answers: Vec<Answer>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/object", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut answers = answers.into_iter().peekable();
        let mut last = None;
        while let Ok((mut client, _)) = listener.accept().await {
            let mut buffer = vec![0; 64 * 1024];
            let read = client.read(&mut buffer).await.unwrap_or(0);
            heads.lock().unwrap().push(String::from_utf8_lossy(&buffer[..read]).to_lowercase());
            last = answers.next().or(last);
            let Some((head, body)) = last.clone() else { return };
            tokio::spawn(async move {
                let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
                let _ = client.write_all(head.as_bytes()).await;
                let _ = client.write_all(&body).await;
                // What was sent before the end of a connection may be thrown away with it, unless there is time.
                tokio::time::sleep(Duration::from_millis(200)).await;
            });
        }
    });
    (address, asked)
}

/// What is there from this byte on, as far as `sent`.
fn part(letter: u8, etag: &str, start: usize, sent: usize, total: usize) -> Answer {
    let etag = if etag.is_empty() { String::new() } else { format!("\r\netag: {etag}") };
    let head = match start {
        0 => format!("200 OK\r\ncontent-length: {total}{etag}"),
        _ => format!(
            "206 Partial Content\r\ncontent-length: {}\r\ncontent-range: bytes {start}-{}/{total}{etag}",
            total - start,
            total - 1
        ),
    };
    (head, vec![letter; sent])
}

async fn get(address: &str, cancel: &Cancel) -> Result<Vec<u8>> {
    let take = |mut bytes: Incoming| {
        let mut all = Vec::new();
        bytes.read_to_end(&mut all).map_err(|error| Error::failure("it cannot be kept").caused_by(error))?;
        Ok(all)
    };
    download(address, cancel, take).await
}

async fn download<T: Send + 'static>(
    address: &str,
    cancel: &Cancel,
    take: impl Fn(Incoming) -> Result<T> + Clone + Send + 'static,
) -> Result<T> {
    let client = http::client().unwrap();
    let open = |resume: http::Resume| {
        let request = resume.ask(client.get(address));
        async move {
            let response = request
                .send()
                .await
                .map_err(|error| Attempt::Again(http::transport_error("no answer", error), None))?;
            if resume.takes(response.status()) {
                return Ok(response);
            }
            let refusal = Refusal::of(response).await;
            let error = Error::failure(format!("refused with {}", refusal.status));
            Err(refusal.judge(error))
        }
    };
    http::download(&QUICK, cancel, |_| {}, open, take).await
}

#[tokio::test]
async fn what_goes_on_must_be_of_the_same_object_else_all_of_it_comes_anew() {
    let (one, other) = ("\"v1\"", "\"v2\"");
    let (half, total) = (MIB / 2, MIB);
    let whole = part(b'B', other, 0, total, total);
    let first = part(b'A', one, 0, half, total);
    for (name, second) in [
        ("another object", part(b'B', other, half, half, total)),
        ("another place", part(b'A', one, half + 100, half - 100, total)),
        ("another length", part(b'A', one, half, half + 1, total + 1)),
        ("no ETag", part(b'B', "", half, half, total)),
        (
            "no such range",
            ("416 Range Not Satisfiable\r\ncontent-range: bytes */99\r\ncontent-length: 0".into(), vec![]),
        ),
        (
            "an end before the end",
            (format!("416 Range Not Satisfiable\r\ncontent-range: bytes */{half}\r\ncontent-length: 0"), vec![]),
        ),
    ] {
        let (address, asked) = server(vec![first.clone(), second, whole.clone()]).await;
        let bytes = get(&address, &Cancel::default()).await.unwrap();
        assert!(bytes == whole.1, "{name}: {} bytes", bytes.len());
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 3, "{name}");
        assert!(
            asked[1].contains(&format!("range: bytes={half}-\r\n")) && asked[1].contains("if-range: \"v1\""),
            "{name}"
        );
        assert!(!asked[2].contains("range"), "{name}: {}", asked[2]);
    }
}

#[tokio::test]
async fn without_proof_nothing_is_resumed_and_an_answer_with_all_of_it_needs_none() {
    let (half, total) = (MIB / 2, MIB);
    for etag in ["", "W/\"weak\""] {
        let (address, asked) = server(vec![part(b'A', etag, 0, half, total), part(b'B', etag, 0, total, total)]).await;
        assert_eq!(get(&address, &Cancel::default()).await.unwrap(), vec![b'B'; total]);
        assert!(asked.lock().unwrap().iter().all(|head| !head.contains("range")));
    }
    // A server that takes no ranges, or knows that it is another object by now.
    for (etag, letter) in [("\"v1\"", b'A'), ("\"v2\"", b'B')] {
        let answers = vec![part(b'A', "\"v1\"", 0, half, total), part(letter, etag, 0, total, total)];
        let (address, asked) = server(answers).await;
        assert_eq!(get(&address, &Cancel::default()).await.unwrap(), vec![letter; total]);
        assert_eq!(asked.lock().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_break_behind_the_last_byte_is_no_break() {
    let chunked = |text: &str| {
        let body = format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
        ("200 OK\r\ntransfer-encoding: chunked\r\netag: \"v1\"".to_owned(), body)
    };
    let end = ("416 Range Not Satisfiable\r\ncontent-range: bytes */5\r\ncontent-length: 0".to_owned(), vec![]);
    let (address, _) = server(vec![chunked("12345"), end]).await;
    assert_eq!(get(&address, &Cancel::default()).await.unwrap(), b"12345");
}

#[tokio::test]
async fn a_part_that_ends_before_the_object_does_is_no_end() {
    let (half, total) = (MIB / 2, MIB);
    let head = format!(
        "206 Partial Content\r\ncontent-length: 5\r\ncontent-range: bytes {half}-{}/{total}\r\netag: \"v1\"",
        half + 4
    );
    let some = (head, vec![b'A'; 5]);
    let rest = part(b'A', "\"v1\"", half + 5, half - 5, total);
    let (address, asked) = server(vec![part(b'A', "\"v1\"", 0, half, total), some, rest]).await;
    assert_eq!(get(&address, &Cancel::default()).await.unwrap().len(), total);
    assert!(asked.lock().unwrap()[2].contains(&format!("range: bytes={}-\r\n", half + 5)));
}

#[tokio::test]
async fn a_download_that_gets_on_is_not_given_up() {
    let (step, total) = (2 * MIB, 24 * MIB);
    let parts = (0..total).step_by(step).map(|start| part(b'A', "\"v1\"", start, step, total));
    let (address, asked) = server(parts.collect()).await;
    let bytes = get(&address, &Cancel::default()).await.unwrap();
    assert_eq!(bytes.len(), total);
    assert_eq!(asked.lock().unwrap().len(), total / step, "more breaks than there are attempts");
}

#[tokio::test]
async fn who_has_enough_ends_the_download() {
    let endless = ("200 OK\r\netag: \"v1\"".to_owned(), vec![0; 64 * MIB]);
    let (address, asked) = server(vec![endless]).await;
    let take = |bytes: Incoming| {
        let mut first = Vec::new();
        bytes.take(1000).read_to_end(&mut first).unwrap();
        Ok(first.len())
    };
    let began = Instant::now();
    assert_eq!(download(&address, &Cancel::default(), take).await.unwrap(), 1000);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let refused = |_: Incoming| Err::<(), _>(Error::input("it is not wanted"));
    let error = download(&address, &Cancel::default(), refused).await.unwrap_err();
    assert_eq!((error.cause(), error.to_string().as_str()), (Cause::Input, "it is not wanted"));
    assert_eq!(asked.lock().unwrap().len(), 2, "neither was tried again");
}

#[tokio::test]
async fn nothing_is_written_any_more_when_a_cancelled_download_has_ended() {
    let (address, _) = server(vec![("200 OK\r\ncontent-length: 9999999".into(), vec![0; 1000])]).await;
    let (cancel, running) = (Cancel::default(), Arc::new(Mutex::new(false)));
    let is_running = Arc::clone(&running);
    let take = move |mut bytes: Incoming| {
        *is_running.lock().unwrap() = true;
        let ended = bytes.read_to_end(&mut Vec::new());
        std::thread::sleep(Duration::from_millis(100));
        *is_running.lock().unwrap() = false;
        ended.map_err(|error| Error::failure("broken").caused_by(error))
    };
    let (ended, ()) = tokio::join!(download(&address, &cancel, take), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    });
    assert_eq!(ended.unwrap_err().cause(), Cause::Cancelled);
    assert!(!*running.lock().unwrap());
}

#[tokio::test]
async fn a_server_that_brings_a_few_bytes_a_second_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/object", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = client.read(&mut [0; 4096]).await;
                let mut sent = client.write_all(b"HTTP/1.1 200 OK\r\netag: \"v1\"\r\n\r\n").await;
                while sent.is_ok() {
                    sent = client.write_all(b"x").await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    });
    let error = get(&address, &Cancel::default()).await.unwrap_err();
    assert_eq!(error.cause(), Cause::Unreachable);
    assert!(error.to_string().contains("stands almost still"), "{error}");
}
