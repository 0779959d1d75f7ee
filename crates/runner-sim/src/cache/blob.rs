//! The storage: block blobs as Azure has them, as far as a client with a signed address gets to see them.

use std::io;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::TryStreamExt;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::{ReaderStream, StreamReader};

use super::server::{Shared, part};
use super::sign::Permission;
use super::store;

/// Where the blobs are: with an IP address as host, the account is the first folder.
pub(super) const PREFIX: &str = "/account/actions-cache/";
/// Blocks of one blob.
const MOST_BLOCKS: usize = 50_000;
/// Bytes of the list of blocks.
const LONGEST_LIST: usize = 8 * 1024 * 1024;

/// An error as the storage writes it: a status, a code.
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code) = self;
        let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
        (status, [("x-ms-error-code", code), ("content-type", "application/xml")], body).into_response()
    }
}

impl From<io::Error> for Refusal {
    fn from(_: io::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")
    }
}

fn bad(code: &'static str) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, code)
}

/// The query, decoded.
pub(super) fn query(uri: &Uri) -> Vec<(String, String)> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// Put Blob, Put Block, Put Block List.
pub(super) async fn write(State(shared): State<Arc<Shared>>, Path(id): Path<u64>, request: Request) -> Response {
    match put(&shared, id, request).await {
        Ok(()) => {
            let headers = [("x-ms-request-server-encrypted", "true"), ("x-ms-request-id", "1"), ("etag", "\"1\"")];
            (StatusCode::CREATED, headers).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn put(shared: &Shared, id: u64, request: Request) -> Result<(), Refusal> {
    let query = query(request.uri());
    if !shared.signer.permits(&Shared::blob_path(id), &query, Permission::Write) {
        return Err(Refusal(StatusCode::FORBIDDEN, "AuthenticationFailed"));
    }
    let value = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let folder = shared.folder();
    let target = store::blob(&folder, id);
    let (parts, body) = request.into_parts();
    if !parts.headers.contains_key("content-length") {
        return Err(Refusal(StatusCode::LENGTH_REQUIRED, "MissingContentLengthHeader"));
    }
    match value("comp") {
        None => {
            let kind = parts.headers.get("x-ms-blob-type").ok_or(bad("MissingRequiredHeader"))?;
            if kind != "BlockBlob" {
                return Err(bad("InvalidHeaderValue"));
            }
            receive(body, &target).await
        }
        Some("block") => {
            let block = value("blockid").ok_or(bad("MissingRequiredQueryParameter"))?;
            let decoded = BASE64_STANDARD.decode(block).map_err(|_| bad("InvalidQueryParameterValue"))?;
            if decoded.is_empty() || decoded.len() > 64 {
                return Err(bad("InvalidQueryParameterValue"));
            }
            receive(body, &part(&folder, id, block)).await
        }
        Some("blocklist") => {
            let list = axum::body::to_bytes(body, LONGEST_LIST).await.map_err(|_| bad("RequestBodyTooLarge"))?;
            let list = String::from_utf8(list.to_vec()).map_err(|_| bad("InvalidXmlDocument"))?;
            join(&folder, id, &blocks(&list)?, &target).await
        }
        Some(_) => Err(bad("InvalidQueryParameterValue")),
    }
}

/// Writes a body to a file that has its name only when it is whole.
async fn receive(body: Body, target: &FilePath) -> Result<(), Refusal> {
    let half = target.with_extension(format!("{}.half", uuid::Uuid::new_v4().simple()));
    let mut body = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let mut file = File::create(&half).await?;
    tokio::io::copy(&mut body, &mut file).await?;
    tokio::io::AsyncWriteExt::flush(&mut file).await?;
    Ok(tokio::fs::rename(&half, target).await?)
}

async fn join(folder: &FilePath, id: u64, blocks: &[String], target: &FilePath) -> Result<(), Refusal> {
    if blocks.len() > MOST_BLOCKS {
        return Err(bad("BlockListTooLong"));
    }
    if blocks.iter().any(|block| block.len() != blocks[0].len()) {
        return Err(bad("InvalidBlockList"));
    }
    let mut whole = File::create(target).await?;
    for block in blocks {
        let mut file = File::open(part(folder, id, block)).await.map_err(|_| bad("InvalidBlockList"))?;
        tokio::io::copy(&mut file, &mut whole).await?;
    }
    for block in blocks {
        // Named twice in the list, it is gone already.
        let _ = tokio::fs::remove_file(part(folder, id, block)).await;
    }
    tokio::io::AsyncWriteExt::flush(&mut whole).await?;
    Ok(())
}

/// The ids in `<BlockList><Latest>id</Latest>…</BlockList>`. Ids are base64: nothing in them is escaped.
fn blocks(list: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || bad("InvalidXmlDocument");
    let (_, rest) = list.split_once("<BlockList>").ok_or_else(wrong)?;
    let (mut rest, _) = rest.split_once("</BlockList>").ok_or_else(wrong)?;
    let mut found = Vec::new();
    while !rest.trim().is_empty() {
        let (tag, after) =
            rest.trim_start().strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or_else(wrong)?;
        if !["Latest", "Uncommitted"].contains(&tag) {
            return Err(bad("InvalidBlockList"));
        }
        let (block, after) = after.split_once(&format!("</{tag}>")).ok_or_else(wrong)?;
        found.push(block.trim().to_owned());
        rest = after;
    }
    Ok(found)
}

/// Get Blob, Get Blob Properties.
pub(super) async fn read(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<u64>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let permitted = shared.signer.permits(&Shared::blob_path(id), &query(&uri), Permission::Read);
    let answer = match permitted {
        false => Err(Refusal(StatusCode::FORBIDDEN, "AuthenticationFailed")),
        true => get(&shared.folder(), id, &method, &headers).await,
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn get(folder: &FilePath, id: u64, method: &Method, headers: &HeaderMap) -> Result<Response, Refusal> {
    let missing = |_| Refusal(StatusCode::NOT_FOUND, "BlobNotFound");
    let mut file = File::open(store::blob(folder, id)).await.map_err(missing)?;
    let size = file.metadata().await?.len();
    // Azure's own name for it wins.
    let range = ["x-ms-range", "range"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    let range = range.and_then(|range| parse_range(range, size));
    let (start, length) = match range {
        Some(Err(refusal)) => return Err(refusal),
        Some(Ok(range)) => range,
        None => (0, size),
    };
    let mut answer = Response::builder()
        .header("content-length", length)
        .header("content-type", "application/octet-stream")
        .header("accept-ranges", "bytes")
        .header("x-ms-blob-type", "BlockBlob")
        .header("etag", "\"1\"");
    if range.is_some() {
        let end = start + length - 1;
        answer = answer.status(StatusCode::PARTIAL_CONTENT);
        answer = answer.header("content-range", format!("bytes {start}-{end}/{size}"));
    }
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        file.seek(io::SeekFrom::Start(start)).await?;
        Body::from_stream(ReaderStream::with_capacity(file.take(length), 256 * 1024))
    };
    answer.body(body).map_err(|_| Refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"))
}

/// Start and length of `bytes=1-2` or `bytes=1-`; other forms are passed over, as the storage does.
fn parse_range(range: &str, size: u64) -> Option<Result<(u64, u64), Refusal>> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    let start: u64 = start.parse().ok()?;
    let end: u64 = if end.is_empty() { u64::MAX } else { end.parse().ok()? };
    if start >= size || end < start {
        return Some(Err(Refusal(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange")));
    }
    Some(Ok((start, end.min(size - 1) - start + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_blocks_are_read_strictly() {
        let list =
            "<?xml version=\"1.0\"?><BlockList>\n <Latest>QQ==</Latest><Uncommitted>Qg==</Uncommitted></BlockList>";
        assert_eq!(blocks(list).ok(), Some(vec!["QQ==".to_owned(), "Qg==".to_owned()]));
        for bad in ["", "<BlockList>", "<BlockList><Latest>QQ==</BlockList>", "<BlockList>QQ==</BlockList>"] {
            assert!(blocks(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_end_where_the_blob_ends() {
        let of = |range| parse_range(range, 10).map(|range| range.ok());
        assert_eq!(of("bytes=2-4"), Some(Some((2, 3))));
        assert_eq!(of("bytes=8-"), Some(Some((8, 2))));
        assert_eq!(of("bytes=0-99"), Some(Some((0, 10))));
        assert_eq!(of("bytes=10-"), Some(None));
        assert_eq!(of("bytes=-3"), None);
    }
}
