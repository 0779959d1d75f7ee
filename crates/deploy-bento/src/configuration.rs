//! The configuration that is sent, made of the file, the inputs, the Bento and the Deployment as it is.

use actions_core::{Error, Result};
use bento_format::Tag;
use bentocloud::Client;
use bentocloud::deployment::{self, Config, Deployment};
use serde_json::{Map, Value, json};

use crate::Request;
use crate::bento::Facts;

/// The whole configuration of a Deployment that is created or replaced.
///
/// Without a file it is what the Python client makes of no flags: one replica of the entry service, and the Bento's own
/// environment variables that have a value.
pub(crate) async fn whole(request: &Request, bento: &Tag, facts: &Facts) -> Result<Config> {
    let fields = match &request.file {
        Some(file) => file.written.fields().clone(),
        None => {
            let services = Map::from_iter([(facts.entry_service.clone(), json!({}))]);
            Map::from_iter([("services".into(), services.into()), ("envs".into(), default_envs(facts))])
        }
    };
    let config = finish(request, fields, &bento.to_string())?;
    check_required_envs(&request.client, &config, facts).await?;
    Ok(config)
}

/// The present configuration with the file merged over it, as the Python client's update does.
pub(crate) fn merged(request: &Request, present: &Deployment, bento: Option<&Tag>) -> Result<Config> {
    let fields = deployment::update(present, request.file.as_ref().map(|file| &file.written))?;
    let running = fields.get("bento").and_then(Value::as_str).unwrap_or_default().to_owned();
    finish(request, fields, &bento.map_or(running, ToString::to_string))
}

fn finish(request: &Request, mut fields: Map<String, Value>, bento: &str) -> Result<Config> {
    if !request.labels.is_empty() {
        let given = fields.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
        let own = given.into_iter().filter(|label| {
            let key = label.get("key").and_then(Value::as_str);
            !key.is_some_and(|key| request.labels.contains_key(key))
        });
        let labels = request.labels.iter().map(|(key, value)| json!({"key": key, "value": value}));
        fields.insert("labels".into(), own.chain(labels).collect());
    }
    let written = request.file.as_ref().map(|file| &file.written);
    Config::complete(fields, bento, written).map_err(|wrong| match &request.file {
        Some(file) => file.error(&wrong),
        None => Error::input(wrong.message),
    })
}

fn default_envs(facts: &Facts) -> Value {
    let set = runtime_envs(facts).filter(|(_, value)| !value.is_empty());
    let envs: Vec<_> = set.map(|(name, value)| json!({"name": name, "value": value})).collect();
    if envs.is_empty() { Value::Null } else { json!(envs) }
}

fn runtime_envs(facts: &Facts) -> impl Iterator<Item = (&str, &str)> {
    let text = |env: &'_ Value, key: &str| -> Option<String> { env.get(key)?.as_str().map(str::to_owned) };
    facts.envs.iter().filter(move |env| text(env, "stage").as_deref() != Some("build")).map(|env| {
        let field = |key| env.get(key).and_then(Value::as_str).unwrap_or_default();
        (field("name"), field("value"))
    })
}

/// A Bento declares variables without a value to say that the Deployment must set them; envs of the file and keys of the
/// organisation's secrets count.
async fn check_required_envs(client: &Client, config: &Config, facts: &Facts) -> Result<()> {
    let mut provided: Vec<_> = config.env_names().map(str::to_owned).collect();
    let missing = |provided: &[String]| -> Vec<String> {
        let required = runtime_envs(facts).filter(|(_, value)| value.is_empty());
        required.map(|(name, _)| name.to_owned()).filter(|name| !provided.contains(name)).collect()
    };
    if missing(&provided).is_empty() {
        return Ok(());
    }
    for secret in config.secrets() {
        provided.extend(client.secret_keys(secret).await?);
    }
    let missing = missing(&provided);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::input(format!("the Bento needs environment variables that nothing sets: {}", missing.join(", "))).hint(
        "Set them under `envs:` in the deployment configuration, or name a secret that holds them under `secrets:`.",
    ))
}
