//! Addresses in texts, and the credentials in them: masked, and left out of what is shown, hashed or handed on.
//!
//! Credentials stand before the host (`https://user:password@host`, `https://token@host`), and in the query of an address that
//! is signed. A whole text may hold several addresses (a line of requirements); an input that is one address may hold any
//! character, since people paste passwords as they are.
//!
//! | function | takes | for |
//! |---|---|---|
//! | [`mask`] | any text | what the log and the runner must not show from here on |
//! | [`mask_whole`], [`mask_url`] | one address | the same, where the ends of the address are known |
//! | [`without`], [`without_whole`] | the same two | what may be shown, and what a key or an argument may hold |
//! | [`has_credentials`] | any text | what a person should be warned of |
//! | [`check`] | one address | refuses credentials that cannot be told from the rest |

use std::ops::Range;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::runner::mask as masks;

/// Shorter values of a query are no secrets (`download=1`), and would blacken the log.
const SHORTEST_SIGNATURE: usize = 8;

/// The user that git's hosts want: no secret, and as a mask it would blacken each word with it.
const GIT: &str = "git";

/// An address in which a password cannot be told from the rest. It shows nothing of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "holds #, ? or / before an @: write them in user and password as %23, %3F and %2F, else their ends cannot be told from the address"
)]
pub struct Ambiguous;

/// Masks the credentials of all addresses in a text, as they stand there and decoded.
pub fn mask(text: &str) {
    ranges(text).iter().for_each(|at| mask_one(&text[at.clone()], is_ssh(text, at)));
}

/// The same of a text that is one address: white space and quotes in it are part of it.
pub fn mask_whole(address: &str) {
    if let Some((scheme, rest)) = address.split_once("://") {
        mask_one(rest, scheme.ends_with("ssh"));
    }
}

/// The same of an address that was parsed.
pub fn mask_url(address: &Url) {
    mask_whole(address.as_str());
    mask_user(address.username(), address.password().unwrap_or_default(), address.scheme() == "ssh");
}

/// The text without the credentials of its addresses.
pub fn without(text: &str) -> String {
    let mut left = text.to_owned();
    for at in ranges(text).into_iter().rev() {
        left.replace_range(at.clone(), &without_one(&text[at.clone()], is_ssh(text, &at)));
    }
    left
}

/// The same of a text that is one address.
pub fn without_whole(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", without_one(rest, scheme.ends_with("ssh"))),
        None => address.to_owned(),
    }
}

/// Do credentials stand before the host of an address in this text? Where a variable stands for the secret
/// (`https://me:${TOKEN}@host`), there are none.
pub fn has_credentials(text: &str) -> bool {
    let of = |at: &Range<usize>| {
        let user = user(&text[at.clone()]).map(|user| text[at.clone()][user].to_owned())?;
        let (name, password) = user.split_once(':').unwrap_or((&user, ""));
        let is_name = !password.is_empty() || is_ssh(text, at) || name == GIT;
        Some(if is_name { password.to_owned() } else { name.to_owned() })
    };
    let is_variable =
        |secret: &str| secret.strip_prefix("${").is_some_and(|rest| rest.find('}') == Some(rest.len() - 1));
    ranges(text).iter().filter_map(of).any(|secret| !secret.is_empty() && !is_variable(&secret))
}

/// Does one address hold credentials whose end can be told? Others must be refused and not shown: half of a password would
/// stand for the host or the path.
///
/// # Errors
/// When a `#`, `?` or `/` before an `@` may be part of a password.
pub fn check(address: &str) -> Result<(), Ambiguous> {
    match address.split_once("://") {
        Some((_, rest)) if broken(rest).is_some() => Err(Ambiguous),
        _ => Ok(()),
    }
}

/// `rest` is an address from behind its `://` on.
fn mask_one(rest: &str, ssh: bool) {
    if let Some(at) = user(rest) {
        let (user, password) = rest[at.clone()].split_once(':').unwrap_or((&rest[at], ""));
        mask_user(user, password, ssh);
    }
    let query = query(rest).map(|at| &rest[at]).unwrap_or_default();
    let values = query.trim_start_matches('?').split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    values.filter(|value| value.len() >= SHORTEST_SIGNATURE).for_each(mask_both);
}

