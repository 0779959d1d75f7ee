//! A layer of an image as a plan of bytes, read in place whenever they are wanted.

use std::io::Read;
use std::sync::Arc;

use actions_core::action::Cancel;
use actions_core::{Context as _, Error, Result};
use archive::Plan;
use sha2::{Digest, Sha256};

const CHUNK: usize = 1024 * 1024;

/// What a layer will be made of: an uncompressed tar, so that its digest is its diff id too.
#[derive(Debug, Clone)]
pub struct LayerSource {
    /// What it holds, for people.
    pub title: String,
    /// Its bytes.
    pub plan: Arc<Plan>,
}

/// A layer whose digest is known.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What it holds, for people.
    pub title: String,
    /// Its bytes.
    pub plan: Arc<Plan>,
    /// `sha256:…`.
    pub digest: String,
}

impl LayerSource {
    /// A layer of these bytes.
    #[must_use]
    pub fn new(title: String, plan: Plan) -> Self {
        Self { title, plan: Arc::new(plan) }
    }

    /// Reads the bytes for their digest.
    ///
    /// # Errors
    /// They cannot be read, or the job is cancelled.
    pub async fn hashed(&self, cancel: &Cancel) -> Result<Layer> {
        let (plan, stop) = (Arc::clone(&self.plan), cancel.clone());
        let hashing = tokio::task::spawn_blocking(move || digest(&plan, &stop));
        let digest = hashing.await.context(|| format!("failed to read {}", self.title))??;
        Ok(Layer { title: self.title.clone(), plan: Arc::clone(&self.plan), digest })
    }
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
            read => hasher.update(chunk.get(..read).unwrap_or_default()),
        }
    }
}

/// The digest of bytes in memory, `sha256:…`.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    named(Sha256::new_with_prefix(bytes))
}

fn named(hasher: Sha256) -> String {
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
