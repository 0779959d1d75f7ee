//! What answers mean that are not the ones that were asked for.

use actions_core::http::{Attempt, Refusal};
use actions_core::{Cause, Error};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::Client;
use crate::client::Peer;

impl Client {
    /// What a status other than 200 means.
    pub(crate) fn refusal(&self, refusal: &Refusal, html: bool, what: &str) -> Error {
        let (status, said) = (refusal.status, said(&refusal.text));
        let reason = format!("({}{})", status.as_u16(), with(&said));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Error::new(Cause::Access, format!("{} does not accept the API token {reason}", self.endpoint()))
                    .hint("Make a new token under API Tokens in the console, and check that the secret holds it whole.")
            }
            _ if status.is_redirection() => self.no_api(&format!("it sends us elsewhere ({})", status.as_u16())),
            _ if html => self.no_api(&format!("it answers {} with a web page", status.as_u16())),
            _ if status.is_server_error() => {
                Error::new(Cause::Unreachable, format!("{} failed to serve {what} {reason}", self.endpoint()))
                    .hint("Run the job again later; if it stays, look at the server's log.")
            }
            _ => {
                let error = Error::failure(format!("{} refused {what} {reason}", self.endpoint()));
                let too_large = status == StatusCode::PAYLOAD_TOO_LARGE || said.contains("too large");
                if too_large { error.caused_by(TooLarge) } else { error }
            }
        }
    }

    /// What a status other than 200 of a transfer means.
    pub(crate) fn transfer_refusal(&self, peer: Peer, refusal: &Refusal, what: &str) -> Error {
        if peer == Peer::Api {
            return self.refusal(refusal, false, what);
        }
        // Whoever answers at an address that the server named: nothing but a storage's own words is shown.
        let field = |name| refusal.xml(name).map(|text| said(text).chars().take(200).collect::<String>());
        let said: Vec<_> =
            [field("Code"), field("Message")].into_iter().flatten().filter(|text| !text.is_empty()).collect();
        let cause = if matches!(refusal.judge(Error::failure("")), Attempt::Again(..)) {
            Cause::Unreachable
        } else {
            Cause::Failure
        };
        let reason = format!("{}{}", refusal.status.as_u16(), with(&said.join(": ")));
        Error::new(cause, format!("the object storage refused {what} ({reason})"))
            .hint("Run the job again; if it stays, check the server's storage and both machines' clocks.")
    }

    pub(crate) fn no_api(&self, why: &str) -> Error {
        Error::new(Cause::Unreachable, format!("what answers at {} is not a BentoCloud API: {why}", self.endpoint()))
            .hint("Check the endpoint; it is the console's address without a path.")
    }

    /// A Yatai knows no v2 routes, and says so for every route that it lacks.
    pub(crate) fn unsupported(&self, path: &str) -> Error {
        if path.starts_with("/api/v2/deployments") {
            Error::input(format!("{} is a Yatai, which has no v2 Deployments", self.endpoint()))
                .hint("Push to it with `action: skip`; create the Deployment with bentoml 1.1, or use BentoCloud.")
        } else {
            Error::failure(format!("{} does not know {path}", self.endpoint()))
                .hint("Its version is too old for this, or the endpoint is another server's.")
        }
    }
}

/// The server takes no body of this size.
#[derive(Debug, thiserror::Error)]
#[error("the body is too large for it")]
pub(crate) struct TooLarge;

pub(crate) fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html")
}

/// Absence is a 404, or on a Yatai of before June 2023 a 400 that says so.
pub(crate) fn is_not_found(status: StatusCode, body: &str) -> bool {
    status == StatusCode::NOT_FOUND || (status == StatusCode::BAD_REQUEST && body.contains("record not found"))
}

/// What the server said, on one line: the `error` or `message` of its JSON, the `Message` of a storage's XML, else the
/// start of its text.
fn said(body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let field = |name: &str| json.as_ref().and_then(|json| json.get(name)?.as_str().map(str::to_owned));
    let xml = || Some(body.split_once("<Message>")?.1.split_once("</Message>")?.0.to_owned());
    let text = field("error").or_else(|| field("message")).or_else(xml).unwrap_or_else(|| {
        match body.trim_start().starts_with('<') {
            true => String::new(),
            false => body.to_owned(),
        }
    });
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
}

fn with(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_said_is_one_short_line() {
        assert_eq!(said(r#"{"error":"no\nsuch"}"#), "no such");
        assert_eq!(said("<html>"), "");
        assert_eq!(said("<Error><Code>NoSuchKey</Code><Message>no key</Message></Error>"), "no key");
        assert_eq!(said(&"x".repeat(9999)).len(), 500);
    }
}
