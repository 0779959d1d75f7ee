//! Docker's configuration folder: what `docker login` stored, and a folder of its own for one run of the engine.
//!
//! The user's folder is read, never written. On Unix everything but config.json is linked into the new folder: plugins,
//! contexts and builders are the user's. On Windows, where links need a right that jobs seldom have, contexts and
//! builders are copied, which are small files, and plugins are named by their folder in `cliPluginsExtraDirs`.
//!
//! Source: docker's "config.json".

use std::fs;
use std::path::{Path, PathBuf};

use actions_core::action::Cancel;
use actions_core::env;
use actions_core::{Context as _, Env, Error, Result, text};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::auth::{self, Credentials};
use crate::helper;
use crate::image::Repository;
use crate::login::Login;
use crate::variables;

/// The file in a folder of our own that tools of containers/image, such as buildah, read in place of config.json.
pub const CONTAINERS_AUTH: &str = "containers-auth.json";

/// The folder that docker's configuration is in, and its config.json.
#[derive(Debug, Clone, Default)]
pub(crate) struct DockerConfig {
    folder: Option<PathBuf>,
    config: Value,
}

impl DockerConfig {
    /// The user's, which may not be there.
    ///
    /// # Errors
    /// config.json cannot be read.
    pub(crate) fn of(env: &Env) -> Result<Self> {
        let home = || env.path(env::HOME).or_else(|| env.path(env::USERPROFILE)).map(|home| home.join(".docker"));
        let folder = env.path(variables::DOCKER_CONFIG).or_else(home).filter(|folder| folder.is_dir());
        let config = folder.as_ref().map(|folder| read(&folder.join("config.json"))).transpose()?;
        Ok(Self { folder, config: config.unwrap_or_else(|| json!({})) })
    }

    /// What is stored for a registry.
    ///
    /// # Errors
    /// The helper that is named fails or hangs, or the job is cancelled.
    pub(crate) async fn credentials(&self, registry: &str, env: &Env, cancel: &Cancel) -> Result<Credentials> {
        let key = Repository::login_key(registry);
        let named = self.config.get("credHelpers").and_then(|helpers| helpers.get(key));
        let helper = named.or_else(|| self.config.get("credsStore")).and_then(Value::as_str);
        match helper.filter(|name| !name.is_empty()) {
            Some(name) => helper::ask(name, key, env, cancel).await,
            None => Ok(self.stored(registry).unwrap_or_default()),
        }
    }

    /// What stands in the file itself, whose keys are names of registries or their addresses.
    fn stored(&self, registry: &str) -> Option<Credentials> {
        let auths = self.config.get("auths")?.as_object()?;
        let key = Repository::login_key(registry);
        let same = |known: &&String| Repository::registry_of(known) == registry;
        let entry = auths.get(key).or_else(|| auths.keys().find(same).and_then(|key| auths.get(key)))?;
        let field = |name| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(token) = field("identitytoken") {
            return Some(Credentials::Identity(auth::masked(token)));
        }
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let lenient = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
        let decoded = field("auth").and_then(|auth| String::from_utf8(lenient.decode(auth).ok()?).ok());
        let (user, password) = match &decoded {
            Some(pair) => pair.split_once(':')?,
            None => (field("username")?, field("password")?),
        };
        Some(Credentials::Basic(user.to_owned(), auth::masked(password.trim_end_matches('\0'))))
    }

    /// With these credentials, which no helper may hide; helpers go on serving the other registries. A registry whose helper
    /// has no name is one that docker looks up in the file itself.
    pub(crate) fn with(mut self, logins: &[Login]) -> Self {
        for login in logins {
            let key = Repository::login_key(&login.registry);
            let auth = STANDARD.encode(format!("{}:{}", login.user, login.password.expose_secret()));
            set(&mut self.config, "credHelpers", key, "".into());
            set(&mut self.config, "auths", key, json!({"auth": auth}));
        }
        self
    }

    /// The same for containers/image, which takes a helper without a name for a program, and knows no `credsStore`.
    fn for_containers_image(&self) -> Value {
        let mut config = self.config.clone();
        if let Some(helpers) = config.get_mut("credHelpers").and_then(Value::as_object_mut) {
            helpers.retain(|_, helper| helper != "");
        }
        config
    }

