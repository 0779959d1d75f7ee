//! Which Python is wanted, in the forms that setup-python's users know.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

/// Wanted where nobody says which: the oldest that current BentoML runs on, and anything newer.
const ANY: &str = ">=3.9";
/// What operators consist of, npm's among them.
const OPERATORS: [char; 6] = ['<', '>', '=', '~', '!', '^'];

/// The versions of Python that are wanted: one form or several, the first that can be had counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonRequest(Vec<Wanted>);

/// One form: `3.11.7`, `3.11`, `3.x`, `>=3.10 <3.13`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// For people only.
    text: String,
    specifiers: VersionSpecifiers,
}

impl PythonRequest {
    /// The forms in order of preference; none of them means that any current Python will do.
    pub fn new(forms: Vec<Wanted>) -> Self {
        if forms.is_empty() { Self::default() } else { Self(forms) }
    }

    /// The forms in a text: `3.10 || 3.12` are two.
    ///
    /// # Errors
    /// When one of them is not a valid version.
    pub fn forms_of(text: &str) -> Result<Vec<Wanted>, NoPythonVersion> {
        text.split("||").map(str::parse).collect()
    }

    /// The same; the forms say where they were found, as in `3.11 (.python-version)`.
    #[must_use]
    pub fn found_in(mut self, place: &str) -> Self {
        self.0.iter_mut().for_each(|wanted| wanted.text = format!("{} ({place})", wanted.text));
        self
    }

    /// The forms in order of preference.
    pub fn forms(&self) -> &[Wanted] {
        &self.0
    }
}

impl Default for PythonRequest {
    fn default() -> Self {
        let specifiers = VersionSpecifiers::from_str(ANY).unwrap_or_default();
        Self(vec![Wanted { text: ANY.to_owned(), specifiers }])
    }
}

impl fmt::Display for PythonRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let forms: Vec<_> = self.0.iter().map(|wanted| wanted.text.as_str()).collect();
        f.write_str(&forms.join(" or "))
    }
}

impl Wanted {
    /// Does this version fit? A pre-release fits only where the form names one.
    pub fn fits(&self, version: &Version) -> bool {
        let named = self.specifiers.iter().any(|specifier| specifier.version().any_prerelease());
        (named || !version.any_prerelease()) && self.specifiers.contains(version)
    }

    /// The same as specifiers, which other tools understand: `==3.11.*`.
    pub fn specifiers(&self) -> String {
        self.specifiers.to_string()
    }

    /// Can any `3.<minor>` fit? Spares the start of a `python3.8` that cannot.
    pub fn fits_minor(&self, minor: u64) -> bool {
        const MICROS: u64 = 64;
        (0..MICROS).any(|micro| self.specifiers.contains(&Version::new([3, minor, micro])))
            || self.specifiers.iter().any(|specifier| specifier.version().any_prerelease())
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is wrong with the text of a version, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum NoPythonVersion {
    /// It is none.
    #[error("{0:?} is not a valid version of Python (write one such as 3.11.7, 3.11, 3.x or >=3.10,<3.13)")]
    None(String),
    /// It is one of a Python that is neither looked for nor installed.
    #[error(
        "{0:?} is a Python of another kind (run actions/setup-python with it before this step, and name no version here)"
    )]
    OtherKind(String),
}

impl FromStr for Wanted {
    type Err = NoPythonVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if is_of_other_kind(text) {
            return Err(NoPythonVersion::OtherKind(text.to_owned()));
        }
        let refused = || NoPythonVersion::None(text.to_owned());
        let specifiers = if text.starts_with(OPERATORS) {
            let parts = range_parts(text).into_iter().map(|part| npm_range(&part).unwrap_or(part));
            parts.collect::<Vec<_>>().join(",")
        } else {
            exactly(text).ok_or_else(refused)?
        };
        let specifiers = specifiers.parse().map_err(|_| refused())?;
        Ok(Self { text: text.to_owned(), specifiers })
    }
}

/// The parts of a range such as `>=3.10, <3.13`: commas or blanks stand between them, and blanks may stand behind an operator.
pub fn range_parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
        match parts.last_mut().filter(|last| last.ends_with(OPERATORS)) {
            Some(operator) => operator.push_str(word),
            None => parts.push(word.to_owned()),
        }
    }
    parts
}

/// `^3.10` stays within 3, `~3.11.2` within 3.11: setup-python takes npm's ranges.
fn npm_range(text: &str) -> Option<String> {
    let is_caret = text.starts_with('^');
    let from = text.strip_prefix('^').or_else(|| text.strip_prefix('~').filter(|rest| !rest.starts_with('=')))?;
    let version: Version = from.trim().parse().ok()?;
    let (major, minor) = (version.release().first()?, version.release().get(1));
    Some(match minor.filter(|_| !is_caret) {
        Some(minor) => format!(">={version},=={major}.{minor}.*"),
        None => format!(">={version},=={major}.*"),
    })
}

