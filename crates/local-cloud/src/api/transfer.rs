//! Uploads and downloads: the steps of the three transmission ways.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;

use super::App;
use super::artifacts::{find, parse, shown};
use super::error::{ApiError, ApiResult};
use super::render::{self, Extras};
use crate::records::{Artifact, Kind, now};

type Version = Path<(String, String)>;

/// Upload states a client may set.
const STATES: [&str; 4] = ["pending", "uploading", "success", "failed"];

/// Body of `finish_upload`.
#[derive(Deserialize)]
struct Finish {
    status: Option<String>,
    reason: Option<String>,
}

/// Body of `presign_multipart_upload_url`.
#[derive(Deserialize)]
struct PartRequest {
    upload_id: String,
    part_number: u16,
}

/// Body of `complete_multipart_upload`.
#[derive(Deserialize)]
struct Complete {
    upload_id: String,
    parts: Vec<Part>,
}

/// One part, with its ETag as the storage gave it (quotes and all).
#[derive(Deserialize)]
struct Part {
    part_number: i32,
    etag: String,
}

/// PATCH `presign_upload_url`.
pub(crate) async fn presign_upload(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    path: Version,
) -> ApiResult {
    answer(&app, kind, &path, |record| {
        Ok(Extras { upload_url: app.objects.put_url(&record.object_key()).into(), ..Default::default() })
    })
}

/// PATCH `presign_download_url`.
pub(crate) async fn presign_download(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    path: Version,
) -> ApiResult {
    answer(&app, kind, &path, |record| {
        // There is no object to point at for a model that lives on a hub.
        let url =
            if record.is_hub_reference() { String::new() } else { app.objects.get_url(&record.object_key()).into() };
        Ok(Extras { download_url: url, ..Default::default() })
    })
}

/// PATCH `start_upload`. No state forbids it: a success may be uploaded again.
pub(crate) async fn start(State(app): State<App>, Extension(kind): Extension<Kind>, path: Version) -> ApiResult {
    change(&app, kind, &path, |record| {
        record.upload_status = "uploading".to_owned();
        record.upload_started_at = Some(now());
    })
}

/// PATCH `finish_upload`. Nothing checks that an object is there: development Bentos have none.
pub(crate) async fn finish(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    path: Version,
    body: axum::body::Bytes,
) -> ApiResult {
    let Finish { status, reason } = parse(&body)?;
    if let Some(status) = status.as_deref().filter(|status| !STATES.contains(status)) {
        let word = kind.word();
        return Err(ApiError::bad(format!(
            "update {word}: ERROR: invalid input value for enum {word}_upload_status: \"{status}\" (SQLSTATE 22P02)"
        )));
    }
    change(&app, kind, &path, |record| {
        record.upload_finished_at = Some(now());
        if let Some(status) = status {
            record.upload_status = status;
        }
        if let Some(reason) = reason {
            record.upload_finished_reason = reason;
        }
    })
}

/// PATCH `start_multipart_upload`.
pub(crate) async fn start_multipart(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    path: Version,
) -> ApiResult {
    let key = object_key(&app, kind, &path)?;
    let upload_id = app
        .objects
        .start_multipart(&key)
        .await
        .map_err(|error| ApiError::bad(format!("failed to start multipart upload: {error}")))?;
    answer(&app, kind, &path, |_| Ok(Extras { upload_id, ..Default::default() }))
}

/// PATCH `presign_multipart_upload_url`.
pub(crate) async fn presign_part(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    path: Version,
    body: axum::body::Bytes,
) -> ApiResult {
    let PartRequest { upload_id, part_number } = parse(&body)?;
    if upload_id.is_empty() || !(1..=10_000).contains(&part_number) {
        return Err(ApiError::binding("upload_id and a part_number from 1 to 10000 are required"));
    }
    answer(&app, kind, &path, |record| {
        let url = app.objects.part_url(&record.object_key(), &upload_id, part_number);
        Ok(Extras { upload_url: url.into(), ..Default::default() })
    })
}

/// PATCH `complete_multipart_upload`.
pub(crate) async fn complete_multipart(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    path: Version,
    body: axum::body::Bytes,
) -> ApiResult {
    let Complete { upload_id, parts } = parse(&body)?;
    let key = object_key(&app, kind, &path)?;
    let parts = parts.into_iter().map(|part| (part.part_number, part.etag.trim_matches('"').to_owned())).collect();
    app.objects
        .complete_multipart(&key, &upload_id, parts)
        .await
        .map_err(|error| ApiError::bad(format!("failed to complete multipart upload: {error}")))?;
    answer(&app, kind, &path, |_| Ok(Extras::default()))
}

/// PUT `upload`: the proxy way. Sets the state by itself.
pub(crate) async fn upload(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    path: Version,
    body: Body,
) -> ApiResult {
    let key = object_key(&app, kind, &path).map_err(ApiError::into_internal)?;
    let stored = app.objects.put(&key, body).await;
    change(&app, kind, &path, |record| {
        let state = if stored.is_ok() { "success" } else { "failed" };
        record.upload_status = state.to_owned();
        record.upload_finished_at = Some(now());
        record.upload_finished_reason = stored.as_ref().err().map(ToString::to_string).unwrap_or_default();
    })
    .map_err(ApiError::into_internal)?;
    match stored {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(error) => Err(ApiError::internal(format!("put object: {error}"))),
    }
}

/// GET `download`: the proxy way. Yatai sends no length.
pub(crate) async fn download(State(app): State<App>, Extension(kind): Extension<Kind>, path: Version) -> ApiResult {
    let key = object_key(&app, kind, &path).map_err(ApiError::into_internal)?;
    let (length, content) =
        app.objects.get(&key).await.map_err(|error| ApiError::internal(format!("copy object: {error}")))?;
    let mut response = Response::builder().header(header::CONTENT_TYPE, "application/octet-stream");
    if !app.is_yatai() {
        response = response.header(header::CONTENT_LENGTH, length);
    }
    response.body(Body::from_stream(content)).map_err(ApiError::internal)
}

fn object_key(app: &App, kind: Kind, Path((repository, version)): &Version) -> ApiResult<String> {
    let tables = app.state.lock();
    find(&tables, kind, repository, version).map(Artifact::object_key)
}

/// The record as it is, with what goes with this answer only.
fn answer(
    app: &App,
    kind: Kind,
    Path((repository, version)): &Version,
    extras: impl FnOnce(&Artifact) -> ApiResult<Extras>,
) -> ApiResult {
    let tables = app.state.lock();
    let record = find(&tables, kind, repository, version)?;
    Ok(Json::<Value>(render::artifact(app, record, &extras(record)?)).into_response())
}

/// The record after a change (of a model on Yatai: before it).
fn change(
    app: &App,
    kind: Kind,
    Path((repository, version)): &Version,
    change: impl FnOnce(&mut Artifact),
) -> ApiResult {
    let mut tables = app.state.lock();
    let before = find(&tables, kind, repository, version)?.clone();
    let mut after = before.clone();
    change(&mut after);
    after.updated_at = now();
    tables.put_artifact(after.clone())?;
    Ok(Json::<Value>(render::artifact(app, shown(app, &before, &after), &Extras::default())).into_response())
}
