//! Lines inside brackets that are not indented, which YAML 1.2 refuses and PyYAML reads.

use std::borrow::Cow;
use std::sync::Arc;

use super::load::Loader;
use super::{Node, YamlError};

/// What the parser says of a line inside brackets that is not indented, such as a lone `]`. YAML 1.2 wants it so, PyYAML
/// does not: spaces there mean nothing, so they are added. The words are those of the pinned version of `saphyr-parser`.
const LOOSE: [&str; 2] = ["invalid indentation", "invalid indentation in flow construct"];
/// Deeper than any key stands; a line that needs more is indented again.
const INDENT: usize = 80;
/// Each repair reads the text again.
const REPAIRS: usize = 1000;
/// How many bytes all repairs of one text may read.
const WORK: usize = 64 << 20;

pub(super) fn load(text: &str) -> Result<Option<Arc<Node>>, YamlError> {
    let repairs = REPAIRS.min(WORK.checked_div(text.len()).unwrap_or(WORK));
    let mut repaired = Cow::Borrowed(text);
    let mut lines = Vec::new();
    loop {
        let mut error = match Loader::new(&repaired).document() {
            Err(error) if LOOSE.contains(&error.message.as_str()) && lines.len() < repairs => error,
            Err(mut error) => {
                let added = lines.iter().filter(|&&line| line == error.line).count();
                error.column =
                    error.column.saturating_sub(u32::try_from(added.saturating_mul(INDENT)).unwrap_or(0)).max(1);
                return Err(error);
            }
            ended => return ended,
        };
        let nth = usize::try_from(error.line).unwrap_or(usize::MAX).saturating_sub(1);
        let start = match nth.checked_sub(1) {
            None => Some(0),
            Some(before) => repaired.match_indices('\n').nth(before).map(|(end, _)| end.saturating_add(1)),
        };
        let Some(start) = start else {
            error.message.push_str(", after a line end that is not one everywhere");
            return Err(error);
        };
        repaired.to_mut().insert_str(start, &" ".repeat(INDENT));
        lines.push(error.line);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;
    use super::*;

    /// The repair depends on these words: a new version of the parser that changes one must show here.
    #[test]
    fn the_parser_says_what_the_repair_listens_for() {
        for (text, says) in
            [("a: [\n1\n]\n", LOOSE[0]), ("a:\n  b: [\n1,\n2]\n", LOOSE[0]), ("a: {b: [\nc: 1}\n", LOOSE[1])]
        {
            let error = Loader::new(text).document().unwrap_err();
            assert_eq!(error.message, says, "{text:?}: {error}");
        }
    }

    #[test]
    fn lines_inside_brackets_need_no_indent() {
        assert_eq!(parse("a: [\n1,\n2\n]\nb: {\nc: d\n}\n").unwrap().value, json!({"a": [1, 2], "b": {"c": "d"}}));
    }

    #[test]
    fn many_such_lines_take_bounded_work() {
        let begun = std::time::Instant::now();
        let text = format!("a: [\n{}]\n", "1,\n".repeat(300_000));
        parse(&text).unwrap_err();
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }
}
