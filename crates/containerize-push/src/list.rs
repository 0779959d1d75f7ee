//! The list rules of Docker's actions: CSV records, one per line; commas separate items, or belong to them.
//!
//! Source: `Util.getInputList` of docker/actions-toolkit, which reads by `csv-parse`. Comments are ours.

#[warn(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod csv;
#[cfg(test)]
mod judge;

use actions_core::action::inputs::FromInput;
use actions_core::action::{InputSpec, Kind};
use actions_core::{Error, Result};
use csv::Open;

/// A list whose items are separated by commas or newlines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items(Vec<String>);

/// A list with one item per line: its items may hold commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<String>);

impl std::ops::Deref for Items {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl std::ops::Deref for Lines {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl FromInput for Items {
    const KIND: Kind = Kind::Lines;

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        let items = records(spec, value)?.into_iter().flat_map(|record| match &record[..] {
            [one] => one.split(',').map(str::to_owned).collect(),
            _ => record,
        });
        Ok(Self(trimmed(items)))
    }
}

impl FromInput for Lines {
    const KIND: Kind = Kind::Lines;

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        Ok(Self(trimmed(records(spec, value)?.into_iter().map(|record| record.join(",")))))
    }
}

/// Trimmed as JavaScript trims; what is empty then is not an item.
fn trimmed(items: impl Iterator<Item = String>) -> Vec<String> {
    let space = |c: char| (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}';
    items.map(|item| item.trim_matches(space).to_owned()).filter(|item| !item.is_empty()).collect()
}

/// The records, without comments that are indented. What stands in a list may be a secret: an error shows its line only.
fn records(spec: &InputSpec, text: &str) -> Result<Vec<Vec<String>>> {
    let mut records = csv::records(text).map_err(|Open(line)| {
        Error::input(format!("input {}: the quote that opens an item on line {line} is never closed", spec.name))
            .hint("Close it with another \"; inside quotes, a quote is written twice.")
    })?;
    let comment = |field: &String| {
        let text = field.trim_start_matches([' ', '\t']);
        text.len() < field.len() && text.starts_with('#')
    };
    records.retain(|record| !record.first().is_some_and(comment));
    Ok(records)
}

#[cfg(test)]
mod tests {
    use actions_core::action::input;

    use super::*;

    fn items(text: &str) -> Vec<String> {
        Items::from_input(&input("tags"), text).unwrap().0
    }

    fn lines(text: &str) -> Vec<String> {
        Lines::from_input(&input("labels"), text).unwrap().0
    }

    #[test]
    fn commas_and_newlines_separate_items() {
        assert_eq!(items("a/b:1, a/b:2\n\n# why\n  # indented\nc"), ["a/b:1", "a/b:2", "c"]);
        assert_eq!(items("\"a,b\""), ["a", "b"]);
        assert!(items("").is_empty() && items(" , \n").is_empty());
    }

    #[test]
    fn commas_belong_to_the_items_of_line_lists() {
        assert_eq!(lines("a=1,2\n\"b=x\ny\"\n\"c=\"\"q\"\"\""), ["a=1,2", "b=x\ny", "c=\"q\""]);
        assert_eq!(lines("type=local,dest=out"), ["type=local,dest=out"]);
        assert_eq!(lines("KEY=say \"hi\", you"), ["KEY=say \"hi\", you"]);
    }

    #[test]
    fn an_open_quote_is_named_by_its_line_and_not_by_its_text() {
        for (text, line) in [("a=1\n\n\"b=s3cret\nc=3", "line 3"), ("\"s3cret", "line 1"), ("x\r\n\"s3cret", "line 2")]
        {
            let error = Lines::from_input(&input("secrets"), text).unwrap_err().full_text();
            assert!(error.contains("input secrets") && error.contains(line) && !error.contains("s3cret"), "{error}");
        }
    }
}
