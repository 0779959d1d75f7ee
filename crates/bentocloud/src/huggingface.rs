//! Models that stay on the Hugging Face hub: the server keeps a reference, no content.

use bento_core::bento::{BentoModel, wire_time};
use bento_core::http::{self, Attempt};
use bento_core::{Context, Env, Error, Result};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use reqwest::StatusCode;
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
        let unreachable = |error| http::transport_error("cannot ask the Hugging Face hub", error);
        let response = request.send().await.map_err(|error| Attempt::Again(unreachable(error), None))?;
        let status = response.status();
        if status != StatusCode::OK {
            let error = Error::failure(format!("the Hugging Face hub answers {status}"));
            let pause = http::retry_after(response.headers());
            return Err(if http::is_transient(status) { Attempt::Again(error, pause) } else { Attempt::Final(error) });
        }
        response.json().await.map_err(|error| Attempt::Final(unreachable(error)))
    })
    .await?;
    let (include, exclude) = (patterns(model, "include")?, patterns(model, "exclude")?);
    let taken = revision.siblings.iter().filter(|file| {
        include.as_ref().is_none_or(|patterns| patterns.is_match(&file.name))
            && !exclude.as_ref().is_some_and(|patterns| patterns.is_match(&file.name))
    });
    Ok(taken.filter_map(|file| file.size).sum())
}

/// Patterns of Python's `fnmatch`, as the hub's own client takes them: `*` crosses slashes.
fn patterns(model: &BentoModel, name: &str) -> Result<Option<GlobSet>> {
    let given: Option<Vec<String>> =
        model.metadata.get(name).and_then(|value| serde_json::from_value(value.clone()).ok()).flatten();
    let Some(given) = given else { return Ok(None) };
    let mut set = GlobSetBuilder::new();
    for pattern in &given {
        let glob = GlobBuilder::new(pattern).literal_separator(false).backslash_escape(false).build();
        set.add(glob.context(|| format!("{}: {name}", model.tag))?);
    }
    set.build().map(Some).context(|| format!("{}: {name}", model.tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_fnmatch() {
        let metadata = json!({"exclude": ["*.bin", "a?", "[!x]z"], "include": null});
        let model = BentoModel { tag: "m:1".parse().unwrap(), registry: "huggingface".into(), metadata };
        let exclude = patterns(&model, "exclude").unwrap().unwrap();
        assert!(exclude.is_match("a/b.bin") && exclude.is_match("ab") && exclude.is_match("yz"));
        assert!(!exclude.is_match("b.bin.x") && !exclude.is_match("xz"));
        assert!(patterns(&model, "include").unwrap().is_none() && patterns(&model, "none").unwrap().is_none());
    }
}