/// Without a password the name is the secret itself (tokens), but for the user that git or ssh wants.
fn mask_user(user: &str, password: &str, ssh: bool) {
    if password.is_empty() && !ssh && user != GIT {
        mask_both(user);
    }
    mask_both(password);
}

fn mask_both(secret: &str) {
    let decoded = percent_decode_str(secret).decode_utf8_lossy().into_owned();
    [secret.to_owned(), decoded].into_iter().for_each(|secret| masks::add(&secret.into()));
}

fn without_one(rest: &str, ssh: bool) -> String {
    let mut left = rest.to_owned();
    if let Some(query) = query(rest) {
        left.replace_range(query, "");
    }
    if let Some(at) = user(rest) {
        let (name, password) = rest[at.clone()].split_once(':').unwrap_or((&rest[at.clone()], ""));
        match password {
            "" if name == GIT || ssh => {}
            // The user of ssh is part of the address.
            _ if ssh => left.replace_range(at, name),
            // With the `@` behind them.
            _ => left.replace_range(at.start..=at.end, ""),
        }
    }
    left
}

/// Where addresses stand in a text, from behind their `://` on. They end at white space, `"`, and the `'` that one began with:
/// others may be part of a password.
fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, separator) in text.match_indices("://") {
        let scheme = text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let quoted = scheme.ends_with('\'');
        let start = at + separator.len();
        let is_end = |c: char| c.is_whitespace() || c == '"' || (quoted && c == '\'');
        let end = text[start..].find(is_end).map_or(text.len(), |length| start + length);
        // Of several with commas between them each ends where the next begins.
        if let Some(last) = found.last_mut().filter(|last| last.end > at) {
            last.end = scheme.len().max(last.start);
        }
        found.push(start..end);
    }
    found
}

fn is_ssh(text: &str, address: &Range<usize>) -> bool {
    text[..address.start].ends_with("ssh://")
}

/// Where credentials stand, `user:password` or `token`; an `@` is behind them.
fn user(rest: &str) -> Option<Range<usize>> {
    let end = broken(rest).or_else(|| authority(rest).rfind('@'))?;
    Some(0..end).filter(|at| !at.is_empty())
}

fn authority(rest: &str) -> &str {
    &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]
}

/// The last `@`, where a `#`, `?` or `/` before it seems to be part of a password: what would be the host is none, or has what is no
/// port.
fn broken(rest: &str) -> Option<usize> {
    let authority = authority(rest);
    let (host, behind) = (authority.rsplit('@').next().unwrap_or_default(), &rest[authority.len()..]);
    let at = authority.len() + behind.rfind('@')?;
    let no_port = |host: &str| match host.rsplit_once(':') {
        Some((_, port)) if !host.ends_with(']') => !port.bytes().all(|digit| digit.is_ascii_digit()),
        _ => false,
    };
    // `https://half#of@host/x`: an address with a fragment or a query, and with a name in it, has a path before it.
    let no_path = behind.starts_with(['#', '?']);
    // `https://half/of@host.example/x`: what is behind the `@` looks more like a host than what is before.
    let no_host = !host.contains(['.', ':', ']']) && host != "localhost" && is_host(&rest[at + 1..]);
    (no_port(host) || no_path || no_host).then_some(at)
}

/// `host.example/…`, with a port or without.
fn is_host(text: &str) -> bool {
    let Some((host, _)) = text.split_once('/') else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let last = name.rsplit_once('.').map(|(_, last)| last).unwrap_or_default();
    last.len() > 1 && last.bytes().all(|letter| letter.is_ascii_alphabetic())
}

