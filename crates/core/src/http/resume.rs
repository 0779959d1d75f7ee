//! Where a download goes on, and the proof that what comes belongs there.
//!
//! Source: RFC 9110, sections 13.1.5 (`If-Range`), 14.4 (`Content-Range`) and 15.3.7 (206).

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderValue, IF_RANGE, RANGE};
use reqwest::{RequestBuilder, Response, StatusCode};

/// Where a download goes on.
#[derive(Debug, Clone, Default)]
pub struct Resume {
    pub(super) start: u64,
    pub(super) etag: Option<HeaderValue>,
}

impl Resume {
    /// Asks for what is missing, of this very object.
    pub fn ask(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.etag {
            Some(etag) if self.start > 0 => {
                request.header(RANGE, format!("bytes={}-", self.start)).header(IF_RANGE, etag)
            }
            _ => request,
        }
    }

    /// Is this the status of an answer that [`download`] understands? Any other one is a refusal.
    pub fn takes(&self, status: StatusCode) -> bool {
        let resumed = matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE);
        status == StatusCode::OK || (resumed && self.start > 0)
    }
}

/// Where an answer belongs.
pub(super) enum Place {
    /// It is the beginning of an object.
    Start,
    /// It goes on with what there is, and repeats so many bytes of it first.
    Behind(u64),
    /// There is everything already: the break came behind the last byte.
    End,
    /// It is of something else.
    Nowhere(&'static str),
}

impl Place {
    /// `known` is the object of which there is something.
    pub(super) fn of(response: &Response, resume: &Resume, known: Option<&Object>) -> Self {
        let Some(known) = known.filter(|_| resume.start > 0) else { return Self::Start };
        let object = Object::of(response);
        match response.status() {
            StatusCode::OK if known.is(&object) => Self::Behind(resume.start),
            StatusCode::OK => Self::Start,
            StatusCode::RANGE_NOT_SATISFIABLE if object.total == Some(resume.start) => Self::End,
            StatusCode::RANGE_NOT_SATISFIABLE => Self::Nowhere("what was downloaded is longer than what is there"),
            _ if object.start == Some(resume.start) && known.is(&object) => Self::Behind(0),
            _ => Self::Nowhere("what goes on is not what began: it has changed"),
        }
    }
}

/// What an answer says of the object that it is of.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// A strong one.
    pub(super) etag: Option<HeaderValue>,
    pub(super) total: Option<u64>,
    /// Where the part begins.
    start: Option<u64>,
}

impl Object {
    pub(super) fn of(response: &Response) -> Self {
        let headers = response.headers();
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
        // `bytes 5-9/100`, `bytes */100`.
        let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok()?.trim().strip_prefix("bytes "));
        let total = match range {
            Some(range) => number(range.split_once('/').map(|(_, total)| total)),
            None if response.status() == StatusCode::OK => {
                number(headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()))
            }
            None => None,
        };
        Self {
            etag: headers.get(ETAG).filter(|etag| etag.as_bytes().starts_with(b"\"")).cloned(),
            total,
            start: number(range.and_then(|range| range.split_once('-')).map(|(start, _)| start)),
        }
    }

    /// Is an answer of the same object?
    fn is(&self, other: &Self) -> bool {
        let same_total = match (self.total, other.total) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.etag.is_some() && self.etag == other.etag && same_total
    }
}
