//! A file's time in its entry: whole seconds, before 1970 as well.
//!
//! Source: GNU tar's base-256 numbers. The first bit says that it is one; what follows is a number in two's complement.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tar::Header;

/// Writes a time of before 1970. The tar library writes such a one as a huge number.
pub(super) fn write(header: &mut Header, time: SystemTime) {
    let Err(before) = time.duration_since(UNIX_EPOCH) else { return };
    // Rounded down, as the system's own seconds are.
    let part = i64::from(before.duration().subsec_nanos() > 0);
    let seconds = i64::try_from(before.duration().as_secs()).ok().and_then(|whole| whole.checked_add(part));
    let seconds = seconds.and_then(i64::checked_neg).unwrap_or(i64::MIN);
    let field = &mut header.as_old_mut().mtime;
    field.fill(0xff);
    for (to, from) in field.iter_mut().rev().zip(seconds.to_be_bytes().iter().rev()) {
        *to = *from;
    }
}

/// Reads a time; none where there is no such time on this system.
pub(super) fn read(header: &Header) -> Option<SystemTime> {
    let field = header.as_old().mtime;
    let seconds = if field.first().is_some_and(|first| first & 0x80 != 0) {
        // Entries of before 1970 were once written with zeros in front: the last eight bytes are the same.
        i64::from_be_bytes(*field.last_chunk::<8>()?)
    } else {
        i64::try_from(header.mtime().ok()?).ok()?
    };
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_and_old_entries_are_read_as_they_were_meant() {
        let mut header = Header::new_gnu();
        for (before, seconds) in [(Duration::from_secs(86_400), 86_400), (Duration::from_millis(1500), 2)] {
            write(&mut header, UNIX_EPOCH - before);
            assert_eq!(read(&header), Some(UNIX_EPOCH - Duration::from_secs(seconds)));
        }
        header.set_mtime(1_000_000_000);
        assert_eq!(read(&header), Some(UNIX_EPOCH + Duration::from_secs(1_000_000_000)));
        header.set_mtime(0_u64.wrapping_sub(60));
        assert_eq!(read(&header), Some(UNIX_EPOCH - Duration::from_secs(60)));
    }
}
