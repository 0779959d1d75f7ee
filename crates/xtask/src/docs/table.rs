//! Tables of inputs, secrets and outputs, in Markdown.

use std::fmt::Write;

use super::interface::{Input, Interface};

/// A row per input.
pub(super) fn inputs(of: &Interface) -> String {
    rows("input", &of.inputs)
}

/// A row per output.
pub(super) fn outputs(of: &Interface) -> String {
    let mut table = String::from("| output | meaning |\n|---|---|\n");
    for output in &of.outputs {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| `{}` | {} |", output.name, cell(&sentence(&output.description)));
    }
    table
}

/// All of them, one table after the other.
pub(super) fn whole(of: &Interface) -> String {
    let secrets = if of.secrets.is_empty() { String::new() } else { format!("{}\n", rows("secret", &of.secrets)) };
    format!("{}\n{secrets}{}", inputs(of), outputs(of))
}

/// A description as one line that ends like a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !line.is_empty() && !line.ends_with(['.', '!', '?']) {
        line.push('.');
    }
    line
}

/// The column of types stands only where there are types.
fn rows(heading: &str, inputs: &[Input]) -> String {
    let typed = inputs.iter().any(|input| input.takes.is_some());
    let takes = |text: &str| if typed { format!(" {text} |") } else { String::new() };
    let mut table = format!(
        "| {heading} |{} default | meaning |\n|---|{}---|---|\n",
        takes("takes"),
        if typed { "---|" } else { "" }
    );
    for input in inputs {
        let takes = takes(input.takes.as_deref().unwrap_or_default());
        let _ = writeln!(table, "| `{}` |{takes} {} | {} |", input.name, default(input), meaning(input));
    }
    table
}

fn default(input: &Input) -> String {
    match input.default.as_deref() {
        _ if input.required => "**required**".into(),
        Some(value) if !value.is_empty() => cell(&format!("`{value}`")),
        _ => String::new(),
    }
}

fn meaning(input: &Input) -> String {
    let mut text = cell(&sentence(&input.description));
    if let Some(name) = input.env {
        let _ = write!(text, " When it is not given, the environment variable `{name}` applies.");
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

    fn input(takes: Option<&str>, required: bool, env: Option<&'static str>) -> Input {
        let takes = takes.map(Into::into);
        Input { name: "token".into(), takes, required, default: None, env, description: "A token".into() }
    }

    #[test]
    fn descriptions_become_one_sentence_and_bars_do_not_end_a_cell() {
        assert_eq!(sentence(" First line,  and\n second"), "First line, and second.");
        assert_eq!(sentence(""), "");
        assert_eq!(cell("a|b"), "a\\|b");
    }

    #[test]
    fn a_required_input_says_so_and_names_its_stand_in() {
        let input = input(None, true, Some("API_KEY"));
        assert_eq!(default(&input), "**required**");
        assert_eq!(meaning(&input), "A token. When it is not given, the environment variable `API_KEY` applies.");
    }

    #[test]
    fn types_have_a_column_only_where_there_are_types() {
        let untyped = rows("secret", &[input(None, false, None)]);
        assert_eq!(untyped, "| secret | default | meaning |\n|---|---|---|\n| `token` |  | A token. |\n");
        let typed = rows("input", &[input(Some("text"), false, None)]);
        assert_eq!(
            typed,
            "| input | takes | default | meaning |\n|---|---|---|---|\n| `token` | text |  | A token. |\n"
        );
    }
}
