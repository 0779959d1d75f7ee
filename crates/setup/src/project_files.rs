//! Files of requirements of a project, as uv is to read them: paths in them count from the project, not from the working directory.
//!
//! Sources: BentoML's `_bentoml_sdk/images.py` (the file is copied into the Bento and locked in a folder that has the project's files);
//! pip's documentation, "Requirements File Format" (comments, lines that go on, what an included file's name counts from).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use actions_core::{Env, Result};
use bento_format::project::absolute;

use crate::moving::value;
use crate::requirement_files::{expanded, text_of};

/// The contents of a project's file with all that it includes, with absolute paths; `None` where it names no path, so that it can be
/// read as it stands. `of` says whose wish it is.
///
/// # Errors
/// When it, or a file that it includes, cannot be read.
pub(crate) fn rewritten(file: &Path, project: &Path, of: &str, env: &Env) -> Result<Option<String>> {
    let mut reading = Reading { project, of, env, lines: Vec::new(), changed: false, seen: BTreeSet::new() };
    reading.add(file)?;
    Ok(reading.changed.then(|| reading.lines.join("\n")))
}

struct Reading<'a> {
    project: &'a Path,
    of: &'a str,
    env: &'a Env,
    lines: Vec<String>,
    changed: bool,
    seen: BTreeSet<PathBuf>,
}

impl Reading<'_> {
    fn add(&mut self, file: &Path) -> Result<()> {
        if !self.seen.insert(file.to_owned()) {
            return Ok(());
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        for line in joined(&text_of(file, self.of)?) {
            let name = |options| value(&line, options).map(|name| name.trim_matches(['"', '\'']));
            if let Some(included) = name(&["--requirement", "-r"]).and_then(|name| self.file_in(folder, name)) {
                self.add(&included)?;
            } else if let Some(file) = name(&["--constraint", "-c"]).and_then(|name| self.file_in(folder, name)) {
                self.lines.push(format!("--constraint {}", file.display()));
            } else if let Some(links) = name(&["--find-links", "-f"]).and_then(|name| self.links_in(folder, name)) {
                self.push(&line, format!("--find-links {}", links.display()));
            } else {
                self.push(&line, absolute(&line, self.project, self.env));
            }
        }
        Ok(())
    }

    fn push(&mut self, before: &str, line: String) {
        // Another way to write the same is not a change of what it names.
        self.changed |= line.contains(&*self.project.to_string_lossy()) && line != before;
        self.lines.push(line);
    }

    /// The file of this name beside the one that includes it; `None` for an address, and for what a variable that is not set names.
    fn file_in(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        expanded(name, self.env).filter(|name| !name.contains("://")).map(|name| folder.join(name))
    }

    /// pip looks beside the file first.
    fn links_in(&self, folder: &Path, name: &str) -> Option<PathBuf> {
        let beside = self.file_in(folder, name)?;
        Some(if beside.exists() { beside } else { self.file_in(self.project, name)? })
    }
}

/// The lines without comments; those that end with a backslash go on in the next.
fn joined(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in text.lines() {
        let is_comment = line.trim_start().starts_with('#');
        match line.strip_suffix('\\').filter(|_| !is_comment) {
            Some(part) => begun.push_str(part),
            None => lines.push(std::mem::take(&mut begun) + line),
        }
    }
    lines.push(begun);
    let without_comment = |line: String| line.split(" #").next().unwrap_or_default().trim().to_owned();
    lines.into_iter().map(without_comment).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn paths_count_from_the_project_wherever_the_file_stands() {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("p");
        fs::create_dir_all(project.join("deps/beside")).unwrap();
        fs::write(
            project.join("deps/r.txt"),
            "# all of it\nidna==3.10 \\\n    --hash=sha256:ab\n./libs/tools[x] # ours\n-e libs/more\nx @ file:libs/x\n-r more.txt\n\
             -c $C/c.txt\n-c c.txt\n--find-links wheels\n-f beside\n--find-links https://h/links\n-r https://h/r.txt\n-r ${GONE}.txt\n",
        )
        .unwrap();
        fs::write(project.join("deps/more.txt"), "six\n-r r.txt\nlibs/six-1-py3-none-any.whl\\\n").unwrap();
        let env = Env::default();
        let text = rewritten(&project.join("deps/r.txt"), &project, "x", &env).unwrap().unwrap();
        let p = project.display();
        let lines = [
            "idna==3.10     --hash=sha256:ab".to_owned(),
            format!("{p}/libs/tools[x]"),
            format!("--editable {p}/libs/more"),
            format!("x @ file://{p}/libs/x"),
            "six".to_owned(),
            format!("{p}/libs/six-1-py3-none-any.whl"),
            format!("--constraint {p}/deps/$C/c.txt"),
            format!("--constraint {p}/deps/c.txt"),
            format!("--find-links {p}/wheels"),
            format!("--find-links {p}/deps/beside"),
            "--find-links https://h/links".to_owned(),
            "-r https://h/r.txt".to_owned(),
            "-r ${GONE}.txt".to_owned(),
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_file_without_paths_is_read_as_it_stands() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("r.txt");
        fs::write(&file, "idna\n-e git+https://h/x\n-r more.txt\n--index-url https://h/simple\n").unwrap();
        fs::write(root.path().join("more.txt"), "/abs/x\ny@https://h/y.whl\n").unwrap();
        assert_eq!(rewritten(&file, root.path(), "x", &Env::default()).unwrap(), None);
        fs::write(root.path().join("more.txt"), "-r gone.txt\n").unwrap();
        let error = rewritten(&file, root.path(), "the project", &Env::default()).unwrap_err().full_text();
        assert!(error.starts_with("the project: failed to read ") && error.contains("gone.txt"), "{error}");
    }
}