/// PyPy, GraalPy, and CPython without its lock (`3.13t`).
fn is_of_other_kind(text: &str) -> bool {
    let text = text.to_lowercase();
    let threads = text.strip_suffix("-dev").unwrap_or(&text).strip_suffix('t');
    text.starts_with("pypy") || text.starts_with("graalpy") || threads.is_some_and(|rest| exactly(rest).is_some())
}

/// `3`, `3.x` and `3.11` leave the rest open; three numbers are exact. `3.14-dev` may be a pre-release.
fn exactly(text: &str) -> Option<String> {
    if let Some(minor) = text.strip_suffix("-dev") {
        let is_minor = minor.split('.').count() == 2 && minor.split('.').all(|number| number.parse::<u64>().is_ok());
        return is_minor.then(|| format!(">={minor}.0a0,=={minor}.*"));
    }
    let open = text.strip_suffix(".x").or_else(|| text.strip_suffix(".*")).or_else(|| text.strip_suffix(".X"));
    let version: Version = open.unwrap_or(text).parse().ok()?;
    let plain = version.epoch() == 0 && !version.is_local() && !version.is_post() && !version.is_dev();
    let numbers = version.release().len();
    let rest_is_open = open.is_some() || (numbers < 3 && !version.any_prerelease());
    (plain && numbers <= 3).then(|| if rest_is_open { format!("=={version}.*") } else { format!("=={version}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_fit_the_versions_that_they_mean() {
        let table = [
            ("3.11.7", "3.11.7", true),
            ("3.11.7", "3.11.8", false),
            ("3.11", "3.11.8", true),
            ("3.1", "3.11.8", false),
            ("3.x", "3.9.0", true),
            ("3", "2.7.18", false),
            ("3.12.x", "3.12.1", true),
            ("3.14", "3.14.0rc2", false),
            ("3.14.0rc2", "3.14.0rc2", true),
            (">=3.10 <3.13", "3.12.1", true),
            (">=3.10,<3.13", "3.13.0", false),
            (">= 3.10", "3.10.0", true),
            (">= 3.10, < 3.13", "3.12.1", true),
            (">= 3.10 < 3.13", "3.13.0", false),
            ("< 3.13", "3.13.0", false),
            ("^3.10 <3.13", "3.12.1", true),
            ("^3.10, < 3.13", "3.13.0", false),
            ("^2.7", "3.12.1", false),
            ("^3.10", "3.12.1", true),
            ("^3.10", "3.9.1", false),
            ("^3.10", "4.0.0", false),
            ("~3.11.2", "3.11.8", true),
            ("~3.11.2", "3.11.1", false),
            ("~3.11", "3.12.0", false),
            ("~3", "3.12.0", true),
            ("~=3.11.2", "3.11.8", true),
            ("3.14-dev", "3.14.0rc2", true),
            ("3.14-dev", "3.14.1", true),
            ("3.14-dev", "3.15.0a1", false),
        ];
        for (form, version, fits) in table {
            let wanted: Wanted = form.parse().unwrap();
            assert_eq!(wanted.fits(&version.parse().unwrap()), fits, "{form} {version}");
        }
        let wanted: Wanted = "3.11".parse().unwrap();
        assert!(wanted.fits_minor(11) && !wanted.fits_minor(12));
        let forms = PythonRequest::forms_of("3.10 || >=3.12").unwrap();
        assert_eq!(PythonRequest::new(forms).to_string(), "3.10 or >=3.12");
        assert!(PythonRequest::forms_of("3.10 ||").is_err());
    }

    #[test]
    fn other_kinds_of_python_are_setup_pythons() {
        for text in ["pypy3.10", "pypy-3.10-v7.3.17", "graalpy-24.0", "3.13t", "3.14t-dev", "3.13.1t"] {
            let error = text.parse::<Wanted>().unwrap_err().to_string();
            assert!(error.contains("run actions/setup-python with it before"), "{error}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused_with_the_forms_there_are() {
        for text in [
            "",
            "latest",
            "^",
            "~x",
            "3.10 - 3.12",
            "3.10 || 3.12",
            "3-dev",
            "3.11.7-dev",
            "t",
            "3.11.7.1",
            "3..1",
            ">=",
            ">=, <3.13",
            "python3.11",
            "1!3.11",
            "3,11",
        ] {
            let error = text.parse::<Wanted>().unwrap_err();
            assert!(error.to_string().contains("write one such as 3.11.7"), "{text}");
        }
    }
}
