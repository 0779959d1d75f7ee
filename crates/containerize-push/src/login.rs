//! The credentials that the user gives: for our own requests, and for the engine in a configuration folder of its own.
//!
//! The user's docker configuration is read, never written.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bento_core::action::Context;
use bento_core::{Context as _, Error, Result};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::image::{Image, Repository};
use crate::inputs::Inputs;
use crate::registry::Credentials;

/// Who to be at one registry.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    registry: String,
    user: String,
    password: SecretString,
}

impl Login {
    /// What the inputs say; the first image's registry stands in for one that is not named.
    ///
    /// # Errors
    /// A user name without password, or the other way round; or no registry to use them at.
    pub(crate) fn new(inputs: &Inputs, images: &[Image]) -> Result<Option<Self>> {
        let (user, password) = match (&inputs.username, &inputs.password) {
            (None, None) => return Ok(None),
            (Some(user), Some(password)) => (user.clone(), password.clone()),
            (user, _) => {
                let missing = if user.is_some() { "password" } else { "username" };
                return Err(Error::input(format!("{missing} is missing: username and password belong together")));
            }
        };
        let first = || images.first().map(|image| image.repository.registry.clone());
        let registry = inputs.registry.clone().filter(|registry| !registry.is_empty()).or_else(first);
        let registry = registry.ok_or_else(|| {
            Error::input("username and password are for no registry").hint("Set registry, such as ghcr.io.")
        })?;
        Ok(Some(Self { registry: Repository::registry_of(&registry).to_owned(), user, password }))
    }

    /// The credentials for a registry: these, else what `docker login` stored.
    ///
    /// # Errors
    /// What is stored cannot be read.
    pub(crate) async fn credentials(login: Option<&Self>, registry: &str) -> Result<Credentials> {
        match login.filter(|login| login.registry == registry) {
            Some(login) => Ok(Credentials::Basic(login.user.clone(), login.password.clone())),
            None => Credentials::of_docker(registry).await,
        }
    }

    /// Writes a configuration for the engine's client: the user's, with these credentials.
    ///
    /// # Errors
    /// The user's cannot be read, or the new one cannot be written.
    pub(crate) fn write(&self, folder: &Path, ctx: &Context) -> Result<()> {
        let failed = || format!("failed to write {}", folder.display());
        let home = || ctx.env.path("HOME").or_else(|| ctx.env.path("USERPROFILE")).map(|home| home.join(".docker"));
        let own = ctx.env.path("DOCKER_CONFIG").or_else(home);
        fs::create_dir(folder).context(failed)?;
        let mut config = json!({});
        if let Some(own) = own.filter(|own| own.is_dir()) {
            link_others(&own, folder)?;
            config = read(&own.join("config.json"))?;
        }
        let text = self.with(config).to_string();
        crate::workspace::write_private(&folder.join("config.json"), text.as_bytes())
    }

    /// The configuration with these credentials, which no helper may hide; helpers go on serving the other registries.
    fn with(&self, mut config: Value) -> Value {
        if !config.is_object() {
            config = json!({});
        }
        let key = Repository::login_key(&self.registry);
        let store = config.as_object_mut().and_then(|config| config.remove("credsStore"));
        if let (Some(store), Some(known)) = (store, config["auths"].as_object().cloned()) {
            for other in known.keys() {
                if config["credHelpers"].get(other).is_none() {
                    config["credHelpers"][other] = store.clone();
                }
            }
        }
        if let Some(helpers) = config["credHelpers"].as_object_mut() {
            helpers.remove(key);
        } else {
            config["credHelpers"] = json!({});
        }
        let auth = STANDARD.encode(format!("{}:{}", self.user, self.password.expose_secret()));
        config["auths"][key] = json!({"auth": auth});
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
    Err(crate::output::unsupported("logging in on this system").hint("Log in before this step: `docker login`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_serve_the_others_and_hide_nothing() {
        let login = Login { registry: "r.x".into(), user: "me".into(), password: "pw".into() };
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
