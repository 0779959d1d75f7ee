//! What may be printed: the one definition of a line, and of what stands in it.
//!
//! Names, labels, paths, messages of servers, and what other programs print are not ours. The runner reads standard output
//! line by line and acts on lines that look like commands; a terminal acts on escape sequences. Both would be at the
//! service of whoever chose the text.
//!
//! Source: .NET's `StreamReader.ReadLine` (`\n`, `\r`, `\r\n` end a line), actions/runner `ActionCommand.cs`, ECMA-48.

/// Which escape sequences stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// None.
    Gone,
    /// Colours and weights alone, which GitHub's log shows and which move nothing.
    Colours,
}

/// The lines of a text, wherever somebody may see an end of one: at `\n`, `\r`, `\r\n`, and Unicode's own separators.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((at, end)) = text.char_indices().find(|(_, c)| is_end(*c)) else { return Some(text) };
        let (line, after) = text.split_at(at);
        rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(end));
        Some(line)
    })
}

fn is_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Would the runner take this line for a command? Old ones (`##[…]`) stand anywhere in it.
pub(super) fn is_command(line: &str) -> bool {
    let unseen = |c: char| c.is_whitespace() || is_unseen(c);
    line.trim_start_matches(unseen).starts_with("::") || line.contains("##[")
}

/// The text without escape sequences, and with signs in place of characters that nobody sees. Line ends stay.
pub(super) fn clean(text: &str, escapes: Escapes) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = sequence(rest) {
            let (sequence, after) = rest.split_at(length);
            if escapes == Escapes::Colours && is_colour(sequence) {
                out.push_str(sequence);
            }
            rest = after;
            continue;
        }
        out.push(if c == '\t' || is_end(c) { c } else { sign(c) });
        rest = rest.strip_prefix(c).unwrap_or_default();
    }
    out
}

/// Characters that hide, or that turn the direction of what follows.
fn is_unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn sign(c: char) -> char {
    match c {
        // Unicode has a picture of each.
        '\0'..='\u{1f}' => char::from_u32(u32::from(c).saturating_add(0x2400)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        c if is_unseen(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// The length of the escape sequence that a text begins with.
fn sequence(text: &str) -> Option<usize> {
    let (kind, body) = match text.chars().next()? {
        // The 8-bit forms of what ESC introduces.
        c @ '\u{80}'..='\u{9f}' => (char::from_u32(u32::from(c).saturating_sub(0x40))?, text.strip_prefix(c)?),
        '\u{1b}' => {
            let body = text.strip_prefix('\u{1b}')?;
            let kind = body.chars().next()?;
            (kind, body.strip_prefix(kind)?)
        }
        _ => return None,
    };
    let behind = |rest: &str| text.len().checked_sub(rest.len());
    match kind {
        '[' => {
            let rest = body.trim_start_matches(|c| matches!(c, '0'..='?'));
            let rest = rest.trim_start_matches(|c| matches!(c, ' '..='/'));
            let end = rest.chars().next().filter(|c| matches!(c, '@'..='~'))?;
            behind(rest.strip_prefix(end)?)
        }
        // A title, an address, a picture: up to its terminator on this line; else only its beginning goes.
        ']' | 'P' | 'X' | '^' | '_' => {
            let line = lines(body).next().unwrap_or_default();
            let ends = ["\u{7}", "\u{1b}\\", "\u{9c}"].iter().filter_map(|end| Some((line.find(end)?, end.len())));
            match ends.min() {
                Some((at, length)) => behind(body.get(at.checked_add(length)?..)?),
                None => behind(body),
            }
        }
        // The separators of Unicode are not sequences.
        '\u{45}' if text.starts_with('\u{85}') => None,
        ' '..='/' => {
            let rest = body.trim_start_matches(|c| matches!(c, ' '..='/'));
            let end = rest.chars().next().filter(|c| matches!(c, '0'..='~'))?;
            behind(rest.strip_prefix(end)?)
        }
        '0'..='~' => behind(body),
        _ => None,
    }
}

fn is_colour(sequence: &str) -> bool {
    let numbers = sequence.strip_prefix("\u{1b}[").and_then(|rest| rest.strip_suffix('m'));
    numbers.is_some_and(|numbers| numbers.chars().all(|c| c.is_ascii_digit() || matches!(c, ';' | ':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_line_is_one() {
        let parted: Vec<_> = lines("a\nb\rc\r\nd\u{85}e\u{2028}f\n\ng\r\r\n").collect();
        assert_eq!(parted, ["a", "b", "c", "d", "e", "f", "", "g", "", ""]);
        assert_eq!(lines("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn escape_sequences_go_and_what_is_left_of_broken_ones_is_seen() {
        let cases = [
            ("plain \t text", "plain \t text", ""),
            ("\u{1b}[1;31mred\u{1b}[0m", "red", "\u{1b}[1;31mred\u{1b}[0m"),
            ("\u{1b}[2J\u{1b}[Hgone", "gone", ""),
            ("a\u{1b}]0;title\u{7}b", "ab", ""),
            ("a\u{1b}]8;;http://x\u{1b}\\link", "alink", ""),
            ("a\u{1b}]0;no end", "a0;no end", ""),
            ("a\u{9b}31mb", "ab", ""),
            ("a\u{1b}(Bb\u{1b}c", "ab", ""),
            ("cut \u{1b}", "cut \u{241b}", ""),
            ("cut \u{1b}[12", "cut \u{241b}[12", ""),
            ("back\u{8}space\0", "back\u{2408}space\u{2400}", ""),
            ("\u{202e}desrever\u{feff}", "\u{fffd}desrever\u{fffd}", ""),
            ("\u{e9}\u{1b}[1m\u{1b}[2Kx", "\u{e9}x", "\u{e9}\u{1b}[1mx"),
        ];
        for (text, gone, colours) in cases {
            assert_eq!(clean(text, Escapes::Gone), gone, "{text:?}");
            assert_eq!(clean(text, Escapes::Colours), if colours.is_empty() { gone } else { colours }, "{text:?}");
        }
    }

    #[test]
    fn what_is_left_may_be_a_command_and_is_seen_as_one() {
        assert!(is_command(&clean(":\u{1b}[31m:set-output name=a::b", Escapes::Gone)));
        assert!(is_command("\u{a0}\u{feff}::error::x") && is_command("x ##[error]"));
        assert!(!is_command("std::error") && !is_command("# #[x]"));
    }
}
