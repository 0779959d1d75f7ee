//! The table, and its place in docs/benchmarks.md.

use std::path::Path;

use anyhow::{Context, Result};

use super::figure::Outcome;
use super::lab::{SMALL_MODEL, Scale};
use super::machine;
use super::rows::{ROWS, Row};
use crate::layout;

const START: &str = "<!-- bench:start -->";
const END: &str = "<!-- bench:end -->";

/// A row's line of the table, and the work that it is about.
pub(super) struct Line {
    work: String,
    text: String,
}

/// The lines of what was measured.
pub(super) fn lines(scale: Scale, results: &[(&Row, Outcome)]) -> Vec<Line> {
    let line = |(row, outcome): &(&Row, Outcome)| {
        let ratio = outcome.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.1}×"));
        let work = work(scale, row);
        let text = format!("| {work} | {} | {} | {ratio} | {} |", outcome.today, outcome.here, row.aim);
        Line { work, text }
    };
    results.iter().map(line).collect()
}

/// A row's work with the models' sizes.
pub(super) fn work(scale: Scale, row: &Row) -> String {
    let size = |bytes: u64| format!("{} MiB", bytes / 1024 / 1024);
    row.work.replace("{model}", &size(scale.model_bytes())).replace("{small}", &size(SMALL_MODEL))
}

/// A Markdown table with a line about the machine.
pub(super) fn table(lines: &[Line]) -> String {
    let lines: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
    format!("| work | today | here | ratio | aim |\n|---|---|---|---|---|\n{lines}\nMeasured on: {}.", machine::facts())
}

/// Puts the lines in their places; rows that were not measured keep theirs.
///
/// # Errors
///
/// When the file or its markers are missing.
pub(super) fn write(scale: Scale, mut lines: Vec<Line>) -> Result<()> {
    let path = layout::root().join("docs/benchmarks.md");
    let page = std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let (before, rest) = page.split_once(START).with_context(|| lacks(&path))?;
    let (old, after) = rest.split_once(END).with_context(|| lacks(&path))?;
    let order: Vec<String> = ROWS.iter().map(|row| work(scale, row)).collect();
    lines.extend(kept(old, &lines, &order));
    lines.sort_by_key(|line| order.iter().position(|work| *work == line.work));
    let page = format!("{before}{START}\n\n{}\n\n{END}{after}", table(&lines));
    std::fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))?;
    println!("written to {}; `cargo xtask docs` puts what README.md shows of it there", path.display());
    Ok(())
}

fn lacks(path: &Path) -> String {
    format!("{} lacks the lines {START} and {END} around the table", path.display())
}

/// The lines of an old table whose work is still done, and was not measured anew.
fn kept(old: &str, new: &[Line], order: &[String]) -> Vec<Line> {
    let cells = old.lines().filter_map(|line| Some((line.strip_prefix("| ")?.split(" | ").next()?, line)));
    cells
        .filter(|(work, _)| order.iter().any(|known| known == work) && new.iter().all(|line| line.work != *work))
        .map(|(work, line)| Line { work: work.to_owned(), text: line.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_stays_and_what_is_no_row_goes() {
        let old = "\n| work | today |\n|---|---|\n| a | 1 |\n| b | 1 |\n| gone | 1 |\n\nMeasured on: x.\n";
        let new = [Line { work: "a".into(), text: "| a | 2 |".into() }];
        let order = ["b", "a", "c"].map(str::to_owned);
        let kept: Vec<_> = kept(old, &new, &order).into_iter().map(|line| line.text).collect();
        assert_eq!(kept, ["| b | 1 |"]);
    }
}
