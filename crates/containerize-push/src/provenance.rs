//! Provenance: what BuildKit is asked for, and the statement about the final image, which BuildKit never saw.
//!
//! Source: in-toto statement v1, SLSA provenance v1, and BuildKit's "attestation storage" for how it is attached.

use actions_core::runner::Event;
use actions_core::{Error, Result};
use registry::Layer;
use registry::{Manifest, Registry};
use serde_json::{Value, json};

const PREDICATE: &str = "https://slsa.dev/provenance/v1";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The value of buildx's `--provenance`; `None` leaves it to buildx.
///
/// The default and the id of the builder are those of docker/build-push-action: everything in a public repository, the
/// least in a private one; nothing is said outside a repository.
pub(crate) fn attributes(given: Option<&str>, event: &Event) -> Option<String> {
    let builder = event.run_url().map(|url| format!("builder-id={url}"));
    let private = event.payload.pointer("/repository/private").and_then(Value::as_bool).unwrap_or(true);
    match (given, builder) {
        (Some("false"), _) => Some("false".into()),
        (Some(given), None) => Some(given.into()),
        (None, None) => None,
        (Some(given), _) if given.contains("builder-id=") => Some(given.into()),
        (Some("true"), Some(builder)) => Some(builder),
        (Some(given), Some(builder)) => Some(format!("{given},{builder}")),
        (None, Some(builder)) if private => Some(format!("mode=min,inline-only=true,{builder}")),
        (None, Some(builder)) => Some(format!("mode=max,{builder}")),
    }
}

/// What a statement is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// The image with the models.
    pub(crate) image: &'a Manifest,
    /// The digest of the image that the engine made.
    pub(crate) base: &'a str,
    /// The models.
    pub(crate) layers: &'a [Layer],
}

/// Attaches a statement about a grafted image: what it was made of. Returns its entry in the index.
///
/// # Errors
/// The registry refuses it or cannot be reached.
pub(crate) async fn attach(
    registry: &Registry,
    About { image, base, layers }: About<'_>,
    bento: &str,
    event: &Event,
) -> Result<Value> {
    let hex = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
    let mut materials = vec![json!({"name": "image built by BuildKit", "digest": {"sha256": hex(base)}})];
    materials.extend(layers.iter().map(|layer| json!({"name": layer.title, "digest": {"sha256": hex(&layer.digest)}})));
    // No name of a repository is in it: every one that is pushed to gets the same image.
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": bento, "digest": {"sha256": hex(&image.digest)}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": "https://bentoml.com/containerize-push/graft/v1",
                "externalParameters": {"bento": bento},
                "resolvedDependencies": materials,
            },
            "runDetails": {"builder": {"id": event.run_url().unwrap_or_default()}},
        },
    });
    let statement = statement.to_string().into_bytes();
    let digest = registry.put_blob(&statement).await?;
    let config = json!({
        "architecture": "unknown", "os": "unknown", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest]},
    });
    let config = config.to_string().into_bytes();
    let config_digest = registry.put_blob(&config).await?;
    let manifest = Manifest::new(json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest, "size": config.len()},
        "layers": [{
            "mediaType": IN_TOTO, "digest": digest, "size": statement.len(),
            "annotations": {"in-toto.io/predicate-type": PREDICATE},
        }],
    }));
    registry.put_manifest(&manifest, &manifest.digest).await?;
    let mut entry = manifest.descriptor();
    let fields = entry.as_object_mut().ok_or_else(|| Error::failure("a descriptor is not a mapping"))?;
    fields.insert(
        "annotations".into(),
        json!({"vnd.docker.reference.digest": image.digest, "vnd.docker.reference.type": "attestation-manifest"}),
    );
    fields.insert("platform".into(), json!({"architecture": "unknown", "os": "unknown"}));
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use actions_core::Env;

    use super::*;

    #[test]
    fn the_default_follows_the_repository_s_visibility() {
        let mut event = Event::of(&Env::default());
        assert_eq!(attributes(None, &event), None);
        assert_eq!(attributes(Some("mode=max"), &event).as_deref(), Some("mode=max"));
        (event.server_url, event.repository, event.run_id) = ("https://g.x".into(), "o/r".into(), "7".into());
        let builder = "builder-id=https://g.x/o/r/actions/runs/7";
        assert_eq!(attributes(None, &event), Some(format!("mode=min,inline-only=true,{builder}")));
        event.payload = json!({"repository": {"private": false}});
        assert_eq!(attributes(None, &event), Some(format!("mode=max,{builder}")));
        assert_eq!(attributes(Some("true"), &event).as_deref(), Some(builder));
        assert_eq!(attributes(Some("false"), &event).as_deref(), Some("false"));
    }
}
