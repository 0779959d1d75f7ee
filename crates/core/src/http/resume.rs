//! Where a download goes on, and the proof that what comes belongs there.
//!
//! Source: RFC 9110, sections 13.1.5 (`If-Range`), 14.4 (`Content-Range`) and 15.3.7 (206).

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE};
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
            StatusCode::RANGE_NOT_SATISFIABLE if object.total != Some(resume.start) => {
                Self::Nowhere("what was downloaded is longer than what is there")
            }
            // The first answer may have promised more than there is by now.
            StatusCode::RANGE_NOT_SATISFIABLE if known.total.is_none_or(|total| total == resume.start) => Self::End,
            StatusCode::RANGE_NOT_SATISFIABLE => {
                Self::Nowhere("what is there is shorter than what began: it has changed")
            }
            _ if object.start == Some(resume.start) && known.is(&object) => Self::Behind(0),
            _ => Self::Nowhere("what goes on is not what began: it has changed"),
        }
    }
}

/// What `Content-Range` says, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Where the part begins; none where there is no part, as in `bytes */100`.
    pub start: Option<u64>,
    /// The length of the whole; none where it is not known, as in `bytes 0-9/*`.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Reads the header of an answer; none where it is missing or says what cannot be.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(CONTENT_RANGE)?.to_str().ok()?)
    }

    /// Reads `bytes 5-9/100`.
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, total) = rest.trim_start().split_once('/')?;
        let total = if total == "*" { None } else { Some(number(total)?) };
        let start = match range {
            "*" => None,
            range => {
                let (start, end) = range.split_once('-')?;
                let (start, end) = (number(start)?, number(end)?);
                if start > end || total.is_some_and(|total| end >= total) {
                    return None;
                }
                Some(start)
            }
        };
        unit.eq_ignore_ascii_case("bytes").then_some(Self { start, total })
    }
}

/// Digits alone, without the sign that Rust would take.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
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
        let range = ContentRange::of(headers);
        let length = || number(headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim());
        let total = match range {
            Some(range) => range.total,
            None if response.status() == StatusCode::OK => length(),
            None => None,
        };
        Self {
            etag: headers.get(ETAG).filter(|etag| etag.as_bytes().starts_with(b"\"")).cloned(),
            total,
            start: range.and_then(|range| range.start),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_cannot_be_is_none() {
        let range = |start, total| Some(ContentRange { start, total });
        for (text, expected) in [
            ("bytes 5-9/100", range(Some(5), Some(100))),
            ("Bytes  0-0/1 ", range(Some(0), Some(1))),
            ("bytes 5-9/*", range(Some(5), None)),
            ("bytes */100", range(None, Some(100))),
            ("bytes 9-5/100", None),
            ("bytes 5-100/100", None),
            ("bytes 5-9/18446744073709551616", None),
            ("bytes +5-9/100", None),
            ("items 5-9/100", None),
            ("bytes 5/100", None),
            ("bytes", None),
            ("", None),
        ] {
            assert_eq!(ContentRange::parse(text), expected, "{text}");
        }
    }
}
