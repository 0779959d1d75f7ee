//! The list rules of Docker's actions: CSV records, one per line; commas separate items, or belong to them.
//!
//! Source: `Util.getList` of docker/actions-toolkit.

use bento_core::action::inputs::FromInput;
use bento_core::action::{InputSpec, Kind};
use bento_core::{Error, Result};

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
        let fields = records(spec, value)?.into_iter().flatten();
        Ok(Self(trimmed(fields.flat_map(|field| field.split(',').map(str::to_owned).collect::<Vec<_>>()))))
    }
}

impl FromInput for Lines {
    const KIND: Kind = Kind::Lines;

    fn from_input(spec: &InputSpec, value: &str) -> Result<Self> {
        Ok(Self(trimmed(records(spec, value)?.into_iter().map(|record| record.join(",")))))
    }
}

fn trimmed(items: impl Iterator<Item = String>) -> Vec<String> {
    items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

/// The records of a CSV text. A quote counts where a field begins with it; a quoted field may hold commas, newlines and
/// doubled quotes. Lines that begin with `#` are comments.
fn records(spec: &InputSpec, text: &str) -> Result<Vec<Vec<String>>> {
    let mut records = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rest.trim_start_matches([' ', '\t']).starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        let mut record = Vec::new();
        loop {
            let (field, end, after) = field(spec, rest)?;
            record.push(field);
            rest = after;
            if end != Some(',') {
                break;
            }
        }
        records.push(record);
    }
    Ok(records)
}

/// One field, what ended it, and what follows.
fn field<'a>(spec: &InputSpec, text: &'a str) -> Result<(String, Option<char>, &'a str)> {
    let Some(quoted) = text.trim_start_matches([' ', '\t']).strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let after = text[end..].chars().next();
        return Ok((text[..end].trim_end_matches('\r').to_owned(), after, text.get(end + 1..).unwrap_or("")));
    };
    let mut value = String::new();
    let mut rest = quoted;
    loop {
        let Some(at) = rest.find('"') else {
            let begin: String = quoted.chars().take(20).collect();
            return Err(Error::input(format!("input {}: the quote before {begin:?} is never closed", spec.name))
                .hint("Close it with another \"; inside quotes, a quote is written twice."));
        };
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                value.push('"');
                rest = after;
            }
            None => break,
        }
    }
    // What follows the closing quote belongs to the field, as it stands.
    let end = rest.find([',', '\n']).unwrap_or(rest.len());
    value.push_str(rest[..end].trim_end_matches('\r'));
    Ok((value, rest[end..].chars().next(), rest.get(end + 1..).unwrap_or("")))
}

#[cfg(test)]
mod tests {
    use bento_core::action::input;

    use super::*;

    fn items(text: &str) -> Vec<String> {
        Items::from_input(&input("tags"), text).unwrap().0
    }

    fn lines(text: &str) -> Vec<String> {
        Lines::from_input(&input("labels"), text).unwrap().0
    }

    #[test]
    fn commas_and_newlines_separate_items() {
        assert_eq!(items("a/b:1, a/b:2\r\n\n# why\nc"), ["a/b:1", "a/b:2", "c"]);
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
    fn an_open_quote_is_named() {
        let error = Lines::from_input(&input("labels"), "a=1\n\"b=2\nc=3").unwrap_err().full_text();
        assert!(error.contains("labels") && error.contains("b=2") && error.contains("never closed"), "{error}");
    }
}
