//! Headers of servers.

use actions_core::http::ContentRange;
use registry::fuzzing;

/// `WWW-Authenticate`: what a parameter says stands in the header.
pub(crate) fn challenge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for (name, value) in fuzzing::challenge(&text).into_iter().flatten() {
        assert!(text.contains(&value), "{value:?} does not stand in {text:?}");
        assert!(!name.contains('='), "{name:?} is the name of a parameter in {text:?}");
    }
}

/// `Link`: the next page is a target of the header, and behind any number of other links it is found as well.
pub(crate) fn link(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(target) = fuzzing::next_page(&text) {
        assert!(text.contains(&format!("<{target}>")), "{target:?} is not a target of {text:?}");
        assert!(text.to_lowercase().contains("next"), "{target:?} is not the next page of {text:?}");
    }
    let target = text.replace(['<', '>'], "");
    let behind = format!("</first>; rel=\"prev\"; title=\"a, <b>; rel=next\", <{target}>; rel=next");
    assert_eq!(fuzzing::next_page(&behind), Some(target.as_str()));
}

/// `Content-Range` and the `Range` of an upload: numbers of any size, and those alone that can be.
pub(crate) fn range(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(ContentRange { start: Some(start), total: Some(total) }) = ContentRange::parse(&text) {
        assert!(start < total, "{text:?} begins behind its end");
    }
    if let Some(last) = fuzzing::received(&text).and_then(|received| received.checked_sub(1)) {
        assert!(text.contains(&last.to_string()), "{last} does not stand in {text:?}");
    }
}