    /// Writes a new folder.
    ///
    /// # Errors
    /// It is there already or cannot be written, or the user's cannot be read.
    pub(crate) fn write(mut self, folder: &Path) -> Result<()> {
        fs::create_dir(folder).context(|| format!("failed to write {}", folder.display()))?;
        if let Some(own) = self.folder.take() {
            let own = std::path::absolute(&own).context(|| format!("failed to read {}", own.display()))?;
            self.share(&own, folder).context(|| format!("failed to take over {}", own.display()))?;
        }
        actions_core::files::write_private(
            &folder.join(CONTAINERS_AUTH),
            self.for_containers_image().to_string().as_bytes(),
        )?;
        actions_core::files::write_private(&folder.join("config.json"), self.config.to_string().as_bytes())
    }

    #[cfg(unix)]
    #[expect(clippy::unused_self, reason = "elsewhere config.json names the plugins")]
    fn share(&mut self, own: &Path, folder: &Path) -> std::io::Result<()> {
        for entry in fs::read_dir(own)? {
            let name = entry?.file_name();
            if name != "config.json" && name != CONTAINERS_AUTH {
                std::os::unix::fs::symlink(own.join(&name), folder.join(&name))?;
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn share(&mut self, own: &Path, folder: &Path) -> std::io::Result<()> {
        for name in ["contexts", "buildx"] {
            copy(&own.join(name), &folder.join(name))?;
        }
        let plugins = json!(own.join("cli-plugins"));
        if let Some(config) = self.config.as_object_mut() {
            match config.entry("cliPluginsExtraDirs").or_insert(Value::Null) {
                Value::Array(folders) => folders.push(plugins),
                other => *other = json!([plugins]),
            }
        }
        Ok(())
    }
}

/// Copies a folder that may not be there.
#[cfg(any(not(unix), test))]
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What of the file is not what docker takes, where anything is.
fn misshapen(config: &Value) -> Option<String> {
    let Some(fields) = config.as_object() else { return Some("it is not a mapping".into()) };
    let field = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let mapping = |name: &str, fits: fn(&Value) -> bool, of: &str| match field(name)?.as_object() {
        Some(entries) => {
            let (key, _) = entries.iter().find(|(_, value)| !fits(value))?;
            Some(format!("{name} holds {key}, which is not {of}"))
        }
        None => Some(format!("{name} is not a mapping")),
    };
    let entry = |value: &Value| value.is_object() || value.is_null();
    let store = || field("credsStore").filter(|value| !value.is_string()).map(|_| "credsStore is not a text".into());
    mapping("auths", entry, "a mapping").or_else(|| mapping("credHelpers", Value::is_string, "a text")).or_else(store)
}

/// Sets an entry of a mapping of the file, which may not be there yet.
fn set(config: &mut Value, mapping: &str, key: &str, value: Value) {
    let Some(fields) = config.as_object_mut() else { return };
    let entries = fields.entry(mapping).or_insert(Value::Null);
    match entries {
        Value::Object(entries) => drop(entries.insert(key.to_owned(), value)),
        other => *other = Value::Object([(key.to_owned(), value)].into_iter().collect()),
    }
}

fn read(file: &Path) -> Result<Value> {
    let wrong = |what: &str| {
        Error::input(format!("{}: {what}", file.display()))
            .hint("Docker cannot read such a file: correct it, or log in anew with `docker login`.")
    };
    match text::read_if_there(file)? {
        None => Ok(json!({})),
        Some(text) if text.trim_ascii().is_empty() => Ok(json!({})),
        Some(text) => {
            let config: Value =
                serde_json::from_str(&text).map_err(|error| wrong(&format!("it is not valid JSON ({error})")))?;
            match misshapen(&config) {
                None => Ok(config),
                Some(what) => Err(wrong(&what)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(config: Value) -> DockerConfig {
        DockerConfig { folder: None, config }
    }

    #[test]
    fn helpers_serve_the_others_and_hide_nothing() {
        let login = [Login::new("r.x", Some("me".into()), "pw".into()).unwrap()];
        let given =
            json!({"credsStore": "desktop", "auths": {"r.x": {}, "r.y": {}}, "credHelpers": {"r.z": "z"}, "x": 1});
        let expected = json!({
            "auths": {"r.x": {"auth": "bWU6cHc="}, "r.y": {}},
            "credsStore": "desktop",
            "credHelpers": {"r.z": "z", "r.x": ""},
            "x": 1,
        });
        let with = config(given).with(&login);
        assert_eq!(with.config, expected);
        assert_eq!(with.for_containers_image()["credHelpers"], json!({"r.z": "z"}));
        assert_eq!(config(json!({})).with(&login).config["auths"]["r.x"]["auth"], "bWU6cHc=");
    }

    #[test]
    fn the_file_is_read_as_docker_reads_it() {
        let config = config(json!({"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6cHc"},
            "https://r.x/v2/": {"username": "u", "password": "p:w"},
            "r.t": {"auth": "bWU6cHc=", "identitytoken": "x-idtoken"},
            "r.e": {},
        }}));
        let basic = |registry: &str| match config.stored(registry) {
            Some(Credentials::Basic(user, password)) => format!("{user}/{}", password.expose_secret()),
            other => format!("{other:?}"),
        };
        assert_eq!((basic("docker.io").as_str(), basic("r.x").as_str()), ("me/pw", "u/p:w"));
        assert!(matches!(config.stored("r.t"), Some(Credentials::Identity(_))));
        assert_eq!((basic("r.e").as_str(), basic("r.n").as_str()), ("None", "None"));
    }

    #[test]
    fn a_file_that_docker_cannot_read_is_an_error_that_names_the_field() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        let env: Env = [("DOCKER_CONFIG", folder.path().display().to_string())].into_iter().collect();
        let login = [Login::new("r.x", Some("me".into()), "pw".into()).unwrap()];
        for (text, expected) in [
            ("[]", "it is not a mapping"),
            (r#"{"auths": []}"#, "auths is not a mapping"),
            (r#"{"auths": {"r.x": "secret"}}"#, "auths holds r.x, which is not a mapping"),
            (r#"{"credHelpers": "x"}"#, "credHelpers is not a mapping"),
            (r#"{"credHelpers": {"r.x": 1}}"#, "credHelpers holds r.x, which is not a text"),
            (r#"{"credsStore": []}"#, "credsStore is not a text"),
        ] {
            fs::write(&file, text).unwrap();
            let error = DockerConfig::of(&env).unwrap_err().full_text();
            assert!(error.contains(expected) && error.contains("config.json") && !error.contains("secret"), "{error}");
            // Nor does one that comes another way end in a panic.
            let given = config(serde_json::from_str(text).unwrap()).with(&login);
            given.for_containers_image();
        }
        for text in ["{", r#"{"auths": {"r.x": {"auth": "secret" "#, "secret"] {
            fs::write(&file, text).unwrap();
            let error = DockerConfig::of(&env).unwrap_err();
            let said = error.full_text();
            assert_eq!(error.cause(), actions_core::Cause::Input, "{said}");
            assert!(said.contains("config.json: it is not valid JSON (") && !said.contains("secret"), "{said}");
        }
        for text in ["", "{}", r#"{"auths": null, "credHelpers": null}"#] {
            fs::write(&file, text).unwrap();
            let with = DockerConfig::of(&env).unwrap().with(&login).config;
            assert_eq!(with["auths"]["r.x"]["auth"], "bWU6cHc=", "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let env: Env = [("DOCKER_CONFIG", folder.path().display().to_string())].into_iter().collect();
        fs::write(folder.path().join("config.json"), b"\xff\xfe{\0}\0").unwrap();
        let error = DockerConfig::of(&env).unwrap_err();
        let text = error.full_text();
        assert!(
            error.cause() == actions_core::Cause::Input && text.contains("config.json cannot be read as text"),
            "{text}"
        );
    }

    #[test]
    fn where_links_need_a_right_folders_are_copied() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        copy(&from, &to).unwrap();
        assert!(!to.exists());
        fs::create_dir_all(from.join("meta/x")).unwrap();
        fs::write(from.join("meta/x/meta.json"), "{}").unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::read(to.join("meta/x/meta.json")).unwrap(), b"{}");
    }
}
