//! What is set for pip on a machine: its variables and its configuration files. uv reads neither; what it has a word for is told to
//! it, and the rest is named.
//!
//! Sources: pip's documentation, "Configuration" (the files, their order, the sections `global` and `install`, variables over all of
//! them, empty values as if unset), and "pip install".

mod files;

use std::collections::BTreeMap;

use actions_core::action::Context;
use actions_core::env;
use actions_core::{Env, Result, address};
use python_env::Interpreter;
use python_env::variables;

/// A setting of pip's, and what uv calls it.
const TRANSLATED: [(&str, Uv); 20] = [
    ("index-url", Uv::Index(variables::UV_DEFAULT_INDEX, &[variables::UV_INDEX_URL])),
    ("pypi-url", Uv::Index(variables::UV_DEFAULT_INDEX, &[variables::UV_INDEX_URL])),
    ("extra-index-url", Uv::List(variables::UV_EXTRA_INDEX_URL, " ", &[variables::UV_INDEX])),
    ("find-links", Uv::List(variables::UV_FIND_LINKS, ",", &[])),
    ("no-index", Uv::Flag(variables::PIP_NO_INDEX, "1")),
    ("no-binary", Uv::Text(variables::PIP_NO_BINARY)),
    ("only-binary", Uv::Text(variables::PIP_ONLY_BINARY)),
    ("trusted-host", Uv::List("UV_INSECURE_HOST", " ", &[])),
    ("constraint", Uv::List(variables::UV_CONSTRAINT, " ", &[])),
    ("build-constraint", Uv::List(variables::UV_BUILD_CONSTRAINT, " ", &[])),
    ("pre", Uv::Flag(variables::UV_PRERELEASE, "allow")),
    ("cert", Uv::Text(env::SSL_CERT_FILE)),
    ("client-cert", Uv::Text("SSL_CLIENT_CERT")),
    ("proxy", Uv::Text("ALL_PROXY")),
    ("timeout", Uv::Text(variables::UV_HTTP_TIMEOUT)),
    ("default-timeout", Uv::Text(variables::UV_HTTP_TIMEOUT)),
    ("retries", Uv::Text("UV_HTTP_RETRIES")),
    ("keyring-provider", Uv::Text("UV_KEYRING_PROVIDER")),
    ("require-hashes", Uv::Flag(variables::UV_REQUIRE_HASHES, "1")),
    ("no-build-isolation", Uv::Flag(variables::UV_NO_BUILD_ISOLATION, "1")),
];

/// Settings that change nothing of what is installed into an environment of its own.
const PASSED_OVER: [&str; 29] = [
    "break-system-packages",
    "cache-dir",
    "compile",
    "disable-pip-version-check",
    "exists-action",
    "force-color",
    "format",
    "isolated",
    "log",
    "log-file",
    "no-cache-dir",
    "no-clean",
    "no-color",
    "no-compile",
    "no-input",
    "no-python-version-warning",
    "no-warn-conflicts",
    "no-warn-script-location",
    "progress-bar",
    "quiet",
    "report",
    "require-venv",
    "require-virtualenv",
    "root-user-action",
    "use-deprecated",
    "use-feature",
    "use-pep517",
    "user",
    "verbose",
];

