//! Times as BentoML writes and BentoCloud reads them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The instant that a file of BentoML's names: ISO 8601, or PyYAML's form with a space; no zone means UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// The form of requests: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC, always six digits. Yatai takes no other.
pub fn wire_time(instant: Timestamp) -> String {
    Zoned::new(instant, TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_bentoml_writes_is_read() {
        for text in
            ["2026-11-22T06:39:56.493956+00:00", "2026-11-22 06:39:56.493956+00:00", "2026-11-22T06:39:56.493956"]
        {
            assert_eq!(wire_time(parse(text).unwrap()), "2026-11-22 06:39:56.493956", "{text}");
        }
        assert_eq!(wire_time(parse("2026-11-22T08:39:56+02:00").unwrap()), "2026-11-22 06:39:56.000000");
        assert_eq!(parse("yesterday"), None);
    }
}
