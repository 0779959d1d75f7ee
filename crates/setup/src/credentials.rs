//! Credentials inside addresses, wherever in a text these stand: masked, and left out of what is shown or hashed.

use std::ops::Range;

use bento_core::runner::mask;
use percent_encoding::percent_decode_str;

/// Masks the credentials of all addresses in a text, as they stand there and decoded.
pub(crate) fn mask(text: &str) {
    for at in all(text) {
        let (user, password) = text[at.clone()].split_once(':').unwrap_or((&text[at], ""));
        // Without a password the name is the secret itself (tokens).
        let secret = if password.is_empty() { user } else { password };
        let decoded = percent_decode_str(secret).decode_utf8_lossy().into_owned();
        [secret.to_owned(), decoded].into_iter().for_each(|secret| mask::add(&secret.into()));
    }
}

/// The text without the credentials of its addresses.
pub(crate) fn without(text: &str) -> String {
    let mut left = text.to_owned();
    for at in all(text).into_iter().rev() {
        // With the `@` behind them.
        left.replace_range(at.start..=at.end, "");
    }
    left
}

/// Where credentials stand, `user:password` or `token`. The user that ssh wants is none.
fn all(text: &str) -> Vec<Range<usize>> {
    let schemes = text.match_indices("://").filter(|(at, _)| !text[..*at].ends_with("ssh"));
    let parts = schemes.filter_map(|(at, separator)| {
        let start = at + separator.len();
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | ',' | ';');
        let end = text[start..].find(is_end).map_or(text.len(), |length| start + length);
        Some(start..start + text[start..end].rfind('@')?)
    });
    parts.filter(|at| !at.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out_and_masked_in_both_forms() {
        let text =
            "a @ https://me:cr%40dential-1@h/a.whl\n--index-url http://t0ken-of-index@h:1/simple b @ git+ssh://git@h/b";
        assert_eq!(without(text), "a @ https://h/a.whl\n--index-url http://h:1/simple b @ git+ssh://git@h/b");
        assert_eq!(without("https://h/a@1.0 b@c"), "https://h/a@1.0 b@c");
        mask(text);
        let seen = "cr%40dential-1 cr@dential-1 t0ken-of-index git me";
        assert_eq!(mask::redact(seen), "*** *** *** git me");
    }
}
