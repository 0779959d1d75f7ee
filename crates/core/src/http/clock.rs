//! What a server's clock says.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap, HeaderName};

/// Two clocks that differ by less agree: signatures are good for longer.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(4);

/// How far this machine's clock is ahead of the server's, or, negative, behind it; none where they agree or the server does
/// not say what time it is.
pub(super) fn ahead(headers: &HeaderMap) -> Option<SignedDuration> {
    let ahead = Timestamp::now().duration_since(time(headers, DATE)?);
    (ahead.abs() > TOLERANCE).then_some(ahead)
}

/// A time in a header.
pub(super) fn time(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    Some(rfc2822::parse(headers.get(name)?.to_str().ok()?.trim()).ok()?.timestamp())
}
