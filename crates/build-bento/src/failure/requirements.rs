//! Requirements that cannot be locked, or read.

use actions_core::{Cause, Error, Location, text};
use bento_format::Project;

use super::{Build, Failure, place};

/// A requirement and the place where the user wrote it.
pub(crate) struct Requirement {
    pub(crate) line: String,
    pub(crate) at: Location,
}

impl Requirement {
    /// The name of the package, in the form that names are compared in; empty for a path or an address.
    pub(super) fn name(&self) -> String {
        let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let end = self.line.find(|c| !inside(c)).unwrap_or(self.line.len());
        let (name, rest) = self.line.split_at(end);
        if rest.starts_with(['/', ':', '+']) { String::new() } else { normal(name) }
    }
}

/// The form in which names of packages are compared.
pub(super) fn normal(name: &str) -> String {
    let mut normal = String::new();
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !normal.ends_with('-') {
            normal.push(c);
        }
    }
    normal
}

/// All requirements of the project that can be read: its packages, and the lines of its file of requirements.
pub(crate) fn all(project: &Project) -> Vec<Requirement> {
    let python = &project.python;
    let packages = python.packages.iter();
    let mut all: Vec<_> = packages.map(|line| Requirement { line: line.value.clone(), at: line.at.clone() }).collect();
    let file = python.requirements.as_ref().map(|file| file.value.clone());
    let lines = file.iter().filter_map(|file| Some((file, text::read(file).ok()?)));
    for (file, text) in lines {
        all.extend(text.lines().zip(1..).filter_map(|(line, number)| {
            let line = line.trim();
            let at = Location { file: file.clone(), line: Some(number), column: None };
            (!line.is_empty() && !line.starts_with('#')).then(|| Requirement { line: line.to_owned(), at })
        }));
    }
    all
}

/// The error of requirements that uv finds no solution for, or that include a file that BentoML does not take along.
pub(super) fn unsolved(failure: &Failure, build: &Build<'_>) -> Error {
    if let Some(included) = included(failure) {
        return not_taken_along(&included, build);
    }
    let reason = reason(build.said);
    let all = all(build.project());
    let named = reason.as_deref().and_then(|reason| all.iter().find(|one| names(reason, &one.name())));
    let at = named.map(|one| one.at.clone()).or_else(|| {
        let python = &build.project().python;
        let first = python.requirements.as_ref().map(|file| file.at.clone());
        first.or_else(|| python.packages.first().map(|line| line.at.clone()))
    });
    let said = reason.unwrap_or_else(|| "uv says why in the log above".to_owned());
    let error = Error::new(Cause::Build, format!("the Python packages of the project cannot be locked: {said}")).hint(
        "Correct the requirement, or make its package index known (python.index_url, extra_index_url, UV_INDEX); \
         `lock_packages: false` under python leaves the versions open.",
    );
    place(error, at)
}

/// The file that a requirements file includes by `-r` or `-c`, as the missing copy is called.
fn included(failure: &Failure) -> Option<String> {
    let (_, rest) = failure.message.split_once("Could not open requirements file: ")?;
    let path = rest.split(['|', '\n']).next()?;
    let inside = path.split_once("/env/python/").map_or(path, |(_, inside)| inside);
    Some(inside.to_owned())
}

fn not_taken_along(included: &str, build: &Build<'_>) -> Error {
    let all = all(build.project());
    let line = all.iter().find(|one| {
        let option = one.line.split([' ', '=', '\t']).next().unwrap_or_default();
        matches!(option, "-r" | "-c" | "--requirement" | "--constraint") && one.line.contains(included)
    });
    let whole = line.map_or_else(|| included.to_owned(), |one| one.line.clone());
    let error = Error::new(
        Cause::Build,
        format!("the requirements include {included}, which {} does not take along: `{whole}`", build.installed()),
    )
    .hint(format!("Write the lines of {included} into the file itself, or join the files in a step before."));
    place(error, line.map(|one| one.at.clone()))
}

/// Is the package named in this text, as a word?
fn names(text: &str, package: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !package.is_empty() && text.split(|c| !part(c)).any(|word| normal(word.trim_matches('.')) == package)
}

/// Why uv found no solution: what it prints from its last `error:` or `×` on, in one line.
fn reason(said: &[String]) -> Option<String> {
    let start = said.iter().rposition(|line| {
        let line = line.trim_start();
        line.starts_with("error:") || line.starts_with('×')
    })?;
    let marks = |line: &str| {
        let line = line.trim().trim_start_matches(['×', '╰', '─', '▶', '├', '│']).trim();
        let line = line.strip_prefix("error:").unwrap_or(line);
        line.strip_prefix("cause:").or_else(|| line.strip_prefix("Caused by:")).unwrap_or(line).trim().to_owned()
    };
    let lines: Vec<_> = said.get(start..)?.iter().map(|line| marks(line)).filter(|line| !line.is_empty()).collect();
    let (first, more) = lines.split_first()?;
    let more = more.join(" ");
    let whole = if more.is_empty() { first.clone() } else { format!("{}: {more}", first.trim_end_matches([':', '.'])) };
    Some(whole.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resolvers_reason_is_one_line_in_either_form() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!((reason(&lines("error:")), reason(&lines("a\n  ×\n"))), (None, None));
        let new = "INFO: Locking\nerror: No solution found when resolving dependencies\n  cause: Because acme-zz was not \
                   found in the package registry and you require acme-zz==9.9, we can conclude that.\n";
        let old = "  × No solution found when resolving dependencies:\n  ╰─▶ Because acme-zz was not found in the\n      \
                   package registry and you require acme-zz==9.9, we can conclude that.\n";
        for text in [new, old] {
            let reason = reason(&lines(text)).unwrap();
            assert_eq!(
                reason,
                "No solution found when resolving dependencies: Because acme-zz was not found in the package registry and \
                 you require acme-zz==9.9, we can conclude that"
            );
            assert!(names(&reason, "acme-zz") && !names(&reason, "acme"));
        }
        assert!(reason(&lines("INFO: x\n")).is_none());
    }
}
