//! A model as a layer of an image: the same bytes on every machine, read in place from the store.

use std::io::Read;
use std::sync::Arc;

use bento_core::action::Cancel;
use bento_core::bento::archive::{FixedPlan, Plan};
use bento_core::{Context as _, Error, Result};
use sha2::{Digest, Sha256};

use crate::bento::Model;
use crate::dockerfile::Place;

const CHUNK: usize = 1024 * 1024;

/// A layer: an uncompressed tar, so that its digest is its diff id too.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// What it holds, for people.
    pub(crate) title: String,
    /// Its bytes.
    pub(crate) plan: Arc<Plan>,
    /// `sha256:…`.
    pub(crate) digest: String,
}

impl Layer {
    /// Lays out a model where BentoML looks for it, and reads it once for its digest.
    ///
    /// # Errors
    /// The model cannot be read, or the job is cancelled.
    pub(crate) async fn of_model(model: &Model, place: &Place, cancel: &Cancel) -> Result<Self> {
        let plan = Arc::new(plan(model, place)?);
        let title = format!("model {}", model.tag);
        let (reading, stop) = (Arc::clone(&plan), cancel.clone());
        let hashing = tokio::task::spawn_blocking(move || digest(&reading, &stop));
        let digest = hashing.await.context(|| format!("failed to read {title}"))??;
        Ok(Self { title, plan, digest })
    }
}

/// The folders above are named too: the image without models lacks them.
fn plan(model: &Model, place: &Place) -> Result<Plan> {
    let folder = place.folder.trim_start_matches('/');
    let (name, version) = (model.tag.name(), model.tag.version().unwrap_or_default());
    let mut fixed = FixedPlan::new(place.uid, place.gid);
    fixed.folder(&format!("{folder}/models"))?;
    fixed.folder(&format!("{folder}/models/{name}"))?;
    fixed.file(&format!("{folder}/models/{name}/latest"), version.as_bytes())?;
    fixed.tree(&format!("{folder}/models/{name}/{version}"), &model.folder)?;
    Ok(fixed.finish())
}

fn digest(plan: &Plan, cancel: &Cancel) -> Result<String> {
    let mut reader = plan.read_range(0..plan.len());
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        match reader.read(&mut chunk).context(|| "failed to read a model".into())? {
            0 => return Ok(named(hasher)),
            read => hasher.update(&chunk[..read]),
        }
    }
}

/// The digest of bytes in memory, `sha256:…`.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    named(Sha256::new_with_prefix(bytes))
}

fn named(hasher: Sha256) -> String {
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
