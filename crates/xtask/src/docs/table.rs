//! Tables of inputs and outputs, in Markdown.

use std::fmt::Write;

use bento_actions::Entry;
use bento_core::action::{InputSpec, Kind};

/// A row per input.
pub(super) fn inputs(action: &Entry) -> String {
    let mut table = String::from("| input | takes | default | meaning |\n|---|---|---|---|\n");
    for input in action.inputs {
        // Writing to a string cannot fail.
        let _ =
            writeln!(table, "| `{}` | {} | {} | {} |", input.name, takes(input.kind), default(input), meaning(input));
    }
    table
}

/// A row per output.
pub(super) fn outputs(action: &Entry) -> String {
    let mut table = String::from("| output | meaning |\n|---|---|\n");
    for output in action.spec.outputs {
        let _ = writeln!(table, "| `{}` | {} |", output.name, cell(&sentence(output.description)));
    }
    table
}

/// A description as one line that ends like a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !line.is_empty() && !line.ends_with(['.', '!', '?']) {
        line.push('.');
    }
    line
}

fn takes(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Boolean => "`true`, `false`".into(),
        Kind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Kind::Lines => "lines".into(),
        Kind::Seconds => "seconds".into(),
        Kind::Secret => "secret".into(),
    }
}

fn default(input: &InputSpec) -> String {
    match input.default {
        _ if input.required => "**required**".into(),
        Some(value) if !value.is_empty() => cell(&format!("`{value}`")),
        _ => String::new(),
    }
}

fn meaning(input: &InputSpec) -> String {
    let mut text = cell(&sentence(input.description));
    if let Some(name) = input.env {
        let _ = write!(text, " When it is not given, the environment variable `{name}` counts.");
    }
    text
}

/// Text for a cell: a bar would end it, even inside code.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_become_one_sentence_and_bars_do_not_end_a_cell() {
        assert_eq!(sentence(" First line,  and\n second"), "First line, and second.");
        assert_eq!(sentence(""), "");
        assert_eq!(cell("a|b"), "a\\|b");
    }

    #[test]
    fn a_required_input_says_so_and_names_its_stand_in() {
        let input = bento_core::action::input("token").required().env("API_KEY").of("A token", Kind::Secret);
        assert_eq!(default(&input), "**required**");
        assert_eq!(meaning(&input), "A token. When it is not given, the environment variable `API_KEY` counts.");
    }
}
