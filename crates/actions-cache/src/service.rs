//! The three calls of the service: Twirp in JSON.

use std::time::Duration;

use actions_core::http;
use actions_core::http::Attempt;
use actions_core::runner::mask;
use actions_core::{Cause, Error, Result};
use backon::{ExponentialBuilder, Retryable};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Cache;

const SERVICE: &str = "twirp/github.actions.results.api.v1.CacheService";
/// Attempts after the first, each 1.5 times as long after the one before.
const MORE_ATTEMPTS: usize = 4;
const FACTOR: f32 = 1.5;
const DEADLINE: Duration = Duration::from_secs(30);

/// An entry that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its key: the one asked for, or one that starts with another of the keys.
    pub key: String,
    /// Signed: it needs no token.
    pub(super) address: SecretString,
}

/// The fields of the three answers. Twirp writes them in snake case; JSON of protocol buffers may as well be in camel case.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    ok: bool,
    #[serde(alias = "signedUploadUrl")]
    signed_upload_url: String,
    #[serde(alias = "signedDownloadUrl")]
    signed_download_url: String,
    #[serde(alias = "matchedKey")]
    matched_key: String,
    message: String,
}

/// Why a call failed.
#[derive(Debug)]
enum Failed {
    /// The key is taken.
    Exists,
    Final(Error),
    Again(Error),
}

/// The entry that answers the key or one of the others.
pub(super) async fn find(cache: &Cache, key: &str, others: &[String], version: &str) -> Result<Option<Found>> {
    let request = json!({ "key": key, "restore_keys": others, "version": version });
    let answer = call(cache, "GetCacheEntryDownloadURL", &request).await?.unwrap_or_default();
    if !answer.ok {
        return Ok(None);
    }
    Ok(Some(Found { key: answer.matched_key, address: signed(answer.signed_download_url)? }))
}

/// Takes a key; the address to upload to, or none where it is taken.
pub(super) async fn create(cache: &Cache, key: &str, version: &str) -> Result<Option<SecretString>> {
    let request = json!({ "key": key, "version": version });
    match call(cache, "CreateCacheEntry", &request).await? {
        Some(answer) if answer.ok => signed(answer.signed_upload_url).map(Some),
        Some(answer) if !answer.message.is_empty() => {
            Err(Error::failure(format!("no entry was made: {}", answer.message)))
        }
        _ => Ok(None),
    }
}

/// Ends an upload of this many bytes.
pub(super) async fn finalize(cache: &Cache, key: &str, version: &str, size: u64) -> Result<()> {
    let request = json!({ "key": key, "version": version, "size_bytes": size.to_string() });
    match call(cache, "FinalizeCacheEntryUpload", &request).await? {
        Some(answer) if answer.ok => Ok(()),
        Some(answer) => Err(Error::failure(format!("the upload was not accepted: {}", answer.message))),
        None => Err(Error::failure("the upload was not accepted: there is an entry with its key already")),
    }
}

/// The answer; none where the entry exists already.
async fn call(cache: &Cache, name: &str, request: &Value) -> Result<Option<Answer>> {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(cache.first_pause)
        .with_factor(FACTOR)
        .with_max_times(MORE_ATTEMPTS);
    let calling = (|| attempt(cache, name, request))
        .retry(pauses)
        .when(|failed| matches!(failed, Failed::Again(_)))
        .notify(|failed, pause| {
            if let Failed::Again(error) = failed {
                tracing::info!("{error}; trying again in {:.1} s", pause.as_secs_f32());
            }
        });
    match cache.cancel.run(calling).await? {
        Ok(answer) => Ok(Some(answer)),
        Err(Failed::Exists) => Ok(None),
        Err(Failed::Final(error) | Failed::Again(error)) => Err(error),
    }
}

async fn attempt(cache: &Cache, name: &str, request: &Value) -> Result<Answer, Failed> {
    let doing = format!("the cache service's {name}");
    let url = cache.base.join(&format!("/{SERVICE}/{name}")).map_err(|error| {
        Failed::Final(Error::failure(format!("{doing}: its address cannot be made")).caused_by(error))
    })?;
    let sending = cache.client.post(url).timeout(DEADLINE).bearer_auth(cache.token.expose_secret());
    let sending = sending.header(CONTENT_TYPE, "application/json").body(request.to_string());
    let transport = |error| Failed::Again(http::transport_error(&doing, error));
    let answer = sending.send().await.map_err(transport)?;
    let status = answer.status();
    let bytes = http::bytes(answer, &doing).await.map_err(|failed| match failed {
        Attempt::Again(error, _) => Failed::Again(error),
        failed => Failed::Final(failed.into_error()),
    })?;
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|error| {
            let error = Error::new(Cause::Unreachable, format!("{doing} answered something else")).caused_by(error);
            Failed::Final(error)
        });
    }
    if status == StatusCode::CONFLICT {
        return Err(Failed::Exists);
    }
    let message = serde_json::from_slice::<Value>(&bytes).ok();
    let message = message.as_ref().and_then(|body| body.get("msg")).and_then(Value::as_str).unwrap_or_default();
    let error = Error::failure(format!("{doing} answered {status} {message}").trim_end().to_owned());
    // 429 is left out: who is told to slow down does not come again at once.
    Err(match status.as_u16() {
        500 | 502 | 503 | 504 => Failed::Again(error),
        _ => Failed::Final(error),
    })
}

/// Masks the signature of an address, as it stands there and decoded.
fn signed(address: String) -> Result<SecretString> {
    let parsed = Url::parse(&address).map_err(|_| Error::failure("the cache service answered with no address"))?;
    for (name, value) in parsed.query_pairs().filter(|(name, _)| name == "sig") {
        mask::add(&SecretString::from(value.into_owned()));
        let query = parsed.query().unwrap_or_default().split('&');
        let raw = query.filter_map(|pair| pair.strip_prefix(&*name)?.strip_prefix('='));
        raw.for_each(|raw| mask::add(&SecretString::from(raw)));
    }
    Ok(SecretString::from(address))
}
