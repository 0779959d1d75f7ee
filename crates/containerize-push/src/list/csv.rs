//! CSV records as npm's `csv-parse` 5 reads them with `relax_quotes`, `relax_column_count`, `skip_empty_lines`, and `#` for
//! comments at the beginning of a record.
//!
//! A quote opens a field only as its first character. It closes the field only before a comma, a line's end, the end of the
//! text or a `#`; before anything else it and the one that opened are characters like others. Inside, two quotes are one.
//! The first line's end that is met is the only one: `\r\n`, `\n` or `\r`.

/// The line of the quote that is never closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Open(pub(super) usize);

/// The records of a text.
///
/// # Errors
/// A field is still open at the end.
pub(super) fn records(text: &str) -> Result<Vec<Vec<String>>, Open> {
    let mut reader = Reader { text, rest: text, ..Reader::default() };
    while let Some(c) = reader.rest.chars().next() {
        reader.step(c);
    }
    if let (true, opened) = (reader.quoting, reader.opened) {
        return Err(Open(opened.matches(reader.line_end.unwrap_or("\n")).count().saturating_add(1)));
    }
    if reader.was_quoted || !reader.record.is_empty() || !reader.field.is_empty() {
        reader.end_record();
    }
    Ok(reader.records)
}

/// What was read, and what is being read.
#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    line_end: Option<&'static str>,
    records: Vec<Vec<String>>,
    record: Vec<String>,
    field: String,
    /// Inside quotes.
    quoting: bool,
    /// The field began with a quote.
    was_quoted: bool,
    commenting: bool,
    /// The text before the quote that opened the field.
    opened: &'a str,
}

impl<'a> Reader<'a> {
    fn step(&mut self, c: char) {
        if self.quoting {
            self.quoted(c);
        } else {
            self.plain(c);
        }
    }

    fn quoted(&mut self, c: char) {
        self.skip(c.len_utf8());
        if c != '"' {
            return self.field.push(c);
        }
        if self.rest.starts_with('"') {
            self.skip(1);
            return self.field.push('"');
        }
        self.quoting = false;
        let ends = self.rest.is_empty() || self.rest.starts_with([',', '#', '\0']) || self.end_of_line().is_some();
        if !ends {
            self.field.insert(0, '"');
            self.field.push('"');
        }
    }

    fn plain(&mut self, c: char) {
        let at_start = self.record.is_empty() && self.field.is_empty();
        if let Some(end) = self.end_of_line() {
            self.skip(end.len());
            // Neither a comment nor an empty line is a record.
            if !at_start || self.was_quoted {
                self.end_record();
            }
            self.commenting = false;
            return;
        }
        let before = self.before();
        self.skip(c.len_utf8());
        match c {
            _ if self.commenting => {}
            '"' if self.field.is_empty() => {
                (self.quoting, self.was_quoted, self.opened) = (true, true, before);
            }
            '#' if at_start => self.commenting = true,
            ',' => self.end_field(),
            c => self.field.push(c),
        }
    }

    /// What ends the line here, if anything does.
    fn end_of_line(&mut self) -> Option<&'static str> {
        let found = ["\r\n", "\n", "\r"].into_iter().find(|end| self.rest.starts_with(end));
        match (self.line_end, found) {
            (None, Some(end)) => {
                self.line_end = Some(end);
                Some(end)
            }
            (None, None) => None,
            (Some(end), _) => Some(end).filter(|end| self.rest.starts_with(end)),
        }
    }

    fn before(&self) -> &'a str {
        let length = self.text.len().saturating_sub(self.rest.len());
        self.text.get(..length).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn end_field(&mut self) {
        self.record.push(std::mem::take(&mut self.field));
        self.was_quoted = false;
    }

    fn end_record(&mut self) {
        self.end_field();
        self.records.push(std::mem::take(&mut self.record));
    }
}
