//! Dates and points in time, as PyYAML reads them and Python writes them.

use std::fmt;

/// A `datetime.date`, or a `datetime.datetime` where there is a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    year: i16,
    month: i8,
    day: i8,
    clock: Option<Clock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clock {
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
    /// Minutes east of UTC; `None` where nothing is said.
    offset: Option<i32>,
}

/// Is a plain scalar a timestamp? The pattern of PyYAML's resolver: without a clock, months and days have two digits.
pub(super) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let short = text.len() == 10
        && bytes.iter().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() });
    short || fields(text).is_some_and(|fields| fields.clock.is_some())
}

/// The time that a timestamp names; `None` where there is no such time.
pub(super) fn parse(text: &str) -> Option<Time> {
    let fields = fields(text)?;
    let date = jiff::civil::Date::new(fields.year, fields.month, fields.day).ok().filter(|date| date.year() > 0)?;
    let fits = fields.clock.is_none_or(|clock| {
        clock.hour < 24
            && clock.minute < 60
            && clock.second < 60
            && clock.offset.is_none_or(|offset| offset.abs() < 1440)
    });
    fits.then_some(Time { year: date.year(), ..fields })
}

/// `YYYY-M-D`, and perhaps `T` or blanks and `H:MM:SS[.fraction][zone]`.
fn fields(text: &str) -> Option<Time> {
    let mut rest = Rest(text);
    let year = rest.digits(4, 4)?;
    rest.skip('-')?;
    let month = rest.digits(1, 2)?;
    rest.skip('-')?;
    let day = rest.digits(1, 2)?;
    let clock = if rest.0.is_empty() { None } else { Some(clock(&mut rest)?) };
    let small = |n: u32| i8::try_from(n).ok();
    Some(Time { year: i16::try_from(year).ok()?, month: small(month)?, day: small(day)?, clock })
}

fn clock(rest: &mut Rest<'_>) -> Option<Clock> {
    if rest.blanks() == 0 {
        rest.skip('T').or_else(|| rest.skip('t'))?;
    }
    let hour = rest.digits(1, 2)?;
    rest.skip(':')?;
    let minute = rest.digits(2, 2)?;
    rest.skip(':')?;
    let second = rest.digits(2, 2)?;
    let mut microsecond = 0;
    if rest.skip('.').is_some() {
        let fraction: String = rest.0.chars().take_while(char::is_ascii_digit).collect();
        rest.0 = &rest.0[fraction.len()..];
        microsecond = format!("{:0<6}", &fraction[..fraction.len().min(6)]).parse().ok()?;
    }
    let blanks = rest.blanks();
    let offset = if rest.0.is_empty() {
        if blanks > 0 {
            return None;
        }
        None
    } else if rest.skip('Z').is_some() {
        Some(0)
    } else {
        let sign = if rest.skip('-').is_some() { -1 } else { rest.skip('+').map(|()| 1)? };
        let hours = rest.digits(1, 2)?;
        let minutes = if rest.skip(':').is_some() { rest.digits(2, 2)? } else { 0 };
        Some(i32::try_from(hours.saturating_mul(60).saturating_add(minutes)).ok()?.saturating_mul(sign))
    };
    let small = |n: u32| u8::try_from(n).ok();
    let clock = Clock { hour: small(hour)?, minute: small(minute)?, second: small(second)?, microsecond, offset };
    rest.0.is_empty().then_some(clock)
}

struct Rest<'text>(&'text str);

impl Rest<'_> {
    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        if count < least { None } else { digits.parse().ok() }
    }

    fn skip(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        Some(())
    }

    fn blanks(&mut self) -> usize {
        let rest = self.0.trim_start_matches([' ', '\t']);
        let count = self.0.len().saturating_sub(rest.len());
        self.0 = rest;
        count
    }
}

impl Time {
    /// As BentoML's client sends it: `strftime("%Y-%m-%d %H:%M:%S.%f")`; it cannot send a date without a clock.
    pub(super) fn wire(&self) -> Option<String> {
        let Self { year, month, day, clock } = self;
        let Clock { hour, minute, second, microsecond, .. } = (*clock)?;
        Some(format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{microsecond:06}"))
    }
}

/// As Python's `str()` writes it.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        let Some(Clock { hour, minute, second, microsecond, offset }) = self.clock else { return Ok(()) };
        write!(f, " {hour:02}:{minute:02}:{second:02}")?;
        if microsecond > 0 {
            write!(f, ".{microsecond:06}")?;
        }
        let Some(offset) = offset else { return Ok(()) };
        let east = offset.unsigned_abs();
        write!(f, "{}{:02}:{:02}", if offset < 0 { '-' } else { '+' }, east / 60, east % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_pyyaml_does_and_written_as_python_does() {
        for (written, text) in [
            ("2024-01-02", "2024-01-02"),
            ("2024-1-2 3:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02t03:04:05.5 -5", "2024-01-02 03:04:05.500000-05:00"),
            ("2024-01-02 03:04:05.1234567+05:30", "2024-01-02 03:04:05.123456+05:30"),
        ] {
            assert!(is_timestamp(written), "{written}");
            assert_eq!(parse(written).unwrap().to_string(), text);
        }
        for text in ["2024-1-2", "2024-01-02T", "2024-01-02 03:04", "2024-01-02 03:04:05 ", "20240102"] {
            assert!(!is_timestamp(text), "{text}");
        }
        for text in ["2024-13-45", "2024-02-30", "0000-01-01", "2024-01-02 25:00:00", "2024-01-02 03:04:05+99:00"] {
            assert!(is_timestamp(text) && parse(text).is_none(), "{text}");
        }
    }
}