/// What uv calls a setting. Variables of uv's own come first; the last field names more of them that say the same.
#[derive(Debug, Clone, Copy)]
enum Uv {
    Index(&'static str, &'static [&'static str]),
    /// Several, with this between them; pip has blanks.
    List(&'static str, &'static str, &'static [&'static str]),
    Text(&'static str),
    /// This value where pip's says yes.
    Flag(&'static str, &'static str),
}

/// The surroundings in which uv does what is set for pip. Costs nothing where nothing is set, and the start of this Python where pip
/// has configuration files. Values are masked where they hold credentials.
///
/// # Errors
/// When a configuration file cannot be read; on cancellation.
pub(crate) async fn apply(python: &Interpreter, ctx: &Context) -> Result<Context> {
    let mut settings = files::read(python, ctx).await?;
    if let Some(links) = settings.get_mut("find-links") {
        *links = existing(links, ctx);
    }
    settings.values().for_each(|value| address::mask(value));
    let (env, unknown) = translated(&settings, &ctx.env);
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        tracing::warn!("set for pip on this machine, and not in force here, since uv has no word for it: {names}");
    }
    let mut ctx = ctx.clone();
    ctx.env = env;
    Ok(ctx)
}

/// pip passes over folders that are not there, and knows `~`; uv refuses the ones and does not know the other.
fn existing(links: &str, ctx: &Context) -> String {
    let home = |rest: &str| Some(ctx.env.path(env::HOME)?.join(rest).display().to_string());
    let links =
        links.split_whitespace().map(|link| link.strip_prefix("~/").and_then(home).unwrap_or_else(|| link.to_owned()));
    let is_there = |link: &String| {
        let there = link.contains("://") || ctx.workspace().join(link).exists();
        if !there {
            tracing::info!("find-links of pip's settings: {link} is not there, and is passed over");
        }
        there
    };
    links.filter(is_there).collect::<Vec<_>>().join(" ")
}

/// The variables for uv, and the names of the settings that it has no word for.
fn translated(settings: &BTreeMap<String, String>, before: &Env) -> (Env, Vec<String>) {
    let (mut env, mut unknown) = (before.clone(), Vec::new());
    for (name, value) in settings {
        match TRANSLATED.iter().find(|(known, _)| known == name) {
            Some((_, uv)) => set(&mut env, *uv, value, before),
            None if PASSED_OVER.contains(&name.as_str()) || is_off(value) => {}
            None => unknown.push(name.clone()),
        }
    }
    (env, unknown)
}

fn set(env: &mut Env, uv: Uv, value: &str, before: &Env) {
    let is_unset = |name: &&str| before.get(name).is_none();
    let (name, value) = match uv {
        Uv::Index(name, others) if others.iter().all(&is_unset) => (name, value.to_owned()),
        Uv::List(name, between, others) if others.iter().all(&is_unset) => {
            (name, value.split_whitespace().collect::<Vec<_>>().join(between))
        }
        Uv::Flag(name, yes) if !is_off(value) => (name, yes.to_owned()),
        Uv::Text(name) => (name, value.to_owned()),
        _ => return,
    };
    if is_unset(&name) && !value.is_empty() {
        env.set(name, value);
    }
}

/// The options of uv for what it has no variables for.
pub(crate) fn options(env: &Env) -> Vec<String> {
    let no_index = env.get(variables::PIP_NO_INDEX).filter(|value| !is_off(value)).map(|_| "--no-index".to_owned());
    let of = |variable: &str, option: &str| {
        let names = env.get(variable).unwrap_or_default().split([',', ' ']).filter(|name| !name.is_empty());
        names.map(|name| format!("{option}={name}")).collect::<Vec<_>>()
    };
    no_index
        .into_iter()
        .chain(of(variables::PIP_NO_BINARY, "--no-binary"))
        .chain(of(variables::PIP_ONLY_BINARY, "--only-binary"))
        .collect()
}

/// Does pip take it for no?
fn is_off(value: &str) -> bool {
    ["n", "no", "f", "false", "off", "0"].contains(&value.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(settings: &[(&str, &str)], env: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let before: Env = env.iter().copied().collect();
        let (env, unknown) = translated(&settings, &before);
        let new = env.iter().filter(|(name, _)| before.os(&name.to_string_lossy()).is_none());
        let text = |(name, value): (&std::ffi::OsStr, &std::ffi::OsStr)| {
            format!("{}={}", name.to_string_lossy(), value.to_string_lossy())
        };
        (new.map(text).collect(), unknown)
    }

    #[test]
    fn uv_is_told_in_its_words_and_what_it_has_none_for_is_named() {
        for (settings, env, variables) in [
            (&[("index-url", "https://h/simple")][..], &[][..], &["UV_DEFAULT_INDEX=https://h/simple"][..]),
            (&[("index-url", "https://h/simple")], &[("UV_INDEX_URL", "https://own")], &[]),
            (&[("extra-index-url", "https://a\nhttps://b")], &[], &["UV_EXTRA_INDEX_URL=https://a https://b"]),
            (&[("extra-index-url", "https://a")], &[("UV_INDEX", "https://own")], &[]),
            (&[("find-links", "/a\n/b")], &[], &["UV_FIND_LINKS=/a,/b"]),
            (&[("trusted-host", "a b:8080")], &[], &["UV_INSECURE_HOST=a b:8080"]),
            (&[("constraint", "c.txt d.txt")], &[], &["UV_CONSTRAINT=c.txt d.txt"]),
            (&[("pre", "yes")], &[], &["UV_PRERELEASE=allow"]),
            (&[("pre", "no"), ("no-index", "off")], &[], &[]),
            (
                &[("cert", "/c.pem"), ("client-cert", "/d.pem")],
                &[],
                &["SSL_CERT_FILE=/c.pem", "SSL_CLIENT_CERT=/d.pem"],
            ),
            (&[("cert", "/c.pem")], &[("SSL_CERT_FILE", "/own.pem")], &[]),
            (&[("no-binary", "a,b")], &[], &["PIP_NO_BINARY=a,b"]),
            (&[("proxy", "http://p:3128")], &[], &["ALL_PROXY=http://p:3128"]),
            (&[("timeout", "60")], &[], &["UV_HTTP_TIMEOUT=60"]),
            (&[("disable-pip-version-check", "1"), ("no-cache-dir", "true")], &[], &[]),
        ] {
            assert_eq!(told(settings, env), (variables.iter().map(|text| (*text).to_owned()).collect(), Vec::new()));
        }
        let odd = told(&[("no-deps", "true"), ("platform", "x"), ("prefer-binary", "0")], &[]);
        assert_eq!(odd, (Vec::new(), vec!["no-deps".to_owned(), "platform".to_owned()]));
        let env: Env =
            [("PIP_NO_INDEX", "1"), ("PIP_NO_BINARY", "a,b"), ("PIP_ONLY_BINARY", ":all:")].into_iter().collect();
        assert_eq!(options(&env), ["--no-index", "--no-binary=a", "--no-binary=b", "--only-binary=:all:"]);
    }
}
