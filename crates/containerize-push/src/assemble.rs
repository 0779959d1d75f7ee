//! The image as the tags name it: what the engine pushed, with the models' layers, statements and annotations.
//!
//! An index holds, for each platform: the image with the models; our statement about it; and where BuildKit stated
//! something, its statements together with the image that they are about. That image has no platform there, so nobody
//! pulls it; but it is named, so no registry takes it for garbage.

use actions_core::action::Context;
use actions_core::{Error, Result};
use registry::{Layer, Manifest, Registry, digest_of};
use serde_json::{Map, Value};

use crate::graft;
use crate::plan::Plan;
use crate::provenance;
use crate::report::facts;

/// What the tags name.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) manifest: Manifest,
    /// The config's digest; of several platforms, the index's.
    pub(crate) image_id: String,
    /// Of all platforms together, bytes.
    pub(crate) size: u64,
    /// The layers of the first platform: digest and size.
    pub(crate) layers: Vec<(String, u64)>,
}

/// What an image is put together from.
pub(crate) struct Assembly<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) registry: &'a Registry,
    /// The models'.
    pub(crate) layers: &'a [Layer],
    pub(crate) ctx: &'a Context,
}

/// One platform's image.
struct Platform {
    manifest: Manifest,
    image_id: String,
    size: u64,
    layers: Vec<(String, u64)>,
}

impl Assembly<'_> {
    /// Puts the image together, and writes everything of it but the document that the tags name.
    ///
    /// # Errors
    /// The registry refuses it or cannot be reached, or the engine pushed something unexpected.
    pub(crate) async fn of(&self, base: Manifest) -> Result<Made> {
        let Some(entries) = base.document.get("manifests").and_then(Value::as_array) else {
            let Platform { mut manifest, image_id, size, layers } = self.platform(&base).await?;
            if self.layers.is_empty() {
                manifest = Manifest::new(self.annotated(manifest.document));
            }
            return Ok(Made { manifest, image_id, size, layers });
        };
        let is_image = |entry: &&Value| graft::is_image(entry);
        let states = self.plan.inputs.provenance.as_deref() != Some("false");
        let (mut images, mut statements, mut ids, mut size) = (Vec::new(), Vec::new(), Vec::new(), 0_u64);
        let mut layers = None;
        for entry in entries.iter().filter(is_image) {
            let digest = entry.get("digest").and_then(Value::as_str).filter(|digest| !digest.is_empty());
            let digest = digest
                .ok_or_else(|| Error::failure(format!("the index {} has an entry that names no image", base.digest)))?;
            let below = self.registry.manifest(digest).await?;
            let platform = self.platform(&below).await?;
            let mut image = entry.clone();
            if platform.manifest.digest != digest {
                self.registry.put_manifest(&platform.manifest, &platform.manifest.digest).await?;
                graft::set(&mut image, "digest", platform.manifest.digest.clone());
                graft::set(&mut image, "size", platform.manifest.bytes.len());
            }
            images.push(image);
            let stated: Vec<_> = entries.iter().filter(|other| graft::is_about(other, digest)).cloned().collect();
            if self.layers.is_empty() {
                statements.extend(stated);
            } else {
                if states {
                    let about = provenance::About { image: &platform.manifest, base: digest, layers: self.layers };
                    let bento = self.plan.bento.tag.to_string();
                    statements.push(provenance::attach(self.registry, about, &bento, &self.ctx.event).await?);
                }
                if !stated.is_empty() {
                    statements.push(graft::set_aside(entry, &platform.manifest.digest));
                    statements.extend(stated);
                }
            }
            ids.push(platform.image_id);
            size = size.saturating_add(platform.size);
            layers.get_or_insert(platform.layers);
        }
        images.append(&mut statements);
        let mut index = base.document.clone();
        graft::set(&mut index, "manifests", images);
        if index.get("mediaType").is_none() {
            graft::set(&mut index, "mediaType", base.media_type.clone());
        }
        let manifest = Manifest::new(self.annotated(index));
        let image_id = if ids.len() == 1 { ids.remove(0) } else { manifest.digest.clone() };
        Ok(Made { manifest, image_id, size, layers: layers.unwrap_or_default() })
    }

    /// One platform's manifest with the layers. Without any it stays as it is: statements are about its digest.
    async fn platform(&self, base: &Manifest) -> Result<Platform> {
        let digest = base.document.pointer("/config/digest").and_then(Value::as_str);
        let digest = digest.ok_or_else(|| Error::failure(format!("{} names no config", base.digest)))?;
        let (mut document, mut image_id) = (base.document.clone(), digest.to_owned());
        if !self.layers.is_empty() {
            let original = self.registry.blob(digest).await?;
            let config = graft::config(&original, self.layers)?;
            self.check_place(&config)?;
            let config = config.to_string().into_bytes();
            self.registry.put_blob(&config).await?;
            image_id = digest_of(&config);
            document = graft::manifest(&document, &image_id, config.len(), self.layers)?;
            if document.get("mediaType").is_none() {
                graft::set(&mut document, "mediaType", base.media_type.clone());
            }
            document = self.annotated(document);
        }
        let (size, layers) = (graft::size(&document), graft::layers(&document));
        let manifest = if self.layers.is_empty() { base.clone() } else { Manifest::new(document) };
        Ok(Platform { manifest, image_id, size, layers })
    }

    /// With the facts that the labels tell, where the format has a place for them and the user says nothing else.
    fn annotated(&self, mut document: Value) -> Value {
        let oci = document.get("mediaType").and_then(Value::as_str).is_some_and(|kind| kind.contains("oci"));
        if let Some(fields) = document.as_object_mut().filter(|_| oci)
            && let Some(own) = fields.entry("annotations").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
        {
            for (key, value) in facts(self.plan, self.ctx) {
                own.entry(key).or_insert(value.into());
            }
        }
        document
    }

    /// The layers were laid out by what the Dockerfile says: is it what the image says?
    fn check_place(&self, config: &Value) -> Result<()> {
        let variables = config.pointer("/config/Env").and_then(Value::as_array).into_iter().flatten();
        let path = variables.filter_map(|variable| variable.as_str()?.strip_prefix("BENTO_PATH=")).next();
        match path {
            Some(path) if path.trim_end_matches('/') != self.plan.place.folder => Err(Error::input(format!(
                "the image keeps the Bento in {path}, but its Dockerfile says {}",
                self.plan.place.folder
            ))
            .hint("Declare BENTO_PATH by an ARG of the Dockerfile, or set it by build-args.")),
            _ => Ok(()),
        }
    }
}
