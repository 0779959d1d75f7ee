//! Inputs of `key=value` lines.

use std::collections::BTreeMap;

use bento_core::{Error, Result};

/// Reads lines of `key=value`. The value may hold `=`; the last of two lines with the same key counts.
pub(crate) fn parse(input: &str, lines: &[String]) -> Result<BTreeMap<String, String>> {
    lines.iter().map(|line| pair(input, line)).collect()
}

fn pair(input: &str, line: &str) -> Result<(String, String)> {
    let wrong = |why: &str| {
        Error::input(format!("input {input}: the line {line:?} {why}")).hint("Write one key=value per line.")
    };
    let (key, value) = line.split_once('=').ok_or_else(|| wrong("has no `=`"))?;
    let key = key.trim();
    if key.is_empty() { Err(wrong("has no key")) } else { Ok((key.to_owned(), value.trim().to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_separates() {
        let lines = ["team=ml", "query = a=b", "empty="].map(str::to_owned);
        let pairs = parse("labels", &lines).unwrap();
        assert_eq!(pairs["team"], "ml");
        assert_eq!(pairs["query"], "a=b");
        assert_eq!(pairs["empty"], "");
    }

    #[test]
    fn a_line_without_key_or_value_is_named() {
        for line in ["team", "=x", " = "] {
            let error = parse("labels", &[line.to_owned()]).unwrap_err();
            assert!(error.full_text().contains(line.trim()) && error.full_text().contains("labels"), "{error}");
        }
    }
}
