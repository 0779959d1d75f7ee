//! Filter patterns of `branches`, `tags` and `paths`.
//!
//! Rules: "Filter pattern cheat sheet" of GitHub's workflow syntax.

/// Whether the last pattern that fits the name lets it in: `!pattern` shuts out what an earlier one let in.
pub(super) fn lets_in(patterns: &[String], name: &str) -> bool {
    patterns.iter().fold(false, |inside, pattern| match pattern.strip_prefix('!') {
        Some(excluded) => inside && !matches(excluded, name),
        None => inside || matches(pattern, name),
    })
}

/// Whether the whole name fits the pattern.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    fits(&pieces(pattern), &name.chars().collect::<Vec<_>>())
}

/// A part of a pattern, and how much of a name it may take.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    /// `*`: anything up to the next slash.
    WithinSegment,
    /// `**`: anything.
    Anything,
    /// `**/` at the start of a segment: any number of whole segments.
    Segments,
    /// A character, or one of `[…]`: once, at most once (`?`), at least once (`+`).
    One { of: Vec<(char, char)>, least: usize, most: usize },
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let starts_segment = at == 0 || chars[at - 1] == '/';
        let rest = &chars[at..];
        let (piece, length) = match (c, rest) {
            ('*', ['*', '*', '/', ..]) if starts_segment => (Piece::Segments, 3),
            ('*', ['*', '*', ..]) => (Piece::Anything, 2),
            ('*', _) => (Piece::WithinSegment, 1),
            ('[', _) if rest.contains(&']') => class(rest),
            ('\\', [_, escaped, ..]) => (once(*escaped), 2),
            ('?' | '+', _) if matches!(pieces.last(), Some(Piece::One { .. })) => {
                if let Some(Piece::One { least, most, .. }) = pieces.last_mut() {
                    if c == '?' { *least = 0 } else { *most = usize::MAX }
                }
                at += 1;
                continue;
            }
            _ => (once(c), 1),
        };
        pieces.push(piece);
        at += length;
    }
    pieces
}

fn once(c: char) -> Piece {
    Piece::One { of: vec![(c, c)], least: 1, most: 1 }
}

/// `[…]`: single characters and ranges such as `a-z`.
fn class(rest: &[char]) -> (Piece, usize) {
    let end = rest.iter().position(|c| *c == ']').unwrap_or(rest.len());
    let mut inside = &rest[1..end];
    let mut of = Vec::new();
    while let Some(&first) = inside.first() {
        let (last, length) = match inside {
            [_, '-', last, ..] => (*last, 3),
            _ => (first, 1),
        };
        of.push((first, last));
        inside = &inside[length..];
    }
    (Piece::One { of, least: 1, most: 1 }, end + 1)
}

fn fits(pieces: &[Piece], name: &[char]) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return name.is_empty() };
    let taken = match piece {
        Piece::Anything | Piece::Segments => name.len(),
        Piece::WithinSegment => name.iter().take_while(|c| **c != '/').count(),
        Piece::One { of, most, .. } => {
            let fit = |c: &&char| of.iter().any(|(first, last)| (first..=last).contains(c));
            name.iter().take(*most).take_while(fit).count()
        }
    };
    let least = if let Piece::One { least, .. } = piece { *least } else { 0 };
    (least..=taken).any(|taken| {
        let whole_segments = taken == 0 || name[taken - 1] == '/';
        (*piece != Piece::Segments || whole_segments) && fits(rest, &name[taken..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of GitHub's cheat sheet, and what each does not fit.
    #[test]
    fn patterns_fit_what_the_documentation_says() {
        let cases: [(&str, &[&str], &[&str]); 19] = [
            ("feature/*", &["feature/my-branch"], &["feature", "feature/beta-a/my-branch"]),
            ("feature/**", &["feature/beta-a/my-branch", "feature/mona/the/octocat"], &["features/a"]),
            ("main", &["main"], &["main2", "a/main"]),
            ("*", &["main", "releases"], &["all/the/branches"]),
            ("**", &["all/the/branches", "every/tag"], &[]),
            ("*feature", &["mona-feature", "feature", "ver-10-feature"], &["feature/x"]),
            ("v2*", &["v2", "v2.0", "v2.9"], &["v1"]),
            ("v[12].[0-9]+.[0-9]+", &["v1.10.1", "v2.0.0"], &["v3.0.0", "v1.0", "v1.0.0-rc", "v1x0.0"]),
            ("*.jsx?", &["page.js", "page.jsx"], &["page.jsxx", "a/page.js"]),
            ("**.js", &["index.js", "js/index.js", "src/js/app.js"], &["index.jsx"]),
            ("docs/*", &["docs/README.md"], &["docs/a/b.md"]),
            ("docs/**/*.md", &["docs/README.md", "docs/mona/markdown.md", "docs/a/b/c.md"], &["docs/a.txt"]),
            ("**/docs/**", &["dir/docs/my-file.txt", "docs/hello.md"], &["mydocs/a"]),
            ("**/README.md", &["README.md", "js/README.md"], &["js/OLDREADME.md"]),
            ("**/*src/**", &["a/src/app.js", "my-src/code/js/app.js"], &["src"]),
            ("**/*-post.md", &["my-post.md", "path/their-post.md"], &["post.md"]),
            ("a+b?", &["a", "aaab"], &["b", "abb"]),
            ("\\*\\[x", &["*[x"], &["a[x"]),
            ("[a-cX]", &["b", "X"], &["d", "-"]),
        ];
        for (pattern, fitting, others) in cases {
            for name in fitting {
                assert!(matches(pattern, name), "{pattern} fits {name}");
            }
            for name in others {
                assert!(!matches(pattern, name), "{pattern} does not fit {name}");
            }
        }
    }

    #[test]
    fn the_last_pattern_that_fits_counts() {
        let patterns = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let release = patterns(&["releases/**", "!releases/**-alpha"]);
        assert!(lets_in(&release, "releases/10"));
        assert!(!lets_in(&release, "releases/10-alpha"));
        let again = patterns(&["*.md", "!README.md", "README*"]);
        assert!(lets_in(&again, "hello.md") && lets_in(&again, "README.md") && lets_in(&again, "README.doc"));
        assert!(!lets_in(&patterns(&["!main"]), "dev"), "nothing was let in before");
    }
}
