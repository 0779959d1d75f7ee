//! Versions of BentoML that do not start beside the newest release of a package that they need. Their metadata does not say so, and
//! no resolver can know.

use python_env::{Version, VersionSpecifiers};

/// Which BentoML, and the constraint under which it starts.
const TABLE: [(&str, &str); 2] = [
    // Its dependency fs imports pkg_resources, which newer releases of setuptools do not have. 1.4.20 replaced fs by fsspec.
    ("<1.4.20", "setuptools<81"),
    // Their SDK uses a module inside pydantic that 2.9 changed and later releases do not have.
    (">=1.2,<1.3.4", "pydantic<2.9"),
];

/// The constraints of this BentoML, as lines of a file of constraints.
pub(crate) fn of(bentoml: &Version) -> Vec<&'static str> {
    let holds = |range: &str| range.parse().is_ok_and(|range: VersionSpecifiers| range.contains(bentoml));
    TABLE.into_iter().filter(|(range, _)| holds(range)).map(|(_, constraint)| constraint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_which_versions_need_what() {
        let (one, both) = (&["setuptools<81"][..], &["setuptools<81", "pydantic<2.9"][..]);
        for (version, constraints) in [
            ("1.0.25", one),
            ("1.1.0", one),
            ("1.1.11", one),
            ("1.2.0", both),
            ("1.2.20", both),
            ("1.3.0", both),
            ("1.3.3", both),
            ("1.3.4.post1", one),
            ("1.3.22", one),
            ("1.4.0", one),
            ("1.4.10", one),
            ("1.4.19", one),
            ("1.4.20", &[]),
            ("1.4.39", &[]),
        ] {
            assert_eq!(of(&version.parse().unwrap()), constraints, "{version}");
        }
        // A row that does not parse would hold for no version.
        for (range, _) in TABLE {
            range.parse::<VersionSpecifiers>().unwrap();
        }
    }
}
