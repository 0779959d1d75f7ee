//! What a tar may take of memory: its reader keeps long names and extended headers whole, however long they say they are.
//!
//! The reader of an archive takes its bytes from a [`Metered`] source. Between two entries, where names and extended headers
//! stand, the source gives [`LONGEST_HEADERS`] at most; the contents of an entry are its reader's to bound.
//!
//! ```text
//! let (source, meter) = tar_limits::metered(bytes);
//! let mut archive = tar::Archive::new(source);
//! let mut entries = archive.entries()?;
//! while let Some(entry) = meter.headers(|| entries.next()) { … }
//! ```

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The bytes that all headers of one entry may have, and what was left of the entry before it. Paths end at 4 KiB on every
/// system.
pub const LONGEST_HEADERS: u64 = 1024 * 1024;

/// What is read, and what may be read.
#[derive(Debug, Clone)]
pub struct Meter(Rc<Gauge>);

#[derive(Debug)]
struct Gauge {
    read: Cell<u64>,
    left: Cell<u64>,
}

/// The bytes of an archive, counted.
#[derive(Debug)]
pub struct Metered<R> {
    inner: R,
    meter: Meter,
}

/// The bytes of an archive, and their meter.
pub fn metered<R: Read>(inner: R) -> (Metered<R>, Meter) {
    let meter = Meter(Rc::new(Gauge { read: Cell::new(0), left: Cell::new(u64::MAX) }));
    (Metered { inner, meter: meter.clone() }, meter)
}

impl Meter {
    /// Goes on to the next entry, within the limit.
    pub fn headers<T>(&self, next: impl FnOnce() -> T) -> T {
        self.0.left.set(LONGEST_HEADERS);
        let entry = next();
        self.0.left.set(u64::MAX);
        entry
    }

    /// The bytes that were read so far.
    pub fn read(&self) -> u64 {
        self.0.read.get()
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let gauge = &self.meter.0;
        let most = usize::try_from(gauge.left.get()).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            let text = format!("the names and extended headers of an entry take more than {LONGEST_HEADERS} bytes");
            return Err(io::Error::other(text));
        }
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        gauge.read.set(gauge.read.get().saturating_add(read as u64));
        if gauge.left.get() != u64::MAX {
            gauge.left.set(gauge.left.get().saturating_sub(read as u64));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use tar::{Archive, EntryType, Header};

    use super::*;

    /// The header of an entry of this type and size.
    fn header(kind: EntryType, size: u64) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    #[test]
    fn a_name_of_a_gigabyte_is_given_up_after_the_limit() {
        for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
            let head = header(kind, 1 << 30);
            let (source, meter) = metered(head.as_slice().chain(io::repeat(b'a')));
            let mut archive = Archive::new(source);
            let mut entries = archive.entries().unwrap();
            let error = meter.headers(|| entries.next()).unwrap().err().unwrap();
            assert!(error.to_string().contains("extended headers"), "{kind:?}: {error}");
            assert!(meter.read() <= LONGEST_HEADERS, "{kind:?}: {} bytes", meter.read());
        }
    }

    #[test]
    fn contents_are_no_headers() {
        let size = 3 * LONGEST_HEADERS;
        let mut one = header(EntryType::Regular, size);
        one.resize(one.len() + usize::try_from(size).unwrap(), 7);
        let mut two = one.repeat(2);
        two.resize(two.len() + 1024, 0);
        let (source, meter) = metered(two.as_slice());
        let mut archive = Archive::new(source);
        let mut entries = archive.entries().unwrap();
        let mut count = 0;
        while let Some(entry) = meter.headers(|| entries.next()) {
            count += io::copy(&mut entry.unwrap(), &mut io::sink()).unwrap();
        }
        assert_eq!(count, 2 * size);
    }
}
