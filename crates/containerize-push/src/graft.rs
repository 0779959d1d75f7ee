//! More layers on an image that is in a registry: the documents that name them, written anew.

use bento_core::{Context as _, Error, Result};
use serde_json::{Value, json};

use registry::Layer;

/// The config with the layers, under those that it has.
///
/// # Errors
/// It is no config of an image.
pub(crate) fn config(original: &[u8], layers: &[Layer]) -> Result<Value> {
    let mut config: Value = serde_json::from_slice(original).context(|| "the image's config is no JSON".into())?;
    let created = config.get("created").cloned();
    let broken = || Error::failure("the image's config lists no layers");
    let ids = config.pointer_mut("/rootfs/diff_ids").and_then(Value::as_array_mut).ok_or_else(broken)?;
    // An uncompressed layer's digest is its diff id.
    ids.extend(layers.iter().map(|layer| Value::from(layer.digest.as_str())));
    let history = config.as_object_mut().ok_or_else(broken)?.entry("history").or_insert_with(|| json!([]));
    for layer in layers {
        let mut entry = json!({"created_by": format!("COPY {} # bento-actions", layer.title)});
        if let Some(created) = &created {
            entry["created"] = created.clone();
        }
        history.as_array_mut().ok_or_else(broken)?.push(entry);
    }
    Ok(config)
}

/// The manifest with the layers and the new config.
///
/// # Errors
/// It is no manifest of an image.
pub(crate) fn manifest(original: &Value, config_digest: &str, config_size: usize, layers: &[Layer]) -> Result<Value> {
    let mut manifest = original.clone();
    let broken = || Error::failure("the image's manifest names no config and layers");
    let docker = original.get("mediaType").and_then(Value::as_str).is_some_and(|kind| kind.contains("docker"));
    let media_type =
        if docker { "application/vnd.docker.image.rootfs.diff.tar" } else { "application/vnd.oci.image.layer.v1.tar" };
    let config = manifest.get_mut("config").ok_or_else(broken)?;
    config["digest"] = config_digest.into();
    config["size"] = config_size.into();
    let list = manifest.get_mut("layers").and_then(Value::as_array_mut).ok_or_else(broken)?;
    let entry = |layer: &Layer| json!({"mediaType": media_type, "digest": layer.digest, "size": layer.plan.len()});
    list.extend(layers.iter().map(entry));
    Ok(manifest)
}

/// Is this entry of an index an image, and no statement about one?
pub(crate) fn is_image(entry: &Value) -> bool {
    entry.pointer("/annotations/vnd.docker.reference.type").is_none()
}

/// Is it a statement of BuildKit's about this image?
pub(crate) fn is_about(entry: &Value, digest: &str) -> bool {
    !is_image(entry)
        && entry.pointer("/annotations/vnd.docker.reference.digest").and_then(Value::as_str) == Some(digest)
}

/// An image that is kept for the statements about it: without a platform nobody pulls it. The annotations make tools take
/// it for something that belongs to the image with the models.
pub(crate) fn set_aside(entry: &Value, image: &str) -> Value {
    let mut aside = entry.clone();
    aside["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    aside["annotations"] = json!({
        "vnd.docker.reference.digest": image,
        "vnd.docker.reference.type": "image-without-models",
    });
    aside
}

/// The layers that a manifest names: digest and size.
pub(crate) fn layers(manifest: &Value) -> Vec<(String, u64)> {
    let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
    let read = |layer: &Value| Some((layer.get("digest")?.as_str()?.to_owned(), layer.get("size")?.as_u64()?));
    layers.filter_map(read).collect()
}

/// The sum of what a manifest names, bytes.
pub(crate) fn size(manifest: &Value) -> u64 {
    let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
    layers.chain(manifest.get("config")).filter_map(|entry| entry.get("size")?.as_u64()).sum()
}
