//! Where the action does on purpose what the real client does not, and why.

use crate::{Case, Outcome};

/// One such difference.
pub(crate) struct Difference {
    pub why: &'static str,
    /// A configuration that shows it.
    example: (&'static str, &'static str, &'static str),
    /// Part of the reason of ours; nothing where ours asks.
    ours: &'static [&'static str],
    /// Part of the reason of theirs; nothing where theirs asks.
    theirs: &'static [&'static str],
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        why: "str() of a list or a mapping is sent, which nobody means",
        example: ("create", "none", "envs: [{name: A, value: [1]}]"),
        ours: &["takes a text, not a list", "takes a text, not a mapping"],
        theirs: &[],
    },
    Difference {
        why: "bool() takes every text for true, \"false\" too, and whatever is not empty",
        example: ("create", "none", "access_authorization: 'false'"),
        ours: &["takes true or false, not"],
        theirs: &[],
    },
    Difference {
        why: "int() cuts fractions off, and reads bytes; numbers beyond 64 bits are not counts",
        example: ("create", "none", "services: {Single: {scaling: {max_replicas: 2.5}}}"),
        ours: &["takes a whole number, not"],
        theirs: &[],
    },
    Difference {
        why: "a text is read as a list of its letters, a mapping as a list of its keys",
        example: ("create", "none", "secrets: abc"),
        ours: &["takes a list, not"],
        theirs: &[],
    },
    Difference {
        why: "a list or a text in place of a mapping is read as an empty one",
        example: ("create", "none", "services: {Single: {scaling: [1, 2]}}"),
        ours: &["takes a mapping, not"],
        theirs: &[],
    },
    Difference {
        why: "the cloud knows four strategies; what the server already holds is not held to them",
        example: ("create", "none", "services: {Single: {deployment_strategy: Rolling}}"),
        ours: &["takes one of RollingUpdate"],
        theirs: &[],
    },
    Difference {
        why: "an absent cluster means any, not one whose name is nothing",
        example: ("apply", "plain", "services: {}"),
        ours: &[],
        theirs: &["Deployment cluster cannot be changed"],
    },
    Difference {
        why: "a name that is a truth or a date is not meant",
        example: ("create", "none", "name: yes"),
        ours: &["name takes a name, not"],
        theirs: &[],
    },
    Difference {
        why: "a Deployment in a state that the client cannot read is not refused for it",
        example: ("update", "foreign", "dev: false"),
        ours: &[],
        theirs: &["NoneType"],
    },
    Difference {
        why: "a number that JSON lacks is sent where it is not part of a text",
        example: ("create", "none", "services: {Single: {config_overrides: {a: 18446744073709551616}}}"),
        ours: &["too large a number"],
        theirs: &[],
    },
    Difference {
        why: "PyYAML ends an unquoted text between braces at its question mark, which YAML does not",
        example: ("create", "none", "envs: [{name: A, value: http://host/path?query}]"),
        ours: &[],
        theirs: &["but got '?'"],
    },
    Difference {
        why: "characters that end a line for PyYAML and for no editor are folded into blanks, which nobody sees coming",
        example: ("create", "none", "envs: [{name: A, value: \"a\u{85}b\"}]"),
        ours: &["ends a line for BentoML, and not for an editor"],
        theirs: &[],
    },
    Difference {
        why: "an ordered mapping is sent as a list of lists",
        example: ("create", "none", "services: {Single: {config_overrides: {a: !!omap [x: 1]}}}"),
        ours: &["the tag omap has no meaning here"],
        theirs: &[],
    },
    Difference {
        why: "the share of a target that the server does not say may come from the file",
        example: ("update", "unweighed", "canary: {versions: {next: {weight: 5}}}"),
        ours: &[],
        theirs: &["KeyError: 'next'"],
    },
];

/// The examples as cases.
pub(crate) fn cases() -> Vec<Case> {
    DIFFERENCES
        .iter()
        .map(|difference| {
            let (action, state, text) = difference.example;
            let name = if text.contains("name: ") && action == "create" && !text.contains("{name") {
                ""
            } else {
                "name: dep-1\n"
            };
            Case { action, state, file: format!("{name}bento: single:aaaabbbbccccdddd\n{text}\n") }
        })
        .collect()
}

/// The row of the table that a difference belongs to.
pub(crate) fn find(ours: &Outcome, theirs: &Outcome) -> Option<usize> {
    let fits = |outcome: &Outcome, reasons: &[&str]| match outcome {
        Outcome::Asked(..) => reasons.is_empty(),
        Outcome::Refused(why) => reasons.iter().any(|reason| why.contains(reason)),
    };
    DIFFERENCES
        .iter()
        .position(|row| row.ours.len() + row.theirs.len() > 0 && fits(ours, row.ours) && fits(theirs, row.theirs))
}
