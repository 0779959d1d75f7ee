//! Generated parts of a page that is written by hand: they stand between markers.

use anyhow::{Context, Result};

use super::interface::Interface;
use super::table;

/// The page of one action with both tables.
///
/// # Errors
///
/// When a marker is missing.
pub(super) fn fill(page: &str, of: &Interface) -> Result<String> {
    let page = between(page, "inputs", &table::inputs(of))?;
    between(&page, "outputs", &table::outputs(of))
}

/// The page with `text` between the markers `<!-- part:start -->` and `<!-- part:end -->`.
///
/// # Errors
///
/// When a marker is missing.
pub(super) fn between(page: &str, part: &str, text: &str) -> Result<String> {
    let (start, end) = (format!("<!-- {part}:start -->"), format!("<!-- {part}:end -->"));
    let parts = page.split_once(&start).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.with_context(|| format!("the lines {start} and {end} are missing around the table"))?;
    Ok(format!("{before}{start}\n\n{}\n\n{end}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let page = "# T\n\n<!-- inputs:start -->\nold\n<!-- inputs:end -->\n\nend\n";
        let once = between(page, "inputs", "| new |\n").expect("markers");
        assert_eq!(once, "# T\n\n<!-- inputs:start -->\n\n| new |\n\n<!-- inputs:end -->\n\nend\n");
        assert_eq!(between(&once, "inputs", "| new |\n").expect("markers"), once);
        let error = between(page, "outputs", "").expect_err("no such markers").to_string();
        assert!(error.contains("outputs:start"), "{error}");
    }
}
