//! What a child prints, read from its pipe: as bytes, or line by line.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::runner::mask;

/// A longer line is passed on in pieces.
const LONGEST_LINE: usize = 64 * 1024;
/// How long the beginning of a line waits for the rest.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of one read.
const CHUNK: usize = 16 * 1024;

/// Which stream something came from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pipe {
    Out,
    Err,
}

/// How a stream is passed on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// Lines without their ends.
    Lines,
    /// Bytes as they come.
    Bytes,
}

/// Passes on what a pipe holds until it closes, nobody listens, or it is `enough`.
pub(super) async fn read(
    mut pipe: impl AsyncRead + Unpin,
    which: Pipe,
    reading: Reading,
    enough: CancellationToken,
    sender: mpsc::Sender<(Pipe, Vec<u8>)>,
) {
    let mut buffer = vec![0; CHUNK];
    let mut lines = Lines::default();
    loop {
        let stale = lines.since.and_then(|since| since.checked_add(PATIENCE));
        let bytes = tokio::select! {
            biased;
            () = enough.cancelled() => break,
            () = tokio::time::sleep_until(stale.unwrap_or_else(Instant::now)), if stale.is_some() => {
                if let Some(part) = lines.part() && sender.send((which, part)).await.is_err() {
                    return;
                }
                continue;
            }
            read = pipe.read(&mut buffer) => match read {
                Ok(count @ 1..) => buffer.get(..count).unwrap_or_default(),
                _ => break,
            },
        };
        let passed_on = match reading {
            Reading::Bytes => vec![bytes.to_vec()],
            Reading::Lines => lines.push(bytes),
        };
        for bytes in passed_on {
            if sender.send((which, bytes)).await.is_err() {
                return;
            }
        }
    }
    if !lines.begun.is_empty() {
        let _ = sender.send((which, lines.begun)).await;
    }
}

/// Parts bytes at `\n`, `\r\n` and a lone `\r`, as the runner does.
#[derive(Debug, Default)]
struct Lines {
    /// The beginning of a line.
    begun: Vec<u8>,
    /// When it began, or was last passed on in part.
    since: Option<Instant>,
    /// Was the last byte a `\r`? A `\n` then belongs to it.
    after_return: bool,
}

impl Lines {
    /// The lines, and pieces of a long one, that these bytes complete.
    fn push(&mut self, mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut complete = Vec::new();
        if std::mem::take(&mut self.after_return) {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(end);
            self.begun.extend_from_slice(line);
            complete.extend(self.pieces());
            complete.push(std::mem::take(&mut self.begun));
            self.since = None;
            self.after_return = rest == b"\r";
            bytes = rest.strip_prefix(b"\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
        }
        self.begun.extend_from_slice(bytes);
        complete.extend(self.pieces());
        if self.begun.is_empty() {
            self.since = None;
        } else if self.since.is_none() {
            self.since = Some(Instant::now());
        }
        complete
    }

    /// Pieces of a line that is too long to wait for its end.
    fn pieces(&mut self) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        while self.begun.len() > LONGEST_LINE {
            match self.cut(LONGEST_LINE) {
                Some(piece) => pieces.push(piece),
                None => break,
            }
        }
        pieces
    }

    /// What there is of a line that waited long enough.
    fn part(&mut self) -> Option<Vec<u8>> {
        let part = self.cut(self.begun.len());
        self.since = if self.begun.is_empty() { None } else { Some(Instant::now()) };
        part
    }

    /// Cuts off what comes before this place, or a little less: neither a character nor a secret is parted, which would
    /// show both of its halves.
    fn cut(&mut self, at: usize) -> Option<Vec<u8>> {
        let at = mask::boundary(&self.begun, at);
        let before = self.begun.get(..at)?;
        let at = match std::str::from_utf8(before) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => at,
        };
        if at == 0 {
            return None;
        }
        let rest = self.begun.split_off(at);
        Some(std::mem::replace(&mut self.begun, rest))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn texts(pieces: Vec<Vec<u8>>) -> Vec<String> {
        pieces.into_iter().map(|piece| String::from_utf8(piece).expect("whole characters")).collect()
    }

    #[test]
    fn lines_end_where_the_runner_ends_them() {
        let mut lines = Lines::default();
        assert_eq!(texts(lines.push(b"a\nb\r")), ["a", "b"]);
        assert_eq!(texts(lines.push(b"\nc\rd\n\n\r\n")), ["c", "d", "", ""]);
        assert_eq!(texts(lines.push(b"10%\r")), ["10%"]);
        assert_eq!(texts(lines.push(b"20%\re")), ["20%"]);
        assert_eq!(lines.begun, b"e");
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_part_no_character() {
        let mut lines = Lines::default();
        let text = format!("x{}", "\u{e9}".repeat(LONGEST_LINE));
        let mut pieces = texts(lines.push(text.as_bytes()));
        assert_eq!(pieces.len(), 2, "the rest waits for its end");
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST_LINE && piece.len() > LONGEST_LINE - 4));
        pieces.extend(texts(lines.push(b"\n")));
        assert_eq!(pieces.concat(), text);
    }

    #[test]
    fn no_piece_ends_within_a_secret() {
        // It begins as it ends, so its own end looks like a beginning.
        let secret = "seam-secret-seam";
        mask::add(&SecretString::from(secret));
        for shift in 0..=secret.len() {
            let mut lines = Lines::default();
            let text = format!("{}{secret} and on", "x".repeat(LONGEST_LINE - shift));
            let mut pieces = texts(lines.push(text.as_bytes()));
            pieces.extend(lines.part().map(|part| String::from_utf8(part).unwrap()));
            pieces.extend(texts(lines.push(b"\n")));
            assert_eq!(pieces.concat(), text, "{shift}");
            assert_eq!(pieces.iter().filter(|piece| piece.contains(secret)).count(), 1, "{shift}");
        }
    }

    #[test]
    fn the_beginning_of_a_secret_waits_for_the_rest() {
        mask::add(&SecretString::from("waiting-secret"));
        let mut lines = Lines::default();
        assert!(lines.push(b"token: waiting-se").is_empty());
        assert_eq!(lines.part().as_deref(), Some(&b"token: "[..]));
        assert_eq!(lines.part(), None);
        assert_eq!(texts(lines.push(b"cret\n")), ["waiting-secret"]);
    }
}
