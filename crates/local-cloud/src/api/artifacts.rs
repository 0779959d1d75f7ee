//! Repositories, Bentos and models: create, update, find. The two kinds differ in words only.

use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::App;
use super::error::{ApiError, ApiResult};
use super::list::ListQuery;
use super::render::{self, Extras};
use crate::records::{Artifact, Kind, Label, Repository, new_uid, now};
use crate::state::Tables;

/// Body of POST repositories.
#[derive(Deserialize)]
pub(crate) struct CreateRepository {
    #[serde(default)]
    name: String,
}

/// Body of POST bentos and POST models; of PATCH bento too, where everything may be absent or null.
#[derive(Deserialize)]
pub(crate) struct Change {
    version: Option<String>,
    description: Option<String>,
    manifest: Option<Value>,
    build_at: Option<String>,
    labels: Option<Vec<Label>>,
}

/// A JSON body, whatever its content type; no body at all is an empty object.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> ApiResult<T> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(ApiError::binding)
}

/// POST repositories.
pub(crate) async fn create_repository(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    body: axum::body::Bytes,
) -> ApiResult<Json<Value>> {
    let CreateRepository { name } = parse(&body)?;
    check_name(&app, kind, &name, 128)?;
    let mut tables = app.state.lock();
    if tables.repository(kind, &name).is_some() {
        let word = kind.word();
        return Err(duplicate(&format!("{word}Repository"), &format!("uk_{word}Repository_orgId_name")));
    }
    let now = now();
    let record = Repository {
        uid: new_uid(),
        kind,
        name,
        // Yatai ignores the description of the request.
        description: String::new(),
        created_at: now.clone(),
        updated_at: now,
    };
    tables.put_repository(record.clone())?;
    Ok(Json(render::repository(&app, &tables, &record)))
}

/// GET one repository.
pub(crate) async fn get_repository(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    Path(name): Path<String>,
) -> ApiResult<Json<Value>> {
    let tables = app.state.lock();
    let record = find_repository(&tables, kind, &name)?;
    Ok(Json(render::repository(&app, &tables, record)))
}

/// GET repositories.
pub(crate) async fn list_repositories(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<Value>> {
    let tables = app.state.lock();
    let mut found: Vec<&Repository> = tables
        .repositories
        .values()
        .filter(|record| record.kind == kind && query.wants(&record.name, &[], true))
        .collect();
    found.sort_by(|a, b| b.created_at.cmp(&a.created_at));
    query.page(found, |record| render::repository(&app, &tables, record)).map(Json)
}

/// POST bentos, POST models.
pub(crate) async fn create(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    Path(repository): Path<String>,
    body: axum::body::Bytes,
) -> ApiResult<Json<Value>> {
    let change: Change = parse(&body)?;
    let version = change.version.unwrap_or_default();
    check_name(&app, kind, &version, 512)?;
    let build_at = build_at(app.is_yatai(), change.build_at.as_deref())?;
    let mut tables = app.state.lock();
    find_repository(&tables, kind, &repository)?;
    if tables.artifact(kind, &repository, &version).is_some() {
        let word = kind.word();
        return Err(duplicate(word, &format!("uk_{word}_{word}RepositoryId_version")));
    }
    let manifest = change.manifest.unwrap_or(Value::Null);
    if app.is_yatai() && kind == Kind::Bento {
        check_models(&tables, &manifest)?;
    }
    let now = now();
    let record = Artifact {
        uid: new_uid(),
        kind,
        repository,
        version,
        description: change.description.unwrap_or_default(),
        labels: last_of_each_key(change.labels.unwrap_or_default()),
        manifest: known_fields(&app, kind, manifest),
        build_at,
        created_at: now.clone(),
        updated_at: now,
        upload_status: "pending".to_owned(),
        upload_started_at: None,
        upload_finished_at: None,
        upload_finished_reason: String::new(),
    };
    tables.put_artifact(record.clone())?;
    Ok(Json(render::artifact(&app, &record, &Extras::default())))
}

/// PATCH one Bento or model: what is null or absent stays.
pub(crate) async fn update(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    Path((repository, version)): Path<(String, String)>,
    body: axum::body::Bytes,
) -> ApiResult<Json<Value>> {
    let change: Change = parse(&body)?;
    let mut tables = app.state.lock();
    let before = find(&tables, kind, &repository, &version)?.clone();
    let mut record = before.clone();
    if let Some(manifest) = change.manifest {
        record.manifest = known_fields(&app, kind, manifest);
    }
    if let Some(labels) = change.labels {
        record.labels = last_of_each_key(labels);
    }
    if let Some(description) = change.description.filter(|_| !app.is_yatai()) {
        record.description = description;
    }
    record.updated_at = now();
    tables.put_artifact(record.clone())?;
    Ok(Json(render::artifact(&app, shown(&app, &before, &record), &Extras::default())))
}

/// GET one Bento or model.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    Path((repository, version)): Path<(String, String)>,
) -> ApiResult<Json<Value>> {
    let tables = app.state.lock();
    let record = find(&tables, kind, &repository, &version)?;
    Ok(Json(render::artifact_full(&app, &tables, record)))
}

