//! Credentials inside addresses, wherever in a text these stand: masked, and left out of what is shown or hashed. They stand
//! before the host, and in the query of an address that is signed.

use std::ops::Range;

use bento_core::runner::mask;
use percent_encoding::percent_decode_str;
use url::Url;

/// Shorter values of a query are no secrets (`download=1`), and would blacken the log.
const SHORTEST_SIGNATURE: usize = 8;

/// The user that git's hosts want, with ssh or without: no secret, and as a mask it would blacken each word with it.
const GIT: &str = "git";

/// Masks the credentials of all addresses in a text, as they stand there and decoded.
pub(crate) fn mask(text: &str) {
    for address in addresses(text) {
        if let Some(at) = user(text, &address) {
            let (user, password) = text[at.clone()].split_once(':').unwrap_or((&text[at], ""));
            mask_user(user, password);
        }
        let query = query(text, &address).map(|at| &text[at]).unwrap_or_default();
        let values = query.trim_start_matches('?').split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
        values.filter(|value| value.len() >= SHORTEST_SIGNATURE).for_each(mask_both);
    }
}

/// Masks the credentials of an address whose ends are known: they may hold what ends one in a text.
pub(crate) fn mask_address(address: &Url) {
    mask_user(address.username(), address.password().unwrap_or_default());
    mask(address.as_str());
}

/// Without a password the name is the secret itself (tokens).
fn mask_user(user: &str, password: &str) {
    if password.is_empty() && user == GIT {
        return;
    }
    mask_both(if password.is_empty() { user } else { password });
}

fn mask_both(secret: &str) {
    let decoded = percent_decode_str(secret).decode_utf8_lossy().into_owned();
    [secret.to_owned(), decoded].into_iter().for_each(|secret| mask::add(&secret.into()));
}

/// The text without the credentials of its addresses.
pub(crate) fn without(text: &str) -> String {
    let mut left = text.to_owned();
    for address in addresses(text).into_iter().rev() {
        if let Some(query) = query(text, &address) {
            left.replace_range(query, "");
        }
        if let Some(at) = user(text, &address) {
            // With the `@` behind them.
            left.replace_range(at.start..=at.end, "");
        }
    }
    left
}

/// Where addresses stand, from behind their `://` on. They end at white space, `"`, and the `'` that one began with: others
/// may be part of a password.
fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, separator) in text.match_indices("://") {
        let scheme = text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let quoted = scheme.ends_with('\'');
        let start = at + separator.len();
        let is_end = |c: char| c.is_whitespace() || c == '"' || (quoted && c == '\'');
        let end = text[start..].find(is_end).map_or(text.len(), |length| start + length);
        // Of several with commas between them each ends where the next begins.
        if let Some(last) = found.last_mut().filter(|last| last.end > at) {
            last.end = scheme.len();
        }
        found.push(start..end);
    }
    found
}

/// Where credentials stand in an address, `user:password` or `token`. The user that ssh wants is none, and neither is git's.
fn user(text: &str, address: &Range<usize>) -> Option<Range<usize>> {
    if text[..address.start].ends_with("ssh://") {
        return None;
    }
    let rest = &text[address.clone()];
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let end = address.start + host.rfind('@')?;
    Some(address.start..end).filter(|at| !at.is_empty() && text[at.clone()] != *GIT)
}

/// Where the query of an address stands, with its `?`.
fn query(text: &str, address: &Range<usize>) -> Option<Range<usize>> {
    let rest = &text[address.clone()];
    let end = rest.find('#').unwrap_or(rest.len());
    let start = rest[..end].find('?')?;
    Some(address.start + start..address.start + end)
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
        let git = "c @ git+https://git@h/c";
        assert_eq!(without(git), git);
        mask(git);
        mask_address(&"https://git@h/c".parse().unwrap());
        mask(text);
        let seen = "cr%40dential-1 cr@dential-1 t0ken-of-index git me";
        assert_eq!(mask::redact(seen), "*** *** *** git me");
    }

    #[test]
    fn what_a_password_may_hold_does_not_end_the_address() {
        let text = "https://me:comma,semi;quote'-1@h/a,https://me:s3cond-one@h 'https://me:in-quotes@h/b'@c";
        assert_eq!(without(text), "https://h/a,https://h 'https://h/b'@c");
        mask(text);
        assert_eq!(mask::redact("comma,semi;quote'-1 s3cond-one in-quotes"), "*** *** ***");
        mask_address(&"https://me:w%2Fith,all;'of-th\"em@h".parse().unwrap());
        assert_eq!(mask::redact("w/ith,all;'of-th\"em"), "***");
    }

    #[test]
    fn signatures_are_left_out_and_masked() {
        let text = "a @ https://h/a.whl?v=1&sig=s1gn%2Fature#sha256=0 ; python_version>'3'";
        assert_eq!(without(text), "a @ https://h/a.whl#sha256=0 ; python_version>'3'");
        mask(text);
        assert_eq!(mask::redact("v=1 s1gn%2Fature s1gn/ature"), "v=1 *** ***");
    }
}
