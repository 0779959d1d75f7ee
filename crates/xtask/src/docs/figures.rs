//! The figures of README.md, taken from the table of docs/benchmarks.md, so that they are those that were measured.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Document, page, read};
use crate::bench;

const README: &str = "README.md";
const BENCHMARKS: &str = "docs/benchmarks.md";

/// A line of the table: what is done, the row of the benchmarks, and what each side's cell says of it. `{time}` stands for
/// the time, `{temp}` for the temporary files, `{new}` for what was sent to the registry.
struct Line {
    work: &'static str,
    row: &'static str,
    today: &'static str,
    here: &'static str,
}

const LINES: &[Line] = &[
    Line {
        work: "image with a 1 GiB model, first",
        row: "image-first",
        today: "{time}, {temp}",
        here: "{time}, {temp}",
    },
    Line { work: "the next one, a line changed", row: "image-again", today: "{time}, {new}", here: "{time}, {new}" },
    Line { work: "BentoML in an empty job", row: "setup-pip", today: "{time}", here: "{time}" },
    Line {
        work: "the same from the cache, the first answer of `bentoml` included",
        row: "setup-cache",
        today: "–",
        here: "{time}",
    },
    Line { work: "start of the tool", row: "start", today: "{time}", here: "{time}" },
    Line {
        work: "push of a 1 GiB model",
        row: "push",
        today: "{time}, {temp}",
        here: "{time}, {temp}, {memory} of memory",
    },
    Line {
        work: "`deploy-bento` to a Deployment that is ready",
        row: "deploy",
        today: "{time} for the update alone",
        here: "{time}, waiting included",
    },
];

/// The page with the table as the benchmarks have it.
///
/// # Errors
///
/// A page or its markers are missing, or the benchmarks lack a row or a figure that the table shows.
pub(super) fn document(root: &Path) -> Result<Document> {
    let text = |name: &str| read(&root.join(name))?.with_context(|| format!("{name} is missing"));
    let table = table(&text(BENCHMARKS)?)?;
    let page = page::between(&text(README)?, "figures", &table).with_context(|| format!("in {README}"))?;
    Ok(Document { path: PathBuf::from(README), text: Some(page) })
}

fn table(benchmarks: &str) -> Result<String> {
    let mut table = String::from("| figures | BentoML organisation's actions | here |\n|---|---|---|\n");
    for line in LINES {
        let work =
            bench::work(line.row).with_context(|| format!("there is no row {} among the benchmarks", line.row))?;
        let lacks = || format!("{BENCHMARKS} lacks figures of {work:?}: run `cargo xtask bench --only {}`", line.row);
        let cells: Vec<&str> = benchmarks
            .lines()
            .map(|text| text.trim_matches(['|', ' ']).split(" | ").collect::<Vec<_>>())
            .find(|cells| cells.first() == Some(&work.as_str()))
            .with_context(lacks)?;
        let cell = |template: &str, at: usize| filled(template, cells.get(at).copied()?);
        let today = cell(line.today, 1).with_context(lacks)?;
        let here = cell(line.here, 2).with_context(lacks)?;
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {} | {today} | {here} |", line.work);
    }
    Ok(table)
}

/// The template with the figures of a cell, such as `3.290 s, 14 MiB, no temp file`; none where it lacks one.
fn filled(template: &str, cell: &str) -> Option<String> {
    let mut text = template.to_owned();
    for name in ["{time}", "{temp}", "{new}", "{memory}"] {
        if template.contains(name) {
            text = text.replace(name, &cell.split(", ").find_map(|part| figure(name, part))?);
        }
    }
    Some(text)
}

/// How a part of a cell reads, if it is this figure.
fn figure(name: &str, part: &str) -> Option<String> {
    let number = |unit: &str| part.strip_suffix(unit).filter(|number| number.parse::<f64>().is_ok());
    match name {
        "{time}" if part == "< 0.001 s" => Some(part.to_owned()),
        "{time}" => Some(format!("{} s", rounded(number(" s")?.parse().ok()?))),
        "{memory}" => Some(format!("{} MiB", number(" MiB")?)),
        "{temp}" if part == "no temp file" => Some("no temporary file".to_owned()),
        "{temp}" => Some(format!("{} MiB of temporary files", number(" MiB temp")?)),
        _ => Some(format!("{} MiB sent", number(" MiB new in the registry")?)),
    }
}

/// With two digits that tell something: a third is within the noise.
fn rounded(seconds: f64) -> String {
    let digits = match seconds {
        seconds if seconds >= 10.0 => 0,
        seconds if seconds >= 1.0 => 1,
        seconds if seconds >= 0.1 => 2,
        _ => 3,
    };
    format!("{seconds:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_gives_the_figures_that_are_asked_for() {
        let cell = "61.885 s, 64 MiB, 1025 MiB temp, 1086.8 MiB new in the registry";
        assert_eq!(filled("{time}, {temp}", cell).as_deref(), Some("62 s, 1025 MiB of temporary files"));
        assert_eq!(filled("{new}, {memory} of memory", cell).as_deref(), Some("1086.8 MiB sent, 64 MiB of memory"));
        assert_eq!(filled("{temp}", "3.290 s, no temp file").as_deref(), Some("no temporary file"));
        assert_eq!(filled("{new}", "3.290 s, 14 MiB"), None);
        assert_eq!(filled("–", "–").as_deref(), Some("–"));
    }

    #[test]
    fn times_are_rounded_to_what_carries_over() {
        let rounded = [61.885, 3.845, 0.669, 0.012].map(rounded);
        assert_eq!(rounded, ["62", "3.8", "0.67", "0.012"]);
    }

    #[test]
    fn a_row_that_was_not_measured_is_named() {
        let error = table("| work | today | here |\n").expect_err("no rows").to_string();
        assert!(error.contains("bench --only image-first"), "{error}");
    }
}
