//! Who to be at which registry.
//!
//! The first of these that there is counts: what the inputs give; what `docker login` stored, in its file or with a
//! credential helper; at Amazon ECR the AWS credentials of the job, which are exchanged for a token; at ghcr.io the job's
//! own token. Anything else is nobody. [`Logins::resolve`] finds that out once, for us and for the engine alike.

use std::path::Path;

use actions_core::action::Cancel;
use actions_core::env;
use actions_core::runner::mask;
use actions_core::{Context as _, Env, Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::auth::Credentials;
use crate::docker::DockerConfig;
use crate::ecr::Ecr;
use crate::image::{HUB, Repository};

/// GitHub's registry.
const GHCR: &str = "ghcr.io";

/// Who to be at one registry.
#[derive(Debug, Clone)]
pub struct Login {
    pub(crate) registry: String,
    pub(crate) user: String,
    pub(crate) password: SecretString,
}

impl Login {
    /// A registry is named as in an image's name, or by its address.
    ///
    /// Google's registries need no user: it follows from what the password is, an access token or a service account's key.
    ///
    /// # Errors
    /// A user is missing.
    pub fn new(registry: &str, user: Option<String>, password: SecretString) -> Result<Self> {
        mask::add(&password);
        let registry = Repository::registry_of(registry).to_owned();
        let user = user.filter(|user| !user.is_empty()).or_else(|| user_at_google(&registry, &password));
        let user = user.ok_or_else(|| {
            Error::input(format!("username is missing: {registry} wants one with the password"))
                .hint("Only Google's registries take a password alone.")
        })?;
        Ok(Self { registry, user, password })
    }
}

/// The user that stands for the kind of the password.
///
/// Source: Google Artifact Registry's "Configure authentication for Docker".
fn user_at_google(registry: &str, password: &SecretString) -> Option<String> {
    if !(registry.ends_with("-docker.pkg.dev") || registry == "gcr.io" || registry.ends_with(".gcr.io")) {
        return None;
    }
    let password = password.expose_secret().trim();
    let encoded_key = || STANDARD.decode(password).is_ok_and(|bytes| bytes.starts_with(b"{"));
    let user = match password {
        key if key.starts_with('{') => "_json_key",
        _ if encoded_key() => "_json_key_base64",
        _ => "oauth2accesstoken",
    };
    Some(user.into())
}

/// Who to be where.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    given: Vec<Login>,
    /// What docker knows; only [`Self::resolve`] asks it.
    stored: Vec<(String, Credentials)>,
    job_token: Option<SecretString>,
}

impl FromIterator<Login> for Logins {
    fn from_iter<I: IntoIterator<Item = Login>>(logins: I) -> Self {
        Self { given: logins.into_iter().collect(), ..Self::default() }
    }
}

