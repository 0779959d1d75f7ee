//! The configuration that is sent, made of the file, the inputs, the Bento and the Deployment as it is.

use bento_core::bento::Tag;
use bento_core::{Error, Result};
use bentocloud::Client;
use bentocloud::deployment::{Config, Deployment, current_config, deep_merge};
use serde_json::{Value, json};

use crate::Request;
use crate::bento::Facts;

/// The whole configuration of a Deployment that is created or replaced.
///
/// Without a file it is what the Python client makes of no flags: one replica of the entry service, and the Bento's own
/// environment variables that have a value.
pub(crate) async fn whole(request: &Request, bento: &Tag, facts: &Facts) -> Result<Config> {
    let mut value = match &request.file {
        Some(file) => Value::Object(file.sent()),
        None => json!({"services": {&facts.entry_service: {}}, "envs": default_envs(facts)}),
    };
    value["bento"] = json!(bento.to_string());
    let config = finish(request, value)?;
    check_required_envs(&request.client, &config, facts).await?;
    Ok(config)
}

/// The present configuration with the file merged over it, as the Python client's update does.
pub(crate) fn merged(request: &Request, present: &Deployment, bento: Option<&Tag>) -> Result<Config> {
    let mut value = current_config(present)?;
    if let Some(file) = &request.file {
        let mut update = file.sent();
        // A folder or a tag that this run resolved already.
        update.remove("bento");
        deep_merge(&mut value, update.into());
    }
    if let Some(bento) = bento {
        value["bento"] = json!(bento.to_string());
    }
    finish(request, value)
}

fn finish(request: &Request, mut value: Value) -> Result<Config> {
    if !request.labels.is_empty() {
        let given = value.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
        let own = given.into_iter().filter(|label| {
            let key = label.get("key").and_then(Value::as_str);
            !key.is_some_and(|key| request.labels.contains_key(key))
        });
        let labels = request.labels.iter().map(|(key, value)| json!({"key": key, "value": value}));
        value["labels"] = own.chain(labels).collect();
    }
    Config::from_value(value).map_err(|(pointer, error)| match &request.file {
        Some(file) => file.error(&pointer, &error),
        None => error,
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
    let of_services = config.services.values().filter_map(|service| service.envs.as_ref()).flatten();
    let mut provided: Vec<_> = config.envs.iter().flatten().chain(of_services).map(|env| env.name.clone()).collect();
    let missing = |provided: &[String]| -> Vec<String> {
        let required = runtime_envs(facts).filter(|(_, value)| value.is_empty());
        required.map(|(name, _)| name.to_owned()).filter(|name| !provided.contains(name)).collect()
    };
    if missing(&provided).is_empty() {
        return Ok(());
    }
    for secret in config.secrets.iter().flatten() {
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
