//! Files that name the version of Python, told apart by their names.
//!
//! | file | what is read |
//! |---|---|
//! | `pyproject.toml` and any other in TOML | `project.requires-python`, else `tool.poetry.dependencies.python` |
//! | whose name holds `Pipfile` | `requires.python_full_version`, else `requires.python_version` |
//! | whose name holds `.tool-versions` | the line of `python` |
//! | `mise.toml`, `.mise.toml` | `tools.python` |
//! | any other, such as `.python-version` | versions, in lines or between blanks |
//!
//! Source: actions/setup-python v6, `src/utils.ts`, `getVersionInputFromFile` and what it calls. What is read besides (mise, poetry's table beside
//! `project`, several versions in a line, comments behind a version) is an error there, or nothing.

mod toml;

use std::path::Path;

use actions_core::{Error, Location, Result, text};
use python_env::{NoPythonVersion, PythonRequest, Wanted};

use crate::warnings;

/// A version as it stands in a file, and its line, where that is known.
type Named = (Option<u32>, String);

/// What setup-python reads where no input names a version or a file.
const UNNAMED: &str = ".python-version";

/// The versions in `.python-version` of the workspace, where it is there. Nobody has named the file, and tools put names of
/// their own into it: one that holds no version of Python is passed over with a remark. One that cannot be read as text is
/// passed over with a warning: somebody meant something by it.
pub(crate) fn read_unnamed(workspace: &Path, remarks: &mut Vec<String>) -> Option<PythonRequest> {
    let file = workspace.join(UNNAMED);
    if !file.is_file() {
        return None;
    }
    if let Err(error) = text::read(&file) {
        warnings::passed_over(UNNAMED, &error).emit(Some(workspace));
        return None;
    }
    match read(&file) {
        Ok(request) => Some(request.found_in(UNNAMED)),
        Err(error) => {
            remarks.push(format!("{UNNAMED} is passed over: {error}"));
            None
        }
    }
}

/// Reads the versions in a file, in order of preference.
///
/// # Errors
/// When the file is missing or unreadable, names no version, or a version is none; with the file and line.
pub(crate) fn read(file: &Path) -> Result<PythonRequest> {
    let text = text::read_if_there(file)?.ok_or_else(|| {
        Error::input(format!("input python-version-file: failed to read {}: it is not there", file.display()))
            .hint("Write the path of a file in the workspace; is the repository checked out before this step?")
    })?;
    let text = text.trim_start_matches('\u{feff}');
    // A line may end with either, or both.
    let text = &text.replace("\r\n", "\n").replace('\r', "\n");
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let found = match &*name {
        "mise.toml" | ".mise.toml" => toml::read(file, &toml::OF_MISE)?,
        _ if Path::new(&*name).extension().is_some_and(|extension| extension == "toml") => {
            toml::read(file, &toml::OF_PYPROJECT)?
        }
        _ if name.contains(".tool-versions") => of_tool_versions(text),
        _ if name.contains("Pipfile") => toml::read(file, &toml::OF_PIPFILE)?,
        _ => lines(text).flat_map(versions).collect(),
    };
    if found.is_empty() {
        return Err(Error::input(format!("{} names no version of Python", file.display()))
            .at(Location { file: file.to_owned(), line: None, column: None })
            .hint("Write a version such as 3.11 into it, or use the input python-version."));
    }
    let all = found.into_iter().map(|(line, text)| {
        forms(&text).map_err(|error| {
            let at = Location { file: file.to_owned(), line, column: None };
            Error::input(format!("{}: {error}", file.display())).at(at)
        })
    });
    let all: Vec<_> = all.collect::<Result<_>>()?;
    Ok(PythonRequest::new(all.concat()))
}

