//! Is there a cache for this job, and what may be done with it?

use std::fmt;

use actions_core::Env;
use actions_core::env;
use actions_core::env::ACTIONS_RUNTIME_TOKEN;
use secrecy::SecretString;
use url::Url;

/// Why there is no cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Off {
    /// Nothing names one: no runner, or one without a cache.
    None,
    /// GitHub Enterprise Server has version 1 of the service only.
    EnterpriseServer,
    /// The job's cache mode forbids it.
    Mode,
    /// Something is wrong.
    Broken(String),
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "this runner has no cache service",
            Self::EnterpriseServer => "GitHub Enterprise Server has no cache service of version 2",
            Self::Mode => "ACTIONS_CACHE_MODE is none",
            Self::Broken(why) => why,
        })
    }
}

/// What the environment names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) base: Url,
    pub(super) token: SecretString,
    pub(super) readable: bool,
    pub(super) writable: bool,
}

pub(super) fn of(env: &Env) -> Result<Named, Off> {
    let (Some(base), Some(token)) = (env.get(env::ACTIONS_RESULTS_URL), env.get(ACTIONS_RUNTIME_TOKEN)) else {
        return Err(if is_enterprise_server(env) { Off::EnterpriseServer } else { Off::None });
    };
    if is_enterprise_server(env) {
        return Err(Off::EnterpriseServer);
    }
    let base =
        base.parse().map_err(|_| Off::Broken(format!("ACTIONS_RESULTS_URL is not a valid address: {base:?}")))?;
    let mode = env.get(env::ACTIONS_CACHE_MODE).unwrap_or_default();
    if mode == "none" {
        return Err(Off::Mode);
    }
    let token = SecretString::from(token);
    Ok(Named { base, token, readable: mode != "write-only", writable: !matches!(mode, "read" | "read-only") })
}

/// As the toolkit tells it: neither github.com nor a tenant of it. A runner that does not say is github.com's.
fn is_enterprise_server(env: &Env) -> bool {
    let server = env.get(env::GITHUB_SERVER_URL).and_then(|server| Url::parse(server).ok());
    let host = server.as_ref().and_then(Url::host_str).unwrap_or("github.com").to_lowercase();
    host != "github.com" && !host.ends_with(".ghe.com") && !host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(more: &[(&str, &str)]) -> Result<(bool, bool), Off> {
        let base = [("ACTIONS_RESULTS_URL", "http://127.0.0.1:1/"), ("ACTIONS_RUNTIME_TOKEN", "t")];
        let env: Env = base.iter().chain(more).copied().collect();
        of(&env).map(|named| (named.readable, named.writable))
    }

    #[test]
    fn the_server_and_the_mode_decide() {
        assert_eq!(of(&Env::default()).unwrap_err(), Off::None);
        assert_eq!(with(&[]), Ok((true, true)));
        assert_eq!(with(&[("GITHUB_SERVER_URL", "https://github.com")]), Ok((true, true)));
        assert_eq!(with(&[("GITHUB_SERVER_URL", "https://acme.ghe.com")]), Ok((true, true)));
        assert_eq!(with(&[("GITHUB_SERVER_URL", "https://git.acme.com")]), Err(Off::EnterpriseServer));
        assert_eq!(with(&[("ACTIONS_CACHE_MODE", "read")]), Ok((true, false)));
        assert_eq!(with(&[("ACTIONS_CACHE_MODE", "write-only")]), Ok((false, true)));
        assert_eq!(with(&[("ACTIONS_CACHE_MODE", "none")]), Err(Off::Mode));
        assert!(matches!(with(&[("ACTIONS_RESULTS_URL", "::")]), Err(Off::Broken(_))));
    }
}
