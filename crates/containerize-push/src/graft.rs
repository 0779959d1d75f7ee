//! More layers on an image that is in a registry: the documents that name them, written anew.

use actions_core::{Context as _, Error, Result};
use registry::Layer;
use serde_json::{Map, Value, json};

/// The config with the layers, under those that it has.
///
/// # Errors
/// It is not a config of an image.
pub(crate) fn config(original: &[u8], layers: &[Layer]) -> Result<Value> {
    let mut config: Value =
        serde_json::from_slice(original).context(|| "the image's config is not valid JSON".into())?;
    let created = config.get("created").cloned();
    let broken = || Error::failure("the image's config lists no layers");
    let ids = config.pointer_mut("/rootfs/diff_ids").and_then(Value::as_array_mut).ok_or_else(broken)?;
    // An uncompressed layer's digest is its diff id.
    ids.extend(layers.iter().map(|layer| Value::from(layer.digest.as_str())));
    let history = config.as_object_mut().ok_or_else(broken)?.entry("history").or_insert_with(|| json!([]));
    for layer in layers {
        let mut entry = Map::new();
        entry.insert("created_by".into(), format!("COPY {} # bento-actions", layer.title).into());
        entry.extend(created.clone().map(|created| ("created".into(), created)));
        history.as_array_mut().ok_or_else(broken)?.push(entry.into());
    }
    Ok(config)
}

/// The manifest with the layers and the new config.
///
/// # Errors
/// It is not a manifest of an image.
pub(crate) fn manifest(original: &Value, config_digest: &str, config_size: usize, layers: &[Layer]) -> Result<Value> {
    let mut manifest = original.clone();
    let broken = || Error::failure("the image's manifest names no config and layers");
    let docker = original.get("mediaType").and_then(Value::as_str).is_some_and(|kind| kind.contains("docker"));
    let media_type =
        if docker { "application/vnd.docker.image.rootfs.diff.tar" } else { "application/vnd.oci.image.layer.v1.tar" };
    let config = manifest.get_mut("config").and_then(Value::as_object_mut).ok_or_else(broken)?;
    config.insert("digest".into(), config_digest.into());
    config.insert("size".into(), config_size.into());
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
    let unknown = json!({"architecture": "unknown", "os": "unknown"});
    let about = json!({"vnd.docker.reference.digest": image, "vnd.docker.reference.type": "image-without-models"});
    set(&mut aside, "platform", unknown);
    set(&mut aside, "annotations", about);
    aside
}

/// Sets a field of a document. One that has no fields stays as it is.
pub(crate) fn set(document: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = document.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

/// The layers that a manifest names: digest and size.
pub(crate) fn layers(manifest: &Value) -> Vec<(String, u64)> {
    let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
    let read = |layer: &Value| Some((layer.get("digest")?.as_str()?.to_owned(), layer.get("size")?.as_u64()?));
    layers.filter_map(read).collect()
}

/// The sum of what a manifest names, bytes; the largest number there is where it says more.
pub(crate) fn size(manifest: &Value) -> u64 {
    let layers = manifest.get("layers").and_then(Value::as_array).into_iter().flatten();
    let sizes = layers.chain(manifest.get("config")).filter_map(|entry| entry.get("size")?.as_u64());
    sizes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A registry may say what it likes.
    #[test]
    fn documents_of_any_shape_end_in_an_error_and_never_in_a_panic() {
        let largest = json!({"layers": [{"digest": "a", "size": u64::MAX}, {"digest": "b", "size": u64::MAX}]});
        assert_eq!((size(&largest), layers(&largest).len()), (u64::MAX, 2));
        for text in ["[]", "1", "\"x\"", r#"{"config": "x", "layers": []}"#, r#"{"config": {}, "layers": {}}"#] {
            let document: Value = serde_json::from_str(text).unwrap();
            assert!(manifest(&document, "d", 1, &[]).is_err(), "{text}");
            assert_eq!((size(&document), layers(&document).len()), (0, 0), "{text}");
            is_about(&document, "d");
            set_aside(&document, "d");
        }
        for text in ["[]", "1", r#"{"rootfs": []}"#, r#"{"rootfs": {"diff_ids": 1}}"#, "x"] {
            assert!(config(text.as_bytes(), &[]).is_err(), "{text}");
        }
    }
}
