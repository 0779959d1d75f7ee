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

/// Shorter values of a query are not secrets (`download=1`), and would blacken the log.
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
    addresses(text).into_iter().for_each(|(_, address)| address.mask());
}

/// The same of a text that is one address: white space and quotes in it are part of it.
pub fn mask_whole(address: &str) {
    if let Some(address) = Address::of(address) {
        address.mask();
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
    for (at, address) in addresses(text).into_iter().rev() {
        left.replace_range(at, &address.without());
    }
    left
}

/// The same of a text that is one address.
pub fn without_whole(address: &str) -> String {
    match Address::of(address) {
        Some(address) => format!("{}://{}", address.scheme, address.without()),
        None => address.to_owned(),
    }
}

/// Do credentials stand before the host of an address in this text? Where a variable stands for the secret
/// (`https://me:${TOKEN}@host`), there are none.
pub fn has_credentials(text: &str) -> bool {
    let of = |address: Address<'_>| {
        let (name, password) = address.name_and_password()?;
        let is_name = !password.is_empty() || address.is_ssh() || name == GIT;
        Some(if is_name { password.to_owned() } else { name.to_owned() })
    };
    let is_variable = |secret: &str| {
        let name = secret.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        name.is_some_and(|name| !name.contains('}'))
    };
    let secrets = addresses(text).into_iter().filter_map(|(_, address)| of(address));
    secrets.filter(|secret| !secret.is_empty()).any(|secret| !is_variable(&secret))
}

/// Does one address hold credentials whose end can be told? Others must be refused and not shown: half of a password would
/// stand for the host or the path.
///
/// # Errors
/// When a `#`, `?` or `/` before an `@` may be part of a password.
pub fn check(address: &str) -> Result<(), Ambiguous> {
    match Address::of(address) {
        Some(address) if address.broken().is_some() => Err(Ambiguous),
        _ => Ok(()),
    }
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

/// The addresses in a text, and where each stands from behind its `://` on. They end at white space, `"`, and the `'` that one
/// began with: others may be part of a password.
fn addresses(text: &str) -> Vec<(Range<usize>, Address<'_>)> {
    let mut found: Vec<(&str, Range<usize>)> = Vec::new();
    for (at, separator) in text.match_indices("://") {
        let before = text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let quoted = before.ends_with('\'');
        let start = at.saturating_add(separator.len());
        let is_end = |c: char| c.is_whitespace() || c == '"' || (quoted && c == '\'');
        let end = text[start..].find(is_end).map_or(text.len(), |length| start.saturating_add(length));
        // Of several with commas between them each ends where the next begins.
        if let Some((_, last)) = found.last_mut().filter(|(_, last)| last.end > at) {
            last.end = before.len().max(last.start);
        }
        found.push((&text[before.len()..at], start..end));
    }
    found.into_iter().map(|(scheme, at)| (at.clone(), Address { scheme, rest: &text[at] })).collect()
}

/// One address.
#[derive(Debug, Clone, Copy)]
struct Address<'text> {
    scheme: &'text str,
    /// What is behind its `://`.
    rest: &'text str,
}

impl<'text> Address<'text> {
    fn of(text: &'text str) -> Option<Self> {
        text.split_once("://").map(|(scheme, rest)| Self { scheme, rest })
    }

    fn is_ssh(self) -> bool {
        self.scheme.ends_with("ssh")
    }

    fn mask(self) {
        if let Some((name, password)) = self.name_and_password() {
            mask_user(name, password, self.is_ssh());
        }
        let query = self.query().map(|at| &self.rest[at]).unwrap_or_default();
        let values = query.trim_start_matches('?').split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
        values.filter(|value| value.len() >= SHORTEST_SIGNATURE).for_each(mask_both);
    }

    /// What is behind the `://`, without credentials.
    fn without(self) -> String {
        let mut left = self.rest.to_owned();
        if let Some(query) = self.query() {
            left.replace_range(query, "");
        }
        if let (Some(at), Some((name, password))) = (self.user(), self.name_and_password()) {
            match password {
                "" if name == GIT || self.is_ssh() => {}
                // The user of ssh is part of the address.
                _ if self.is_ssh() => left.replace_range(at, name),
                // With the `@` behind them.
                _ => left.replace_range(at.start..=at.end, ""),
            }
        }
        left
    }

