//! The table, and its place in docs/benchmarks.md.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::figure::Outcome;
use super::lab::Scale;
use super::machine;
use super::rows::Row;
use crate::layout;

const START: &str = "<!-- bench:start -->";
const END: &str = "<!-- bench:end -->";

/// A Markdown table with a line about the machine.
pub(super) fn table(scale: Scale, results: &[(&Row, Outcome)]) -> String {
    let mut text = String::from("| work | today | here | ratio | aim |\n|---|---|---|---|---|\n");
    for (row, outcome) in results {
        let ratio = outcome.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.1}×"));
        let work = row.work.replace("{model}", &format!("{} MiB", scale.model_bytes() / 1024 / 1024));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {work} | {} | {} | {ratio} | {} |", outcome.today, outcome.here, row.aim);
    }
    let _ = writeln!(text, "\nMeasured on: {}.", machine::facts());
    text
}

/// Replaces what stands between the markers.
///
/// # Errors
///
/// When the file or its markers are missing.
pub(super) fn write(table: &str) -> Result<()> {
    let path = layout::root().join("docs/benchmarks.md");
    let page = std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let page = replace(&page, table)
        .with_context(|| format!("{} lacks the lines {START} and {END} around the table", path.display()))?;
    std::fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))?;
    println!("written to {}", path.display());
    Ok(())
}

fn replace(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(START)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{START}\n\n{}\n\n{END}{after}", table.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let page = "# Title\n\n<!-- bench:start -->\nold\n<!-- bench:end -->\n\nHow to read it.\n";
        let once = replace(page, "| new |\n").expect("markers");
        assert_eq!(once, "# Title\n\n<!-- bench:start -->\n\n| new |\n\n<!-- bench:end -->\n\nHow to read it.\n");
        assert_eq!(replace(&once, "| new |\n").expect("markers"), once, "a second run changes nothing");
        assert_eq!(replace("no markers", "| new |"), None);
    }
}
