//! The one reader of answers: never more than a limit, never longer than a deadline.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::{Attempt, clock, is_transient, retry_after, transport_error};
use crate::{Cause, Error};

/// The most that an answer may hold, bytes: a list of a hub's files, a manifest, a record.
pub const LONGEST: usize = 16 * 1024 * 1024;
/// The most that is read of a refusal, bytes.
const LONGEST_REFUSAL: usize = 64 * 1024;
/// How long an answer may take to come, once it has begun.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long the text of a refusal may take: that it is one is known already.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(10);

/// A whole answer. `what` begins the sentence of an error.
///
/// # Errors
/// It breaks off or takes longer than a minute, which another attempt may change; it is longer than [`LONGEST`].
pub async fn bytes(mut response: Response, what: &str) -> Result<Vec<u8>, Attempt> {
    let too_long = || Attempt::Final(odd(what, &format!("is longer than {} MiB", LONGEST / 1024 / 1024)));
    if response.content_length().is_some_and(|length| length > LONGEST as u64) {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    let reading = async {
        while let Some(chunk) = response.chunk().await.map_err(|error| again(what, error))? {
            if chunk.len() > LONGEST.saturating_sub(bytes.len()) {
                return Err(too_long());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(read) => read.map(|()| bytes),
        Err(_) => Err(Attempt::Again(odd(what, &format!("did not come within {} s", PATIENCE.as_secs())), None)),
    }
}

/// A whole answer in JSON.
///
/// # Errors
/// Those of [`bytes`]; it is something else.
pub async fn json<T: DeserializeOwned>(response: Response, what: &str) -> Result<T, Attempt> {
    let bytes = bytes(response, what).await?;
    serde_json::from_slice(&bytes).map_err(|error| Attempt::Final(odd(what, &format!("cannot be read ({error})"))))
}

fn odd(what: &str, why: &str) -> Error {
    Error::new(Cause::Unreachable, format!("{what}: its answer {why}"))
        .hint("Check the address: something else may answer there, or stand in front of the server.")
}

fn again(what: &str, error: reqwest::Error) -> Attempt {
    Attempt::Again(transport_error(what, error), None)
}

/// An answer that refuses.
#[derive(Debug)]
pub struct Refusal {
    /// Its status.
    pub status: StatusCode,
    /// The beginning of what it says, at most 64 KiB; empty where that does not come in time.
    pub text: String,
    /// The pause that it asks for.
    pub pause: Option<Duration>,
    /// Did the text break off?
    pub is_cut: bool,
    /// How far this machine's clock is ahead of the server's, or, negative, behind it; none where they agree.
    pub ahead: Option<SignedDuration>,
}

impl Refusal {
    /// Reads what an answer says.
    pub async fn of(mut response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers());
        let (pause, ahead) = (retry_after(headers), clock::ahead(headers));
        let mut bytes = Vec::new();
        let reading = async {
            while let Some(chunk) = response.chunk().await? {
                let room = LONGEST_REFUSAL.saturating_sub(bytes.len());
                bytes.extend(chunk.into_iter().take(room));
                if bytes.len() >= LONGEST_REFUSAL {
                    break;
                }
            }
            Ok::<_, reqwest::Error>(())
        };
        let is_cut = !matches!(tokio::time::timeout(REFUSAL_PATIENCE, reading).await, Ok(Ok(())));
        Self { status, text: String::from_utf8_lossy(&bytes).into_owned(), pause, is_cut, ahead }
    }

    /// A field of the error in XML that an object storage answers with, such as `Code`.
    ///
    /// Source: "Error responses" of the S3 API; Azure and Google have the same form.
    pub fn xml(&self, field: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("<{field}>"))?;
        Some(rest.split_once("</")?.0)
    }

    /// Is it worth another attempt? By the status, and by the code of an object storage.
    pub fn judge(&self, error: Error) -> Attempt {
        let said = self.xml("Message").unwrap_or_default();
        match self.xml("Code").unwrap_or_default() {
            // The body came too slowly, or the storage has a bad moment: what the SDKs try again.
            "RequestTimeout" | "SlowDown" | "InternalError" | "ServiceUnavailable" | "ServerBusy" => {
                Attempt::Again(error, self.pause)
            }
            // What was signed is out of date.
            "ExpiredToken" | "TokenRefreshRequired" | "RequestTimeTooSkewed" | "RequestExpired" => Attempt::Once(error),
            "AccessDenied" | "AuthenticationFailed" if said.contains("expired") => Attempt::Once(error),
            _ if is_transient(self.status) => Attempt::Again(error, self.pause),
            _ => Attempt::Final(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::http::client;

    /// The answer of a server that sends this head, then this text again and again, with this pause between.
    async fn answer(head: &str, text: impl Into<String>, pause: Duration) -> Response {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (head, text) = (head.to_owned(), text.into());
        tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let _ = peer.read(&mut [0; 4096]).await;
            let mut sent = peer.write_all(head.as_bytes()).await;
            while sent.is_ok() && !text.is_empty() {
                sent = peer.write_all(text.as_bytes()).await;
                tokio::time::sleep(pause).await;
            }
            std::future::pending::<()>().await;
        });
        client().unwrap().get(format!("http://{address}/")).send().await.unwrap()
    }

    const ENDLESS: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn an_answer_without_end_is_given_up_at_the_limit() {
        let text = "x".repeat(100_000);
        let error = bytes(answer(ENDLESS, &text, Duration::ZERO).await, "the hub").await.unwrap_err();
        let Attempt::Final(error) = error else { panic!("{error:?}") };
        assert_eq!(error.to_string(), "the hub: its answer is longer than 16 MiB");
        let claim = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1 << 30);
        let claimed = bytes(answer(&claim, "", Duration::ZERO).await, "the hub");
        let error = tokio::time::timeout(Duration::from_secs(5), claimed).await.expect("at once").unwrap_err();
        assert!(error.into_error().full_text().contains("16 MiB. Check the address"), "and says what to do");
        let refusal = Refusal::of(answer(ENDLESS, &text, Duration::ZERO).await).await;
        assert_eq!((refusal.status.as_u16(), refusal.text.len()), (400, LONGEST_REFUSAL));
    }

    #[tokio::test]
    async fn an_answer_that_comes_byte_by_byte_or_not_at_all_ends_in_time() {
        let slow = answer(ENDLESS, "x", Duration::from_secs(1)).await;
        let none = answer("HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n", "", Duration::ZERO).await;
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        let refusal = Refusal::of(none).await;
        assert_eq!((refusal.status.as_u16(), refusal.text.as_str(), refusal.is_cut), (400, "", true));
        assert!((9..12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        let Err(Attempt::Again(error, None)) = bytes(slow, "the hub").await else { panic!("it came") };
        assert_eq!(error.to_string(), "the hub: its answer did not come within 60 s");
    }

    #[test]
    fn an_object_storage_says_by_its_code_what_may_be_tried_again() {
        let judged = |status, code: &str, message: &str| {
            let text =
                format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            let refusal = Refusal {
                status: StatusCode::from_u16(status).unwrap(),
                text,
                pause: None,
                is_cut: false,
                ahead: None,
            };
            match refusal.judge(Error::failure("no")) {
                Attempt::Final(_) => "final",
                Attempt::Again(..) => "again",
                Attempt::Once(_) => "once",
            }
        };
        for (status, code, message, expected) in [
            (400, "RequestTimeout", "Your socket connection to the server was not read from", "again"),
            (503, "SlowDown", "Please reduce your request rate.", "again"),
            (200, "InternalError", "We encountered an internal error.", "again"),
            (400, "ExpiredToken", "The provided token has expired.", "once"),
            (403, "RequestTimeTooSkewed", "The difference is too large.", "once"),
            (403, "AccessDenied", "Request has expired", "once"),
            (403, "AccessDenied", "Access Denied", "final"),
            (404, "NoSuchUpload", "", "final"),
            (502, "", "", "again"),
        ] {
            assert_eq!(judged(status, code, message), expected, "{status} {code}");
        }
    }
}