    /// Where credentials stand, `user:password` or `token`; an `@` is behind them.
    fn user(self) -> Option<Range<usize>> {
        let end = self.broken().or_else(|| self.authority().rfind('@'))?;
        Some(0..end).filter(|at| !at.is_empty())
    }

    fn name_and_password(self) -> Option<(&'text str, &'text str)> {
        let user = &self.rest[self.user()?];
        Some(user.split_once(':').unwrap_or((user, "")))
    }

    fn authority(self) -> &'text str {
        self.rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    /// The last `@`, where a `#`, `?` or `/` before it seems to be part of a password: what would be the host is missing, or
    /// its port is not a number.
    fn broken(self) -> Option<usize> {
        let authority = self.authority();
        let (host, behind) = (authority.rsplit('@').next().unwrap_or_default(), &self.rest[authority.len()..]);
        let at = self.rest.rfind('@').filter(|at| *at > authority.len())?;
        let no_port = match host.rsplit_once(':') {
            Some((_, port)) if !host.ends_with(']') => !port.bytes().all(|digit| digit.is_ascii_digit()),
            _ => false,
        };
        // `https://half#of@host/x`: an address with a fragment or a query, and with a name in it, has a path before it.
        let no_path = behind.starts_with(['#', '?']);
        // `https://half/of@host.example/x`: what is behind an `@` looks more like a host than what is before. It need not be
        // the last one, which may stand in the query.
        let is_name = !host.contains(['.', ':', ']']) && host != "localhost";
        let mut splits = behind.match_indices('@').map(|(at, _)| behind.split_at(at));
        let no_host = is_name && splits.any(|(before, behind)| self.is_host(before, behind));
        (no_port || no_path || no_host).then_some(at)
    }

    /// `@host.example/…`, with a port or without. Behind the `@` of `git+https://host/o/r@release/1.2` stands a branch, and the one
    /// of `https://host/@team/x` begins a name; elsewhere a word without dots is a host too.
    fn is_host(self, before: &str, behind: &str) -> bool {
        let Some((host, _)) = behind.trim_start_matches('@').split_once('/') else { return false };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        match name.rsplit_once('.') {
            Some((_, last)) => last.len() > 1 && last.bytes().all(|letter| letter.is_ascii_alphabetic()),
            None => {
                let is_web = ["http", "https"].iter().any(|scheme| self.scheme.eq_ignore_ascii_case(scheme));
                is_web && !before.ends_with('/') && !name.is_empty()
            }
        }
    }

    /// Where the query stands, with its `?`.
    fn query(self) -> Option<Range<usize>> {
        // A `?` of a password begins none.
        let from = self.broken().unwrap_or_default();
        let behind = self.rest[from..].split('#').next().unwrap_or_default();
        let start = from.saturating_add(behind.find('?')?);
        Some(start..from.saturating_add(behind.len()))
    }
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
    const SECRETS: [(&str, &str); 17] = [
        ("https://u:half-a#half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://u:half-a?half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://u:half-a/half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://half-a#half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://half-a/half-b@host.example/x.git", "https://host.example/x.git"),
        ("https://half-a/more/half-b@host.example:8443/x.git#main", "https://host.example:8443/x.git#main"),
        ("https://half-a/half-b@host/x.git", "https://host/x.git"),
        ("https://half-a/half-b@host.example/x?y=a@b", "https://b"),
        ("https://half-a/half-b@host/x?y=a@b", "https://b"),
        ("HTTPS://half-a/half-b@host:8443/x#a@b", "HTTPS://b"),
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
        assert_eq!(refused.len(), 11, "{refused:?}");
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
            "https://intranet/@team/simple",
            "https://intranet/a@1.0",
            "file:///srv/a@b/c",
            "git@github.com:o/r.git",
            ".",
        ] {
            assert_eq!(check(plain), Ok(()), "{plain}");
        }
        assert_eq!(without("git+https://host/o/r@release/1.2"), "git+https://host/o/r@release/1.2");
    }
}
