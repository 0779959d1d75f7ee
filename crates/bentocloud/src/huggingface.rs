//! Models that stay on the Hugging Face hub: the server keeps a reference, no content.

use actions_core::{Cause, Env, Result};
use bento_format::{BentoModel, wire_time};
use huggingface::{Hub, Listed, Reference};
use serde_json::{Value, json};

use crate::Client;

/// The body that registers the reference, field by field as bentoml 1.4 sends it.
pub(crate) async fn registration(
    client: &Client,
    model: &BentoModel,
    bentoml_version: &str,
    env: &Env,
) -> Result<Value> {
    let reference = Reference::of(model, env)?;
    let Reference { id, revision, endpoint, .. } = &reference;
    let size = match size(client, &reference, env).await {
        Ok(size) => size,
        Err(error) if error.cause() == Cause::Cancelled => return Err(error),
        Err(error) => {
            tracing::warn!("the size of {id} is not known to the cloud: {}", error.full_text());
            0
        }
    };
    Ok(json!({
        "description": "",
        "version": model.tag.version(),
        "manifest": {
            "module": "",
            "api_version": "v1",
            "bentoml_version": bentoml_version,
            "size_bytes": size,
            "metadata": {
                "registry": "huggingface",
                "model_id": id,
                "revision": revision,
                "endpoint": endpoint,
                "include": model.metadata.get("include"),
                "exclude": model.metadata.get("exclude"),
                "url": format!("{endpoint}/{id}/tree/{revision}"),
            },
            "context": {
                "framework_name": "huggingface",
                "framework_versions": {},
                "bentoml_version": bentoml_version,
                "python_version": "",
            },
            "options": {},
        },
        "build_at": wire_time(jiff::Timestamp::now()),
        "labels": [],
    }))
}

/// The sum of the sizes of the files that the model takes from the hub, bytes.
async fn size(client: &Client, reference: &Reference, env: &Env) -> Result<u64> {
    let hub = Hub::of(reference, client.http.clone(), env, &client.cancel)?;
    let listing = hub.listing(reference).await?;
    let taken = listing.files.iter().filter(|file| reference.takes(&file.name));
    Ok(Listed::sum(taken))
}
