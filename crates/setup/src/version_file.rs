//! `.python-version`: one version per line, `#` starts a comment.

use std::fs;
use std::path::Path;

use bento_core::python::{NoPythonVersion, PythonRequest, Wanted};
use bento_core::{Cause, Context, Error, Location, Result};

/// Reads the versions in a file, in order of preference.
///
/// # Errors
/// When the file is missing or unreadable, names no version, or a line is none; with the file and line.
pub(crate) fn read(file: &Path) -> Result<PythonRequest> {
    let doing = || format!("input python-version-file: failed to read {}", file.display());
    let bytes = fs::read(file).map_err(|error| {
        let error = Error::new(Cause::Input, doing()).caused_by(error);
        error.hint("Write the path of a file in the workspace; is the repository checked out before this step?")
    })?;
    let text = String::from_utf8(bytes).context(|| format!("{}: it is no text", doing()))?;
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let lines = lines.map(|(index, line)| (index, line.split('#').next().unwrap_or_default().trim()));
    let mut forms: Vec<Wanted> = Vec::new();
    for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let form = line.parse().map_err(|error: NoPythonVersion| {
            let line = u32::try_from(index + 1).ok();
            let at = Location { file: file.to_owned(), line, column: None };
            Error::input(format!("{}: {error}", file.display())).at(at)
        })?;
        forms.push(form);
    }
    if forms.is_empty() {
        return Err(Error::input(format!("{} names no version of Python", file.display()))
            .at(Location { file: file.to_owned(), line: None, column: None })
            .hint("Write a version such as 3.11 into it, or use the input python-version."));
    }
    Ok(PythonRequest::new(forms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<PythonRequest> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".python-version");
        fs::write(&file, text).unwrap();
        read(&file)
    }

    #[test]
    fn comments_line_ends_and_several_versions_are_understood() {
        let request = of("\u{feff}# team's choice\r\n\r\n 3.12.1 # newest\r\n3.11\r\n").unwrap();
        assert_eq!(request.to_string(), "3.12.1 or 3.11");
    }

    #[test]
    fn bad_files_are_named_with_the_line() {
        let error = of("3.11\nsystem\n").unwrap_err();
        assert_eq!(error.location().and_then(|at| at.line), Some(2));
        assert!(error.to_string().contains("\"system\" is no version of Python"));
        assert!(of("# nothing\n").unwrap_err().to_string().contains("names no version"));
        let missing = read(Path::new("/nowhere/.python-version")).unwrap_err();
        assert_eq!(missing.cause(), Cause::Input);
        assert!(missing.full_text().contains("/nowhere/.python-version"));
    }
}