/// Where the query of an address stands, with its `?`.
fn query(rest: &str) -> Option<Range<usize>> {
    // A `?` of a password begins none.
    let from = broken(rest).unwrap_or_default();
    let end = rest[from..].find('#').map_or(rest.len(), |at| from + at);
    let start = from + rest[from..end].find('?')?;
    Some(start..end)
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
        mask_url(&"https://git@h/c".parse().unwrap());
        mask(text);
        let seen = "cr%40dential-1 cr@dential-1 t0ken-of-index git me";
        assert_eq!(masks::redact(seen), "*** *** *** git me");
    }

    #[test]
    fn credentials_are_told_from_names_and_variables() {
        for text in [
            "--index-url https://me:pw@h/simple",
            "a @ git+https://t0ken@h/a",
            "postgres://u:${A}b@h/x",
            "ssh://git:pw@h/a",
        ] {
            assert!(has_credentials(text), "{text}");
        }
        for text in [
            "https://h/simple",
            "git+ssh://git@h/a@v1",
            "https://me:${TOKEN}@h",
            "https://${TOKEN}@h/x?a=b",
            "a@b",
            "https://git@h",
        ] {
            assert!(!has_credentials(text), "{text}");
        }
    }

    #[test]
    fn what_a_password_may_hold_does_not_end_the_address() {
        let text = "https://me:comma,semi;quote'-1@h/a,https://me:s3cond-one@h 'https://me:in-quotes@h/b'@c";
        assert_eq!(without(text), "https://h/a,https://h 'https://h/b'@c");
        mask(text);
        assert_eq!(masks::redact("comma,semi;quote'-1 s3cond-one in-quotes"), "*** *** ***");
        mask_url(&"https://me:w%2Fith,all;'of-th\"em@h".parse().unwrap());
        assert_eq!(masks::redact("w/ith,all;'of-th\"em"), "***");
        mask_whole("https://me:with a \"blank\"-in-it@h/x");
        assert_eq!(masks::redact("with a \"blank\"-in-it"), "***");
        assert_eq!(without_whole("https://me:with a \"blank\"@h/x"), "https://h/x");
    }

    #[test]
    fn signatures_are_left_out_and_masked() {
        let text = "a @ https://h/a.whl?v=1&sig=s1gn%2Fature#sha256=0 ; python_version>'3'";
        assert_eq!(without(text), "a @ https://h/a.whl#sha256=0 ; python_version>'3'");
        mask(text);
        assert_eq!(masks::redact("v=1 s1gn%2Fature s1gn/ature"), "v=1 *** ***");
    }

    /// Addresses with secrets that consist of `half-a` and `half-b`, and what may be shown of them.
    const SECRETS: [(&str, &str); 13] = [
        ("https://u:half-a#half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://u:half-a?half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://u:half-a/half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://half-a#half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://half-a/half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://half-a/more/half-b@host.example:8443/x.git#main", "https://host.example:8443/x.git#main"),
        ("https://u:half-a@half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://u:half-a@half-b#more@host.example/x.git", "https://host.example/x.git"),
        ("https://u:half-a:half-b@host.example/x.git", "https://host.example/x.git"),
        ("ssh://u:half-a-half-b@host.example/x.git", "ssh://u@host.example/x.git"),
        ("git+ssh://git:half-a-half-b@host.example/x.git@main", "git+ssh://git@host.example/x.git@main"),
        ("https://half-a-half-b:@host.example/x.git", "https://host.example/x.git"),
        ("https://host.example/x.whl?sig=half-a-half-b", "https://host.example/x.whl"),
    ];

    #[test]
    fn no_half_of_a_secret_is_shown() {
        for (address, shown) in SECRETS {
            assert_eq!(without_whole(address), shown);
            assert_eq!(without(&format!("a {address} b")), format!("a {shown} b"));
            mask(address);
            let logged = masks::redact(address);
            assert!(!logged.contains("half-a") && !logged.contains("half-b"), "{logged}");
        }
    }

    #[test]
    fn only_what_cannot_be_told_is_refused_and_without_showing_it() {
        let refused: Vec<_> = SECRETS.iter().filter(|(address, _)| check(address).is_err()).collect();
        assert_eq!(refused.len(), 7, "{refused:?}");
        assert!(refused.iter().all(|(address, _)| address.contains(['#', '?', '/'])), "{refused:?}");
        for plain in [
            "https://github.com/o/r.git#main:folder",
            "https://github.com/o/r@main",
            "git+https://host/o/r@release/1.2",
            "git+https://me:tok@intranet/o/r@v1#subdirectory=a@b",
            "https://intranet:8443/o/r@v1",
            "https://[::1]:80/o/r@v1",
            "https://localhost/o@host.example/x",
            "https://github.com/o/r.git?ref=a@b",
            "git@github.com:o/r.git",
            ".",
        ] {
            assert_eq!(check(plain), Ok(()), "{plain}");
        }
        assert_eq!(without("git+https://host/o/r@release/1.2"), "git+https://host/o/r@release/1.2");
    }
}
