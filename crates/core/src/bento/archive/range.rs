//! Reading a range of an archive from the files that it is made of, which are to stay as they were.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use super::plan::{Segment, Source};

/// What tells a file from a changed one without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self { len: meta.len(), modified: meta.modified().ok() }
    }

    /// Is the file what it was?
    fn check(&self, file: &File, path: &Path) -> io::Result<()> {
        let now = Self::of(&file.metadata()?);
        match now == *self {
            true => Ok(()),
            false if now.len < self.len => Err(shorter(path)),
            false => Err(io::Error::other(format!("{} changed while it was being sent", path.display()))),
        }
    }
}

fn shorter(path: &Path) -> io::Error {
    io::Error::other(format!("{} became shorter while it was being sent", path.display()))
}

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
            Source::Bytes(bytes) => {
                let start = usize::try_from(offset).map_err(io::Error::other)?;
                bytes.get(start..).unwrap_or_default().read(buffer)?
            }
            Source::File(path, stamp) => {
                let file = match &mut self.file {
                    Some(file) => file,
                    none => {
                        let mut file = File::open(path)?;
                        stamp.check(&file, path)?;
                        file.seek(SeekFrom::Start(offset))?;
                        none.insert(file)
                    }
                };
                let read = file.read(buffer)?;
                if read == 0 && want > 0 {
                    return Err(shorter(path));
                }
                if self.at.saturating_add(read as u64) >= stop {
                    stamp.check(file, path)?;
                }
                read
            }
        };
        self.at = self.at.saturating_add(read as u64);
        if self.at >= segment.end() {
            self.segments = after;
            self.file = None;
        }
        Ok(read)
    }
}
