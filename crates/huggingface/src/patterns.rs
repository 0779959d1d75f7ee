//! Patterns of Python's `fnmatch`, as the hub's own client takes them: `*` crosses slashes.

use actions_core::{Context, Result};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Any of these patterns.
pub(crate) fn any_of<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(&translated(pattern)).literal_separator(false).backslash_escape(false).build();
        set.add(glob.context(|| format!("{pattern:?} is not a valid pattern of files"))?);
    }
    set.build().context(|| "too many patterns of files".into())
}

/// The same pattern as `globset` writes it, which knows `{a,b}`, `**/` and `[^…]` besides.
fn translated(pattern: &str) -> String {
    let mut pattern = pattern.replace('\\', "/");
    if pattern.ends_with('/') {
        pattern.push('*');
    }
    let mut out = String::new();
    let mut rest = pattern.as_str();
    while let Some(first) = rest.chars().next() {
        let mut taken = first.len_utf8();
        match first {
            '*' if out.ends_with('*') => {}
            '{' | '}' => out.extend(['[', first, ']']),
            '[' => match class_end(rest) {
                Some(end) => {
                    out.push_str(&class(&rest[1..end]));
                    taken = end.saturating_add(1);
                }
                None => out.push_str("[[]"),
            },
            other => out.push(other),
        }
        rest = &rest[taken..];
    }
    out
}

/// Where a class ends that starts with this text. A `]` that comes first is one of its characters.
fn class_end(text: &str) -> Option<usize> {
    let start = if text.starts_with("[!") { 2 } else { 1 };
    let inner = text.get(start..)?;
    let first = usize::from(inner.starts_with(']'));
    Some(start.saturating_add(first).saturating_add(inner.get(first..)?.find(']')?))
}

fn class(inner: &str) -> String {
    match inner.strip_prefix('^') {
        Some("") => "^".into(),
        Some(others) => format!("[{others}^]"),
        None => format!("[{inner}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_fnmatch() {
        let cases = [
            ("*.bin", "a/b.bin", true),
            ("*.bin", "b.bin.x", false),
            ("*.bin", "B.BIN", false),
            ("a?", "ab", true),
            ("a?b", "a/b", true),
            ("[!x]z", "yz", true),
            ("[!x]z", "xz", false),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
            ("a/**/b", "a/b", false),
            ("a/**/b", "a/x/y/b", true),
            ("onnx/", "onnx/deep/model", true),
            ("onnx\\*", "onnx/model", true),
            ("a[b", "a[b", true),
            ("[^a]", "b", false),
            ("[^a]", "^", true),
            ("[^]", "^", true),
            ("[]x]", "]", true),
        ];
        for (pattern, name, expected) in cases {
            let set = any_of([pattern]).unwrap();
            assert_eq!(set.is_match(name), expected, "{pattern} and {name}: {}", translated(pattern));
        }
    }
}
