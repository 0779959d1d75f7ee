//! Credentials that are given: for our own requests, and for the engine in a configuration folder of its own.
//!
//! The user's docker configuration is read, never written.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bento_core::{Context as _, Env, Result};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::auth::Credentials;
use crate::image::Repository;

/// Who to be at one registry.
#[derive(Debug, Clone)]
pub struct Login {
    registry: String,
    user: String,
    password: SecretString,
}

impl Login {
    /// A registry is named as in an image's name, or by its address.
    #[must_use]
    pub fn new(registry: &str, user: impl Into<String>, password: SecretString) -> Self {
        Self { registry: Repository::registry_of(registry).to_owned(), user: user.into(), password }
    }
}

/// Who to be where; elsewhere what `docker login` stored counts.
#[derive(Debug, Clone, Default)]
pub struct Logins(Vec<Login>);

impl FromIterator<Login> for Logins {
    fn from_iter<I: IntoIterator<Item = Login>>(logins: I) -> Self {
        Self(logins.into_iter().collect())
    }
}

impl Logins {
    /// Is nothing given?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The credentials for a registry.
    ///
    /// # Errors
    /// What is stored cannot be read.
    pub async fn credentials(&self, registry: &str) -> Result<Credentials> {
        match self.0.iter().find(|login| login.registry == registry) {
            Some(login) => Ok(Credentials::Basic(login.user.clone(), login.password.clone())),
            None => Credentials::of_docker(registry).await,
        }
    }

    /// Writes a configuration for the engine's client: the user's, with these credentials.
    ///
    /// # Errors
    /// The user's cannot be read, or the new one cannot be written.
    pub fn write(&self, folder: &Path, env: &Env) -> Result<()> {
        let failed = || format!("failed to write {}", folder.display());
        let home = || env.path("HOME").or_else(|| env.path("USERPROFILE")).map(|home| home.join(".docker"));
        let own = env.path("DOCKER_CONFIG").or_else(home);
        fs::create_dir(folder).context(failed)?;
        let mut config = json!({});
        if let Some(own) = own.filter(|own| own.is_dir()) {
            link_others(&own, folder)?;
            config = read(&own.join("config.json"))?;
        }
        let text = self.with(config).to_string();
        bento_core::files::write_private(&folder.join("config.json"), text.as_bytes())
    }

    /// The configuration with these credentials, which no helper may hide; helpers go on serving the other registries.
    fn with(&self, mut config: Value) -> Value {
        if !config.is_object() {
            config = json!({});
        }
        let store = config.as_object_mut().and_then(|config| config.remove("credsStore"));
        if let (Some(store), Some(known)) = (store, config["auths"].as_object().cloned()) {
            for other in known.keys() {
                if config["credHelpers"].get(other).is_none() {
                    config["credHelpers"][other] = store.clone();
                }
            }
        }
        if config["credHelpers"].is_null() {
            config["credHelpers"] = json!({});
        }
        for login in &self.0 {
            let key = Repository::login_key(&login.registry);
            if let Some(helpers) = config["credHelpers"].as_object_mut() {
                helpers.remove(key);
            }
            let auth = STANDARD.encode(format!("{}:{}", login.user, login.password.expose_secret()));
            config["auths"][key] = json!({"auth": auth});
        }
        config
    }
}

fn read(file: &Path) -> Result<Value> {
    let failed = || format!("failed to read {}", file.display());
    match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).context(failed),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(json!({})),
        Err(error) => Err(error).context(failed),
    }
}

/// Plugins, contexts and builders stand in the same folder, and are the user's.
#[cfg(unix)]
fn link_others(own: &Path, folder: &Path) -> Result<()> {
    let own = own.canonicalize().context(|| format!("failed to read {}", own.display()))?;
    let entries = fs::read_dir(&own).context(|| format!("failed to read {}", own.display()))?;
    for name in entries.flatten().map(|entry| entry.file_name()).filter(|name| name != "config.json") {
        let target = own.join(&name);
        std::os::unix::fs::symlink(&target, folder.join(&name))
            .context(|| format!("failed to link {}", target.display()))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn link_others(_: &Path, _: &Path) -> Result<()> {
    Err(bento_core::Error::input("logging in on this system is not supported yet")
        .hint("Log in before this step: `docker login`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_serve_the_others_and_hide_nothing() {
        let login: Logins = [Login::new("r.x", "me", "pw".into())].into_iter().collect();
        let config =
            json!({"credsStore": "desktop", "auths": {"r.x": {}, "r.y": {}}, "credHelpers": {"r.z": "z"}, "x": 1});
        let expected = json!({
            "auths": {"r.x": {"auth": "bWU6cHc="}, "r.y": {}},
            "credHelpers": {"r.z": "z", "r.y": "desktop"},
            "x": 1,
        });
        assert_eq!(login.with(config), expected);
        assert_eq!(login.with(json!({}))["auths"]["r.x"]["auth"], "bWU6cHc=");
    }
}