/// The lines that are more than a comment.
fn lines(text: &str) -> impl Iterator<Item = Named> {
    let lines = (1..).zip(text.lines());
    let lines = lines.map(|(number, line)| (number, line.split('#').next().unwrap_or_default().trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty());
    lines.map(|(number, line)| (Some(number), line.to_owned()))
}

/// The versions of a line: one form, or several between blanks. Behind a slash stands the environment that pyenv-virtualenv has
/// made of a version.
fn versions((line, text): Named) -> Vec<Named> {
    let starts_one = |word: &str| word.starts_with(|first: char| first.is_ascii_alphanumeric());
    let words = if text.split_whitespace().all(starts_one) { text.split_whitespace().collect() } else { vec![&*text] };
    let version = |word: &str| word.split('/').next().unwrap_or_default().to_owned();
    words.into_iter().map(|word| (line, version(word))).collect()
}

/// `python 3.12.1 3.11.4`: the first that can be had. `system` and paths are asdf's own, and passed over.
fn of_tool_versions(text: &str) -> Vec<Named> {
    let of_python = lines(text).filter_map(|(line, text)| {
        let (tool, versions) = text.split_once(char::is_whitespace)?;
        let versions: Vec<_> = versions.split_whitespace().filter(|word| *word != "v").map(str::to_owned).collect();
        (tool == "python").then_some((line, versions))
    });
    let all = of_python.flat_map(|(line, versions)| versions.into_iter().map(move |version| (line, version)));
    all.filter(|(_, version)| version != "system" && !version.contains(':')).collect()
}

/// Forms of the input, or one that only files have: `*` for any.
fn forms(text: &str) -> Result<Vec<Wanted>, NoPythonVersion> {
    PythonRequest::forms_of(if text.trim() == "*" { ">=3" } else { text })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use actions_core::Cause;

    use super::*;

    fn of(text: &str) -> Result<PythonRequest> {
        of_file(".python-version", text)
    }

    fn of_file(name: &str, text: &str) -> Result<PythonRequest> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        read(&file)
    }

    #[test]
    fn comments_line_ends_and_several_versions_are_understood() {
        let request = of("\u{feff}# team's choice\r\n\r\n 3.12.1 # newest\r\n3.11\r\n").unwrap();
        assert_eq!(request.to_string(), "3.12.1 or 3.11");
    }

    #[test]
    fn each_kind_of_file_has_its_place_for_it() {
        for (file, text, wanted) in [
            ("pyproject.toml", "[project]\r\nrequires-python = '>=3.10,<3.13'\r\n", ">=3.10,<3.13"),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.10,<3.13'\n", "^3.10,<3.13"),
            ("Pipfile", "[requires]\npython_version = '3.11'\n", "3.11"),
            ("Pipfile", "[requires]\npython_version = '3.11'\npython_full_version = '3.11.4'\n", "3.11.4"),
            (".tool-versions", "nodejs 24\npython 3.12.1 3.11.4 system # ours\n", "3.12.1 or 3.11.4"),
            ("mise.toml", "[tools]\npython = '3.12'\n", "3.12"),
            (".mise.toml", "[tools]\npython = ['3.12', '3.11']\n", "3.12 or 3.11"),
            ("mise.toml", "[tools]\npython = { version = '3.12' }\n", "3.12"),
            ("version.txt", "3.12\n", "3.12"),
            ("backend.toml", "[project]\nrequires-python = '>=3.10'\n", ">=3.10"),
            (
                "pyproject.toml",
                "[project]\nrequires-python = '~=3.11'\n[tool.poetry.dependencies]\npython = '3.9'\n",
                "~=3.11",
            ),
            ("my.tool-versions", "python v3.12\n", "v3.12"),
            (".tool-versions", "# python 3.9\n  python v 3.12\r\npython 3.11\n", "3.12 or 3.11"),
            ("Pipfile.ci", "[requires]\r\npython_version = '3.11'\r\n", "3.11"),
            (".python-version", "# ours\r\r3.12\r3.11\r\n", "3.12 or 3.11"),
            (".python-version", "3.12.1/envs/team\n3.11/other\n", "3.12.1 or 3.11"),
            (".python-version", "3.12.1 3.11 # ours\n3.10\n", "3.12.1 or 3.11 or 3.10"),
            (".python-version", ">=3.10 <3.13\n", ">=3.10 <3.13"),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = '~3.10 || ^3.12'\n", "~3.10 or ^3.12"),
        ] {
            assert_eq!(of_file(file, text).unwrap().to_string(), wanted, "{file}: {text}");
        }
    }

    #[test]
    fn what_is_wrong_in_them_is_said() {
        for (file, text, part) in [
            ("pyproject.toml", "[project\n", "is not valid TOML"),
            ("pyproject.toml", "[project]\nname = 'x'\n", "names no version of Python"),
            ("pyproject.toml", "[project]\nrequires-python = 'new'\n", "\"new\" is not a valid version of Python"),
            (".tool-versions", "python pypy3.10-7.3.17\n", "run actions/setup-python with it before this step"),
            (".tool-versions", "python system\n", "names no version of Python"),
            ("mise.toml", "", "names no version of Python"),
            ("Pipfile", "[requires]\npython_version = 3.11\n", "names no version of Python"),
        ] {
            let error = of_file(file, text).unwrap_err();
            assert_eq!(error.cause(), Cause::Input, "{file}");
            assert!(error.full_text().contains(part), "{}", error.full_text());
        }
        assert_eq!(of_file("pyproject.toml", "a = 1\n[project\n").unwrap_err().location().unwrap().line, Some(2));
    }

    #[test]
    fn bad_files_are_named_with_the_line() {
        let error = of("3.11\nsystem\n").unwrap_err();
        assert_eq!(error.location().and_then(|at| at.line), Some(2));
        assert!(error.to_string().contains("\"system\" is not a valid version of Python"));
        assert!(of("# nothing\n").unwrap_err().to_string().contains("names no version"));
        let missing = read(Path::new("/nowhere/.python-version")).unwrap_err();
        assert_eq!(missing.cause(), Cause::Input);
        assert!(missing.full_text().contains("/nowhere/.python-version"));
    }
}