/// GET the versions of a repository, newest build first. For BentoCloud a repository that does not exist has none:
/// its client takes a 404 for an error here.
pub(crate) async fn list_versions(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    Path(repository): Path<String>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<Value>> {
    if app.is_yatai() {
        find_repository(&app.state.lock(), kind, &repository)?;
    }
    // Yatai ignores `q` on the models of one repository.
    list(&app, kind, Some(&repository), &query, !(app.is_yatai() && kind == Kind::Model))
}

/// GET all Bentos, GET all models.
pub(crate) async fn list_all(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<Value>> {
    list(&app, kind, None, &query, true)
}

fn list(app: &App, kind: Kind, repository: Option<&str>, query: &ListQuery, honour_q: bool) -> ApiResult<Json<Value>> {
    let tables = app.state.lock();
    let mut found = tables.artifacts_of(kind, repository);
    found.retain(|record| query.wants(&record.repository, &record.labels, honour_q));
    query.page(found, |record| render::artifact_in_repository(app, &tables, record)).map(Json)
}

/// A repository that must be there.
pub(crate) fn find_repository<'t>(tables: &'t Tables, kind: Kind, name: &str) -> ApiResult<&'t Repository> {
    let word = kind.word();
    tables.repository(kind, name).ok_or_else(|| ApiError::not_found(format!("get {word}Repository {name}")))
}

/// A Bento or model that must be there.
pub(crate) fn find<'t>(tables: &'t Tables, kind: Kind, repository: &str, version: &str) -> ApiResult<&'t Artifact> {
    find_repository(tables, kind, repository)?;
    let word = kind.word();
    tables.artifact(kind, repository, version).ok_or_else(|| {
        ApiError::not_found(format!("get {word}Repository {repository} {word} {version}: get {word} {version}"))
    })
}

/// Which state a PATCH answers: Yatai shows a model as it was *before* the call, a Bento as it is after it.
pub(crate) fn shown<'r>(app: &App, before: &'r Artifact, after: &'r Artifact) -> &'r Artifact {
    if app.is_yatai() && after.kind == Kind::Model { before } else { after }
}

fn duplicate(what: &str, constraint: &str) -> ApiError {
    ApiError::bad(format!(
        "create {what}: ERROR: duplicate key value violates unique constraint \"{constraint}\" (SQLSTATE 23505)"
    ))
}

/// Yatai checks the length only. Here the grammar of tags holds, so that what is stored can be pulled.
fn check_name(app: &App, kind: Kind, name: &str, longest: usize) -> ApiResult<()> {
    if name.len() > longest {
        let word = kind.word();
        let message =
            format!("create {word}: ERROR: value too long for type character varying({longest}) (SQLSTATE 22001)");
        return Err(ApiError::bad(message));
    }
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let outer = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    if app.is_yatai() || (bytes.iter().copied().all(inner) && outer(bytes.first()) && outer(bytes.last())) {
        return Ok(());
    }
    Err(ApiError::bad(format!("{name:?} is not a name: lower-case letters, digits, '-', '_' and '.' only")))
}

