//! Reading a range of an archive from the files that it is made of, which are to stay as they were.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::entry::Entry;
use super::plan::{Segment, Source};

/// Reads a range of an archive; the files are opened as it comes to them. One that is not any more what it was when the
/// archive was laid out is an error, before its last byte at the latest.
#[derive(Debug)]
pub struct RangeReader<'plan> {
    segments: &'plan [Segment],
    at: u64,
    end: u64,
    file: Option<File>,
}

impl<'plan> RangeReader<'plan> {
    /// Segments of which the first holds the range's beginning.
    pub(super) fn new(segments: &'plan [Segment], range: Range<u64>) -> Self {
        Self { segments, at: range.start, end: range.end, file: None }
    }

    /// Reads from the contents of an entry, or the zeros behind them.
    fn contents(&mut self, entry: &Entry, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = entry.size().saturating_sub(offset);
        if left == 0 {
            buffer.fill(0);
            return Ok(buffer.len());
        }
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut file = File::open(entry.file())?;
                entry.check(&file)?;
                file.seek(SeekFrom::Start(offset))?;
                none.insert(file)
            }
        };
        let read = file.read(buffer.get_mut(..want).unwrap_or_default())?;
        if read == 0 && want > 0 {
            return Err(entry.shorter());
        }
        if read as u64 >= left.min(self.end.saturating_sub(self.at)) {
            entry.check(file)?;
        }
        Ok(read)
    }
}

/// The bytes from an offset on.
fn from(bytes: &[u8], offset: u64) -> &[u8] {
    usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default()
}

impl Read for RangeReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((segment, after)) = self.segments.split_first().filter(|_| self.at < self.end) else { return Ok(0) };
        let offset = self.at.saturating_sub(segment.start);
        let stop = segment.end().min(self.end);
        let want = usize::try_from(stop.saturating_sub(self.at)).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..want).unwrap_or_default();
        let read = match &segment.source {
            Source::Zeros => {
                buffer.fill(0);
                want
            }
            Source::Bytes(bytes) => from(bytes, offset).read(buffer)?,
            Source::Entry(entry) if offset < entry.head() => from(&entry.header()?, offset).read(buffer)?,
            Source::Entry(entry) => self.contents(entry, offset.saturating_sub(entry.head()), buffer)?,
        };
        self.at = self.at.saturating_add(read as u64);
        if self.at >= segment.end() {
            self.segments = after;
            self.file = None;
        }
        Ok(read)
    }
}
