//! A layer comes to a registry, and is sent only where it is missing.
//!
//! A registry knows a layer by its digest alone, so that the rule is: read the layer for its digest, ask for it, and send
//! it if it is nowhere. A layer of a gigabyte is read and hashed in 0.6 s, and the registry waits.
//!
//! A repository without a single tag is almost always a new one, where nothing can be. There the bytes of a large layer
//! set out at once, while another thread reads them for the digest; it is some times faster than any network. Should
//! the registry have the layer after all, as after a push that failed in the middle, the upload is taken back as soon as
//! the digest is known. In any repository with tags not a byte of a known layer is ever sent.

use actions_core::action::Cancel;
use actions_core::{Cause, Context as _, Result};

use crate::client::Registry;
use crate::layer::{Layer, LayerSource};
use crate::upload::Upload;

/// Smaller layers, bytes, are hashed in no time.
const LARGE: u64 = 32 * 1024 * 1024;

/// How a layer came to be in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was there.
    Reused,
    /// It was sent.
    Sent,
}

impl Registry {
    /// Makes sure that the repository has the layer, whose digest is found out on the way.
    ///
    /// # Errors
    /// The registry refuses it or cannot be reached, the model cannot be read, or the job is cancelled.
    pub async fn add_layer(&self, source: &LayerSource) -> Result<(Layer, Arrival)> {
        let failed = || format!("failed to push {} to {}", source.title, self.repository);
        if source.plan.len() >= LARGE && self.seems_new().await.context(failed)? {
            return self.send_at_once(source).await.context(failed);
        }
        let layer = source.hashed(&self.cancel).await?;
        let arrival = self.ensure_layer(&layer, &[]).await?;
        Ok((layer, arrival))
    }

    /// Makes sure that the repository has the layer; its bytes are sent only if neither this repository nor one of `from`
    /// has them.
    ///
    /// # Errors
    /// The registry refuses it or cannot be reached, the model cannot be read, or the job is cancelled.
    pub async fn ensure_layer(&self, layer: &Layer, from: &[&str]) -> Result<Arrival> {
        let failed = || format!("failed to push {} to {}", layer.title, self.repository);
        if self.has_blob(&layer.digest).await.context(failed)? {
            return Ok(Arrival::Reused);
        }
        for name in from {
            if self.mount(&layer.digest, name).await.context(failed)? {
                return Ok(Arrival::Reused);
            }
        }
        let upload = Upload::new(self, &layer.plan);
        let closed = upload.close(&layer.digest).await;
        if closed.is_err() {
            upload.abandon().await;
        }
        closed.context(failed)?;
        Ok(Arrival::Sent)
    }

    async fn seems_new(&self) -> Result<bool> {
        match self.tags_page(self.address("tags/list?n=1")?).await {
            Ok((tags, _)) => Ok(tags.is_empty()),
            Err(error) if matches!(error.cause(), Cause::Unreachable | Cause::Cancelled) => Err(error),
            // Not every registry lists, nor lets everyone list.
            Err(_) => Ok(false),
        }
    }

    async fn send_at_once(&self, source: &LayerSource) -> Result<(Layer, Arrival)> {
        // Whoever fails stops the other, and so does the layer's being there.
        let stop = self.cancel.child();
        let registry = self.with_cancel(&stop);
        let upload = Upload::new(&registry, &source.plan);
        let looking = async {
            let looked = self.look(source, &stop).await;
            if !matches!(looked, Ok((_, false))) {
                stop.cancel();
            }
            looked
        };
        let sending = async { upload.send().await.inspect_err(|_| stop.cancel()) };
        let done = match tokio::join!(looking, sending) {
            (Ok((layer, true)), _) => Ok((layer, Arrival::Reused)),
            (Ok((layer, false)), Ok(())) => upload.close(&layer.digest).await.map(|()| (layer, Arrival::Sent)),
            // The one that was stopped says so.
            (Err(look), Err(send)) if look.cause() == Cause::Cancelled => Err(send),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        };
        if !matches!(done, Ok((_, Arrival::Sent))) {
            upload.abandon().await;
        }
        done
    }

    /// The layer, and is it there?
    async fn look(&self, source: &LayerSource, stop: &Cancel) -> Result<(Layer, bool)> {
        let layer = source.hashed(stop).await?;
        let there = self.has_blob(&layer.digest).await?;
        Ok((layer, there))
    }
}