/// Every model of the manifest whose repository is known must be known itself (Yatai).
fn check_models(tables: &Tables, manifest: &Value) -> ApiResult<()> {
    for tag in manifest["models"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let (name, version) = tag.split_once(':').unwrap_or((tag, ""));
        if tables.repository(Kind::Model, name).is_some() && tables.artifact(Kind::Model, name, version).is_none() {
            let message = format!("create bento: failed to get model by model repository id 1 and model {version}");
            return Err(ApiError::not_found(message));
        }
    }
    Ok(())
}

/// The manifest as the flavour keeps it: Yatai knows the fields of 1.1 only, and drops the others.
fn known_fields(app: &App, kind: Kind, manifest: Value) -> Value {
    let (true, Value::Object(mut sent)) = (app.is_yatai(), manifest.clone()) else { return manifest };
    let fields: &[(&str, Value)] = &match kind {
        Kind::Bento => [
            ("service", json!("")),
            ("bentoml_version", json!("")),
            ("apis", Value::Null),
            ("models", Value::Null),
            ("runners", Value::Null),
            ("size_bytes", json!(0)),
        ]
        .to_vec(),
        Kind::Model => [
            ("bentoml_version", json!("")),
            ("api_version", json!("")),
            ("module", json!("")),
            ("metadata", Value::Null),
            ("context", Value::Null),
            ("options", Value::Null),
            ("size_bytes", json!(0)),
        ]
        .to_vec(),
    };
    let mut kept = Map::new();
    for (field, default) in fields {
        kept.insert((*field).to_owned(), sent.remove(*field).unwrap_or_else(|| default.clone()));
    }
    Value::Object(kept)
}

/// Of a key given twice the last wins.
fn last_of_each_key(labels: Vec<Label>) -> Vec<Label> {
    let mut kept: Vec<Label> = Vec::new();
    for label in labels {
        kept.retain(|other| other.key != label.key);
        kept.push(label);
    }
    kept
}

/// `build_at` as RFC 3339 in UTC. Yatai takes exactly `2006-01-02 15:04:05.000000`; BentoCloud is taken to be as
/// lenient as its client is.
fn build_at(strict: bool, text: Option<&str>) -> ApiResult<String> {
    let text = text.unwrap_or_default();
    let strict_layout = text.len() == 26 && text.as_bytes()[10] == b' ' && text.as_bytes()[19] == b'.';
    if strict && !strict_layout {
        return Err(ApiError::bad(format!(
            "parse build_at: parsing time \"{text}\" as \"2006-01-02 15:04:05.000000\": cannot parse"
        )));
    }
    if text.is_empty() {
        return Ok(now());
    }
    let parsed = text.parse::<jiff::Timestamp>().or_else(|_| {
        let civil: jiff::civil::DateTime = text.parse()?;
        Ok(civil.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())
    });
    parsed
        .map(|time| format!("{time:.6}"))
        .map_err(|error: jiff::Error| ApiError::bad(format!("parse build_at: parsing time \"{text}\": {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_at_is_read_in_the_layouts_clients_send() {
        for text in ["2026-11-22 06:40:04.931603", "2026-11-22T06:40:04.931603Z", "2026-11-22T07:40:04.931603+01:00"] {
            assert_eq!(build_at(false, Some(text)).expect("a time"), "2026-11-22T06:40:04.931603Z", "{text}");
        }
    }

    #[test]
    fn yatai_takes_one_layout_only() {
        assert!(build_at(true, Some("2026-11-22 06:40:04.931603")).is_ok());
        for text in [None, Some(""), Some("2026-11-22T06:40:04.931603"), Some("2026-11-22 06:40:04")] {
            assert!(build_at(true, text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_last_label_of_a_key_wins() {
        let label = |key: &str, value: &str| Label { key: key.to_owned(), value: value.to_owned() };
        let kept = last_of_each_key(vec![label("a", "1"), label("b", "2"), label("a", "3")]);
        assert_eq!(kept, [label("b", "2"), label("a", "3")]);
    }
}
