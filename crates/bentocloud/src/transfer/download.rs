//! Downloads: streamed into the unpacker, resumed where they broke off.

use actions_core::http;
use actions_core::http::{Attempt, Policy, Refusal, Resume};
use actions_core::{Context, Result};
use bento_format::Store;
use reqwest::{Method, RequestBuilder};
use tempfile::TempDir;

use super::progress::Progress;
use crate::artifact::{Artifact, Remote};
use crate::client::Peer;

/// Downloads a version's archive and unpacks it into a staging folder of the store, without keeping the archive.
///
/// # Errors
/// Nothing of it is left then.
pub(crate) async fn download(remote: &Remote<'_>, artifact: &Artifact, store: &Store) -> Result<TempDir> {
    let progress = Progress::new(format!("pulling {}", remote.noun()), None);
    let open = |resume: Resume| async move {
        let (request, peer) = request(remote, artifact).await?;
        let broken = |error| Attempt::Again(http::transport_error("the transfer broke off", error), None);
        let response = resume.ask(request).send().await.map_err(broken)?;
        if resume.takes(response.status()) {
            return Ok(response);
        }
        let refusal = Refusal::of(response).await;
        Err(refusal.judge(remote.client.transfer_refusal(peer, &refusal, "the download")))
    };
    let store = store.clone();
    let take = move |archive| {
        let staging = store.stage()?;
        archive::unpack(archive, staging.path())?;
        Ok(staging)
    };
    let count = |bytes| progress.add(bytes);
    let downloading = http::download(&Policy::USUAL, &remote.client.cancel, count, open, take);
    progress.during(downloading).await.context(|| format!("failed to pull {}", remote.noun()))
}

/// The request for the content, signed anew each time.
pub(super) async fn request(remote: &Remote<'_>, artifact: &Artifact) -> Result<(RequestBuilder, Peer)> {
    if artifact.transmission_strategy.as_deref() != Some("proxy") {
        let signed = remote.patch("presign_download_url", None).await?.presigned_download_url;
        if let Some(address) = signed.filter(|address| !address.is_empty()) {
            return Ok((remote.client.at_storage(Method::GET, &address)?, Peer::Storage));
        }
    }
    Ok((remote.content(Method::GET, "download")?, Peer::Api))
}
