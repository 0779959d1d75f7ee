//! The texts that are known to be read in another way than PyYAML reads them. Most are at the edge of YAML; what counts is
//! that nothing joins them unseen.

use bento_format::yaml;

use crate::judge::judged;

/// Read here, refused by PyYAML, whose scanner is of YAML 1.1: `bentoml` itself will say so.
const LENIENT: &[&str] = &[
    // Tabs between words and tokens
    "a: b\tc",
    "a: \tb",
    "a: b\t",
    "a\t: b",
    "[\ta]",
    "a: 1\t # c",
    "a: \t1",
    "-\ta",
    "a: [\t1,\t2\t]",
    "[a\tb]",
    "\ta: 1",
    "a:\n  \tb: 1",
    "a: 1\n\t",
    "a: 1\n\t# c",
    "a: 1\t# c",
    // Indicators inside a flow collection
    "[:a]",
    "[|]",
    "[>=1.0]",
    "[http://a.b/c?d=e#f]",
    "{a: ?b}",
    "[a?]",
    "{:a: 1}",
    // Nothing as a key, or as a document
    ":",
    "- :",
    ": a",
    "...",
    // Anchors that come twice, or have other characters in their names
    "a: &x 1\nb: &x 2\nc: *x",
    "a: &x.y 1\nb: *x.y",
    "a: &\u{fc} 1",
];

/// Refused here, with line and column; read by PyYAML.
const STRICT: &[&str] = &[
    // A lone dash or question mark in a flow collection
    "[-]",
    "{a: -}",
    "[-1, -]",
    "[? ]",
    // A comment that no space precedes
    "'a'# c",
    "{a: 1}#c",
    // Halves of characters
    "a: \"\\ud83c\\udf71\"",
    // A byte order mark in the middle
    "a: \u{feff}1",
    "a: 1\n\u{feff}b: 2",
    // Line ends of YAML 1.1
    "a: b\u{85}c: d",
    "a: \u{85}",
    "a: \u{2028}",
    "a: \"b\u{2028}c\"",
    // Types that JSON lacks
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!pairs [a: 1]",
    "!!binary aGk=",
    // Quoted text that goes on at the line's start, below a key
    "a: \"b\nc\"",
];

/// Read here and there, as something else.
const OTHERWISE: &[&str] = &[
    // What an anchor's name may hold
    "&a: b", // A key that only may be marked as one
    "[?a]", "[?]", "{?a: 1}",
];

#[test]
fn known_differences_are_what_they_are_known_for() {
    let cases = [(LENIENT, (true, false)), (STRICT, (false, true)), (OTHERWISE, (true, true))];
    for (texts, expected) in cases {
        let texts: Vec<_> = texts.iter().map(|&text| text.to_owned()).collect();
        for (text, theirs) in texts.iter().zip(judged(&texts)) {
            let ours = yaml::parse(text).ok();
            assert_eq!((ours.is_some(), theirs.is_some()), expected, "read here, read there: {text:?}");
            assert_ne!(ours.map(|ours| ours.value), theirs, "{text:?} is not a difference any more");
        }
    }
}
