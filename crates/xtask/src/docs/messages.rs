//! Every message that a page lists: the code must have it. `…` stands for what differs from case to case.

use std::path::Path;

use anyhow::{Context, Result};

use super::markdown;

/// Shorter pieces are found anywhere.
const SHORTEST: usize = 4;

/// Crates that no action is made of.
const TOOLS: [&str; 3] = ["crates/local-cloud", "crates/runner-sim", "crates/xtask"];

/// The messages that no action has, one line each, with the page.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut sources = Vec::new();
    let is_source = |path: &Path| {
        let of_tool = TOOLS.iter().any(|tool| path.starts_with(root.join(tool)));
        !of_tool && path.extension().is_some_and(|ending| ending == "rs" || ending == "js" || ending == "py")
    };
    for folder in ["crates", "actions"] {
        markdown::collect(&root.join(folder), &is_source, &mut sources)?;
    }
    let read =
        |path: &Path| std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()));
    let code = sources.iter().map(|path| Ok(literal(&read(path)?))).collect::<Result<String>>()?;
    let mut problems = Vec::new();
    for path in markdown::files(root, &["md"])? {
        let page = path.strip_prefix(root).unwrap_or(&path).display();
        for message in messages(&read(&path)?) {
            for piece in pieces(message).filter(|piece| !code.contains(piece)) {
                problems.push(format!("{page}: no action says {piece:?}, of the message {message:?}"));
            }
        }
    }
    Ok(problems)
}

/// The first cells of the tables whose first column is `message`.
fn messages(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter_map(move |line| {
        let first = line.strip_prefix('|').and_then(|line| line.split('|').next()).map(str::trim);
        inside = match first {
            Some("message") => true,
            first => inside && first.is_some(),
        };
        first.filter(|first| inside && *first != "message" && !first.starts_with("---"))
    })
}

/// What stands in a message in every case. Text in parentheses at its end is about the message.
fn pieces(message: &str) -> impl Iterator<Item = &str> {
    let message = message.split_once(" (").map_or(message, |(message, _)| message);
    message.trim_matches('`').split('…').map(str::trim).filter(|piece| piece.len() >= SHORTEST)
}

/// A source with the text of its literals: without what continues them in the next line, and without escapes.
fn literal(source: &str) -> String {
    let mut lines = source.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start()).replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_of_messages_count() {
        let page = "| message | code |\n|---|---|\n| cannot reach … | 5 |\n\n| input | x |\n|---|---|\n| tags | y |\n";
        assert_eq!(messages(page).collect::<Vec<_>>(), ["cannot reach …"]);
        assert_eq!(pieces("`the tag … names no registry`").collect::<Vec<_>>(), ["the tag", "names no registry"]);
        assert_eq!(pieces("… is known (the hint tells where)").collect::<Vec<_>>(), ["is known"]);
    }

    #[test]
    fn a_literal_that_goes_on_in_the_next_line_is_one() {
        let source = "    let text = \"one \\\n        two \\\n        \\\"three\\\"\";\n    next();\n";
        assert!(literal(source).contains("\"one two \"three\"\";\n"), "{}", literal(source));
    }
}