impl Logins {
    /// Reads a YAML list of `{registry, username, password}`; an entry without `registry` is for Docker Hub.
    ///
    /// # Errors
    /// It is something else. No part of the text is in the error.
    pub fn of_yaml(text: &SecretString) -> Result<Self> {
        let wrong = |why: String| {
            Error::input(format!("registries: {why}"))
                .hint("Write a list, such as:\n- registry: ghcr.io\n  username: me\n  password: '…'")
        };
        let document = bento_format::yaml::parse(text.expose_secret())
            .map_err(|error| wrong(format!("not valid YAML at line {}, column {}", error.line, error.column)))?;
        let entries = match document.value {
            Value::Null => return Ok(Self::default()),
            Value::Array(entries) => entries,
            _ => return Err(wrong("it is not a list".into())),
        };
        let mut given: Vec<Login> = Vec::new();
        for (entry, number) in entries.into_iter().zip(1..) {
            let Value::Object(mut entry) = entry else { return Err(wrong(format!("entry {number} is not a mapping"))) };
            let mut field = |name: &str| match entry.remove(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text)),
                Some(_) => Err(wrong(format!("{name} of entry {number} is not text; put it in single quotes"))),
            };
            let (registry, user, password) = (field("registry")?, field("username")?, field("password")?);
            if !entry.is_empty() {
                return Err(wrong(format!("entry {number} has a key besides registry, username and password")));
            }
            let password = password.filter(|password| !password.is_empty());
            let password = password.ok_or_else(|| wrong(format!("entry {number} has no password")))?;
            let login = Login::new(registry.as_deref().unwrap_or(HUB), user, password.into())
                .map_err(|_| wrong(format!("entry {number} has no username")))?;
            if given.iter().any(|other| other.registry == login.registry) {
                return Err(wrong(format!("entry {number} is for the same registry as one before it")));
            }
            given.push(login);
        }
        Ok(given.into_iter().collect())
    }

    /// These, and others where these say nothing.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        let new = others.given.into_iter().filter(|other| self.given(&other.registry).is_none());
        let new: Vec<_> = new.collect();
        self.given.extend(new);
        self.stored.extend(others.stored);
        self.job_token = self.job_token.or(others.job_token);
        self
    }

    /// With the job's token, for ghcr.io where nothing else is known of it.
    #[must_use]
    pub fn with_job_token(self, token: Option<SecretString>) -> Self {
        Self { job_token: token.filter(|token| !token.expose_secret().is_empty()), ..self }
    }

    /// Has the engine nothing to be told?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Finds out who to be at each of these registries.
    ///
    /// # Errors
    /// A credential helper fails or hangs; AWS refuses its credentials or cannot be reached; the job is cancelled.
    pub async fn resolve(mut self, registries: &[&str], env: &Env, cancel: &Cancel) -> Result<Self> {
        let docker = DockerConfig::of(env)?;
        for &registry in registries {
            if self.given(registry).is_some() {
                continue;
            }
            match docker.credentials(registry, env, cancel).await? {
                Credentials::None => self.given.extend(self.obtained(registry, env, cancel).await?),
                known => self.stored.push((registry.to_owned(), known)),
            }
        }
        Ok(self)
    }

    /// What the job's environment is good for at a registry.
    async fn obtained(&self, registry: &str, env: &Env, cancel: &Cancel) -> Result<Option<Login>> {
        if let Some(ecr) = Ecr::of(registry, env) {
            let login = ecr.login(registry, cancel).await;
            return login
                .context(|| format!("failed to log in to {registry} with the job's AWS credentials"))
                .map(Some);
        }
        match (&self.job_token, env.get(env::GITHUB_ACTOR)) {
            (Some(token), Some(actor)) if registry == GHCR => {
                Login::new(registry, Some(actor.to_owned()), token.clone()).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn given(&self, registry: &str) -> Option<&Login> {
        self.given.iter().find(|login| login.registry == registry)
    }

    /// The credentials for a registry that was resolved.
    #[must_use]
    pub fn credentials(&self, registry: &str) -> Credentials {
        match self.given(registry) {
            Some(login) => Credentials::Basic(login.user.clone(), login.password.clone()),
            None => {
                let stored = self.stored.iter().find(|(known, _)| known == registry);
                stored.map(|(_, credentials)| credentials.clone()).unwrap_or_default()
            }
        }
    }

    /// Writes a configuration folder for the engine's client: the user's, with these credentials.
    ///
    /// # Errors
    /// The user's cannot be read, or the new one cannot be written.
    pub fn write(&self, folder: &Path, env: &Env) -> Result<()> {
        DockerConfig::of(env)?.with(&self.given).write(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(logins: &Logins, registry: &str) -> Option<(String, String)> {
        let Credentials::Basic(user, password) = logins.credentials(registry) else { return None };
        Some((user, password.expose_secret().to_owned()))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.into(), password.into()))
    }

    #[test]
    fn a_list_of_registries_is_read_and_its_errors_keep_its_secrets() {
        let text = "- {registry: ghcr.io, username: me, password: 's3cret-a'}\n- username: you\n  password: s3cret-b\n";
        let logins = Logins::of_yaml(&text.into()).unwrap();
        assert_eq!(basic(&logins, "ghcr.io"), pair("me", "s3cret-a"));
        assert_eq!(basic(&logins, "docker.io"), pair("you", "s3cret-b"));
        assert_eq!(mask::redact("s3cret-b"), "***");
        assert!(Logins::of_yaml(&"# none\n".into()).unwrap().is_empty());
        for (wrong, why) in [
            ("s3cret: 1", "not a list"),
            ("- s3cret", "not a mapping"),
            ("- {registry: r.x, username: u, password: 0123}", "single quotes"),
            ("- {registry: r.x, username: u}", "no password"),
            ("- {registry: r.x, password: s3cret}", "no username"),
            ("- {registry: r.x, username: u, password: s3cret, s3cret: x}", "a key besides"),
            ("- {registry: r.x, username: u, password: s3cret\n", "not valid YAML"),
            ("- {registry: r.x, username: u, password: *s3cret}", "not valid YAML"),
            (
                "- {registry: r.x, username: u, password: a}\n- {registry: https://r.x, username: u, password: b}",
                "the same",
            ),
        ] {
            let error = Logins::of_yaml(&wrong.into()).unwrap_err().full_text();
            assert!(error.contains(why) && !error.contains("s3cret"), "{wrong}: {error}");
        }
    }

    #[test]
    fn google_s_registries_tell_the_user_from_the_password() {
        let user = |registry: &str, password: &str| Login::new(registry, None, password.into()).map(|login| login.user);
        assert_eq!(user("europe-docker.pkg.dev", "ya29.x-token").unwrap(), "oauth2accesstoken");
        assert_eq!(user("eu.gcr.io", "{\"type\": \"x-account\"}").unwrap(), "_json_key");
        assert_eq!(user("gcr.io", &STANDARD.encode("{\"type\": \"x-account\"}")).unwrap(), "_json_key_base64");
        assert!(user("r.x", "x-password").unwrap_err().full_text().contains("username is missing"));
        let named = Login::new("gcr.io", Some("me".into()), "x-password".into()).unwrap();
        assert_eq!(named.user, "me");
    }

    #[tokio::test]
    async fn the_job_s_token_is_for_ghcr_alone_and_comes_last() {
        let folder = tempfile::tempdir().unwrap();
        let env: Env =
            [("GITHUB_ACTOR", "octo"), ("DOCKER_CONFIG", folder.path().to_str().unwrap())].into_iter().collect();
        let resolve = |logins: Logins| {
            let logins = logins.with_job_token(Some("x-job-token".into()));
            let env = env.clone();
            async move { logins.resolve(&["ghcr.io", "r.x"], &env, &Cancel::default()).await.unwrap() }
        };
        let logins = resolve(Logins::default()).await;
        assert_eq!(basic(&logins, "ghcr.io"), pair("octo", "x-job-token"));
        assert_eq!(basic(&logins, "r.x"), None);
        assert!(!logins.is_empty(), "the engine gets it too");
        let given = Login::new("ghcr.io", Some("me".into()), "x-own".into()).unwrap();
        assert_eq!(basic(&resolve([given].into_iter().collect()).await, "ghcr.io"), pair("me", "x-own"));
        std::fs::write(folder.path().join("config.json"), r#"{"auths": {"ghcr.io": {"auth": "c3Q6cHc="}}}"#).unwrap();
        let logins = resolve(Logins::default()).await;
        assert_eq!(basic(&logins, "ghcr.io"), pair("st", "pw"));
        assert!(logins.is_empty(), "the engine has it already");
    }
}
