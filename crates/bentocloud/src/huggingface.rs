//! Models that stay on the Hugging Face hub: the server keeps a reference, no content.

use bento_core::bento::{BentoModel, wire_time};
use bento_core::http::{self, Attempt};
use bento_core::{Env, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Client;

const HUB: &str = "https://huggingface.co";

#[derive(Deserialize)]
struct Revision {
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    #[serde(rename = "rfilename")]
    name: String,
    #[serde(default)]
    size: Option<u64>,
}

/// The body that registers the reference, field by field as bentoml 1.4 sends it.
pub(crate) async fn registration(
    client: &Client,
    model: &BentoModel,
    bentoml_version: &str,
    env: &Env,
) -> Result<Value> {
    let field = |name: &str| model.metadata.get(name).and_then(Value::as_str);
    let endpoint = field("endpoint").or_else(|| env.get("HF_ENDPOINT")).unwrap_or(HUB).trim_end_matches('/');
    let (id, revision) = (field("model_id").unwrap_or_default(), field("revision").unwrap_or("main"));
    let address = format!("{endpoint}/api/models/{id}/revision/{revision}?blobs=true");
    let size = match size(client, &address, model, env).await {
        Ok(size) => size,
        Err(error) if error.cause() == bento_core::Cause::Cancelled => return Err(error),
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
async fn size(client: &Client, address: &str, model: &BentoModel, env: &Env) -> Result<u64> {
    let revision: Revision = http::retry(&client.cancel, || async {
        let mut request = client.http.get(address).timeout(std::time::Duration::from_secs(10));
        if let Some(token) = env.get("HF_TOKEN") {
            request = request.bearer_auth(token);
        }
        let unreachable = |error| Attempt::Final(http::transport_error("cannot ask the Hugging Face hub", error));
        let response = request.send().await.map_err(unreachable)?;
        response.error_for_status().map_err(unreachable)?.json().await.map_err(unreachable)
    })
    .await?;
    let patterns =
        |name: &str| -> Option<Vec<String>> { serde_json::from_value(model.metadata.get(name)?.clone()).ok() };
    let (include, exclude) = (patterns("include"), patterns("exclude"));
    let fits = |patterns: &[String], name: &str| patterns.iter().any(|pattern| fnmatch(pattern, name));
    let taken = revision.siblings.iter().filter(|file| {
        include.as_deref().is_none_or(|patterns| fits(patterns, &file.name))
            && !exclude.as_deref().is_some_and(|patterns| fits(patterns, &file.name))
    });
    Ok(taken.filter_map(|file| file.size).sum())
}

/// Python's `fnmatch` without sets: `*` takes any text, slashes too, `?` one character.
fn fnmatch(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len()).any(|at| text.is_char_boundary(at) && fnmatch(&pattern[1..], &text[at..])),
        Some(first) => text.chars().next().is_some_and(|c| {
            (first == '?' || first == c) && fnmatch(&pattern[first.len_utf8()..], &text[c.len_utf8()..])
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::fnmatch;

    #[test]
    fn stars_cross_slashes() {
        assert!(fnmatch("*.bin", "a/b.bin") && fnmatch("a?", "ab") && !fnmatch("*.bin", "b.bin.x"));
    }
}
