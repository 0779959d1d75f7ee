//! Upload: blocks of the archive, several at once, while it is still being made.
//!
//! Source: Azure's "Put Block" and "Put Block List".

use std::io::{self, Write};
use std::path::Path;

use actions_core::http;
use actions_core::http::Attempt;
use actions_core::{Context, Error, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use super::{Cache, pack};

/// Bytes of a block. 50,000 of them are the most that the storage takes: 100 GB.
const BLOCK: usize = 2 * 1024 * 1024;
const AT_ONCE: usize = 4;

/// Sends a folder's archive and returns its size, bytes.
pub(super) async fn folder(cache: &Cache, address: &SecretString, folder: &Path) -> Result<u64> {
    let (sender, receiver) = mpsc::channel(1);
    let source = folder.to_owned();
    let packing = tokio::task::spawn_blocking(move || {
        let mut blocks = Blocks { current: BytesMut::with_capacity(BLOCK), sender };
        pack::pack(&source, &mut blocks).and_then(|()| blocks.send())
    });
    let received = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let sending = received
        .enumerate()
        .map(|(number, block)| async move {
            let id = BASE64_STANDARD.encode(format!("{number:08}"));
            let query =
                format!("&comp=block&blockid={}", id.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F"));
            let length = block.len() as u64;
            put(cache, address, &query, block).await.map(|()| (id, length))
        })
        .buffered(AT_ONCE)
        .try_collect::<Vec<_>>();
    let sent = cache.cancel.run(sending).await?;
    let packed = packing.await.map_err(|error| Error::failure("packing stopped").caused_by(error))?;
    // When sending fails, packing fails because nobody takes its blocks.
    let sent = sent?;
    packed.context(|| format!("failed to pack {}", folder.display()))?;
    let ids: String = sent.iter().map(|(id, _)| format!("<Latest>{id}</Latest>")).collect();
    let list = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{ids}</BlockList>");
    put(cache, address, "&comp=blocklist", list.into()).await?;
    Ok(sent.iter().map(|(_, length)| length).sum())
}

/// A block or the list of them: the same again does no harm.
async fn put(cache: &Cache, address: &SecretString, query: &str, body: Bytes) -> Result<()> {
    let doing = "sending to the cache's storage";
    http::retry(&cache.cancel, || async {
        let request = cache.client.put(format!("{}{query}", address.expose_secret())).body(body.clone());
        let answer = request.send().await.map_err(|error| Attempt::Again(http::transport_error(doing, error), None))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let error = Error::failure(format!("{doing}: it answered {status}"));
        Err(if http::is_transient(status) {
            Attempt::Again(error, http::retry_after(answer.headers()))
        } else {
            Attempt::Final(error)
        })
    })
    .await
}

/// Cuts what is written into blocks.
struct Blocks {
    current: BytesMut,
    sender: mpsc::Sender<Bytes>,
}

impl Blocks {
    fn send(&mut self) -> io::Result<()> {
        if self.current.is_empty() {
            return Ok(());
        }
        let block = std::mem::replace(&mut self.current, BytesMut::with_capacity(BLOCK)).freeze();
        self.sender.blocking_send(block).map_err(|_| io::Error::other("the upload has ended"))
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK.saturating_sub(self.current.len()));
        self.current.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.current.len() == BLOCK {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
