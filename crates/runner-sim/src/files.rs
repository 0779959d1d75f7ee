//! The command files: `GITHUB_OUTPUT`, `GITHUB_ENV`, `GITHUB_STATE` (name and value), `GITHUB_PATH`, `GITHUB_STEP_SUMMARY`.
//!
//! Rules: actions/runner, `FileCommandManager.cs`.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::Error;

/// The paths of one step's command files; the files exist and are empty when the step starts.
#[derive(Debug)]
pub(crate) struct CommandFiles {
    pub(crate) output: PathBuf,
    pub(crate) env: PathBuf,
    pub(crate) state: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) summary: PathBuf,
}

impl CommandFiles {
    /// Makes the empty files, with names no other step has.
    pub(crate) fn create(temp: &Path) -> Result<Self, Error> {
        let folder = temp.join("_runner_file_commands");
        std::fs::create_dir_all(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
        let suffix = Uuid::new_v4();
        let create = |prefix: &str| {
            let file = folder.join(format!("{prefix}_{suffix}"));
            std::fs::write(&file, "").map_err(Error::io(format!("create {}", file.display())))?;
            Ok(file)
        };
        Ok(Self {
            output: create("set_output")?,
            env: create("set_env")?,
            state: create("save_state")?,
            path: create("add_path")?,
            summary: create("step_summary")?,
        })
    }

    /// The variables that name the files.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 5] {
        [
            ("GITHUB_OUTPUT", &self.output),
            ("GITHUB_ENV", &self.env),
            ("GITHUB_STATE", &self.state),
            ("GITHUB_PATH", &self.path),
            ("GITHUB_STEP_SUMMARY", &self.summary),
        ]
    }
}

/// A name and its value.
pub(crate) type Pair = (String, String);

/// Reads `NAME=VALUE` lines and `NAME<<DELIMITER` blocks. What stands before an error counts, so both come back.
pub(crate) fn parse_pairs(text: &str) -> (Vec<Pair>, Result<(), String>) {
    let mut pairs = Vec::new();
    let mut lines = Lines { text, at: 0 };
    loop {
        match next_pair(&mut lines) {
            Ok(Some(pair)) => pairs.push(pair),
            Ok(None) => return (pairs, Ok(())),
            Err(reason) => return (pairs, Err(reason)),
        }
    }
}

fn next_pair(lines: &mut Lines<'_>) -> Result<Option<Pair>, String> {
    let line = loop {
        match lines.next() {
            None => return Ok(None),
            Some(("", _)) => {}
            Some((line, _)) => break line,
        }
    };
    // Whichever comes first decides: a delimiter may hold `=`, a value may hold `<<`.
    match (line.find('='), line.find("<<")) {
        (equals, Some(heredoc)) if equals.is_none_or(|equals| heredoc < equals) => {
            let (name, delimiter) = (&line[..heredoc], &line[heredoc + 2..]);
            if name.is_empty() || delimiter.is_empty() {
                return Err(format!("Invalid format '{line}'. Name must not be empty and delimiter must not be empty"));
            }
            Ok(Some((name.to_owned(), heredoc_value(lines, delimiter)?)))
        }
        (Some(0), _) => Err(format!("Invalid format '{line}'. Name must not be empty")),
        (Some(equals), _) => Ok(Some((line[..equals].to_owned(), line[equals + 1..].to_owned()))),
        (None, _) => Err(format!("Invalid format '{line}'")),
    }
}

fn heredoc_value(lines: &mut Lines<'_>, delimiter: &str) -> Result<String, String> {
    let start = lines.at;
    let mut end = start;
    loop {
        let Some((line, newline)) = lines.next() else {
            return Err(format!("Invalid value. Matching delimiter not found '{delimiter}'"));
        };
        if line == delimiter {
            return Ok(lines.text[start..end].to_owned());
        }
        if newline.is_empty() {
            return Err(format!("Invalid value. Matching delimiter not found '{delimiter}'"));
        }
        end = lines.at - newline.len();
    }
}

/// Lines with their line ends: `\n`; on Windows `\r\n` too.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let Some(end) = rest.find('\n') else {
            self.at = self.text.len();
            return Some((rest, ""));
        };
        self.at += end + 1;
        if cfg!(windows) && rest[..end].ends_with('\r') {
            return Some((&rest[..end - 1], &rest[end - 1..=end]));
        }
        Some((&rest[..end], &rest[end..=end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> Vec<Pair> {
        let (pairs, end) = parse_pairs(text);
        end.expect("valid");
        pairs
    }

    fn pair(name: &str, value: &str) -> Pair {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn lines_and_blocks() {
        assert_eq!(ok("a=1\n\nb=\nc=x=y"), [pair("a", "1"), pair("b", ""), pair("c", "x=y")]);
        assert_eq!(ok("a<<EOF\nx\n\ny=z\nEOF\nb=2\n"), [pair("a", "x\n\ny=z"), pair("b", "2")]);
        assert_eq!(ok("a<<EOF\nEOF\n"), [pair("a", "")]);
        assert_eq!(ok("a<<EOF\n\nEOF"), [pair("a", "")]);
        assert_eq!(ok("a<<EOF\n EOF\nEOF x\nEOF"), [pair("a", " EOF\nEOF x")]);
    }

    #[test]
    fn whichever_of_equals_and_heredoc_comes_first_decides() {
        assert_eq!(ok("a=b<<c\n"), [pair("a", "b<<c")]);
        assert_eq!(ok("a<<b=c\nv\nb=c\n"), [pair("a", "v")]);
    }

    #[test]
    fn a_naive_writer_is_injected_and_a_block_is_not() {
        assert_eq!(ok("tag=x\nevil=1\n"), [pair("tag", "x"), pair("evil", "1")]);
        assert_eq!(ok("tag<<D\nx\nevil=1\nD\n"), [pair("tag", "x\nevil=1")]);
    }

    #[test]
    fn errors_keep_what_came_before() {
        for (text, reason) in [
            ("a=1\nnonsense\nb=2", "Invalid format 'nonsense'"),
            ("a=1\n<<EOF\nEOF", "Name must not be empty"),
            ("a=1\nb<<\n", "delimiter must not be empty"),
            ("a=1\nb<<EOF\nx\n", "Matching delimiter not found 'EOF'"),
            ("a=1\nb<<EOF\nx", "Matching delimiter not found 'EOF'"),
            ("a=1\nb<<EOF", "Matching delimiter not found 'EOF'"),
            ("a=1\n=x\n", "Name must not be empty"),
        ] {
            let (pairs, end) = parse_pairs(text);
            assert_eq!(pairs, [pair("a", "1")], "{text:?}");
            let error = end.expect_err(text);
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
