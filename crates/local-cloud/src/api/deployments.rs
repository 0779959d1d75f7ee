//! Deployments, v2.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use serde_json::{Map, Value, json};

use super::App;
use super::account::CLUSTER;
use super::artifacts::parse;
use super::error::{ApiError, ApiResult};
use super::list::ListQuery;
use super::render;
use crate::records::{Deployment, Kind, Label, Revision, new_uid, now};
use crate::run::free_port;
use crate::state::Tables;

/// POST: creates and starts.
pub(crate) async fn create(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    body: axum::body::Bytes,
) -> ApiResult<Json<Value>> {
    check_cluster(&query)?;
    let mut request: Map<String, Value> = parse(&body)?;
    let port = free_port(&app.state)?;
    let answer = {
        let mut tables = app.state.lock();
        let revision = revision(&tables, &mut request)?;
        let name = match request.get("name").and_then(Value::as_str) {
            Some(name) => name.to_owned(),
            None => invent_name(&tables, &revision),
        };
        check_name(&name)?;
        if tables.deployments.contains_key(&name) {
            return Err(ApiError::bad(format!("deployment {name} already exists in cluster {CLUSTER}")));
        }
        let now = now();
        let record = Deployment {
            uid: new_uid(),
            name,
            dev: request.get("dev").and_then(Value::as_bool).unwrap_or_default(),
            created_at: now.clone(),
            updated_at: now,
            status: "deploying".to_owned(),
            reason: None,
            port,
            wanted: true,
            revisions: vec![revision],
        };
        tables.put_deployment(record.clone())?;
        app.supervisor.start(&record.name);
        render::deployment(&app, &tables, &record)
    };
    Ok(Json(answer))
}

/// GET the list, newest first.
pub(crate) async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> ApiResult<Json<Value>> {
    check_cluster(&query)?;
    let tables = app.state.lock();
    let mut found: Vec<&Deployment> =
        tables.deployments.values().filter(|record| query.wants(&record.name, &labels(record), true)).collect();
    found.sort_by(|a, b| b.created_at.cmp(&a.created_at));
    query.page(found, |record| render::deployment(&app, &tables, record)).map(Json)
}

/// GET one.
pub(crate) async fn get(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<Value>> {
    check_cluster(&query)?;
    let tables = app.state.lock();
    Ok(Json(render::deployment(&app, &tables, find(&tables, &name)?)))
}

/// PUT: a new revision replaces the whole configuration; the process is started anew on the same port, unless it would
/// run the same as before: then it stays, as replicas do whose description did not change.
pub(crate) async fn update(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
    body: axum::body::Bytes,
) -> ApiResult<Json<Value>> {
    check_cluster(&query)?;
    let mut request: Map<String, Value> = parse(&body)?;
    redeploy(&app, &name, Restart::WhenChanged, |tables, _| revision(tables, &mut request))
}

/// PUT `void_update`: the same configuration again.
pub(crate) async fn void_update(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<Value>> {
    check_cluster(&query)?;
    redeploy(&app, &name, Restart::Always, |_, record| {
        let latest = record.latest().cloned().ok_or_else(|| ApiError::bad("there is no revision to deploy again"))?;
        Ok(Revision { uid: new_uid(), created_at: now(), ..latest })
    })
}

/// When a new revision starts a new process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Restart {
    Always,
    WhenChanged,
}

fn redeploy(
    app: &App,
    name: &str,
    restart: Restart,
    next: impl FnOnce(&Tables, &Deployment) -> ApiResult<Revision>,
) -> ApiResult<Json<Value>> {
    let mut tables = app.state.lock();
    let mut record = find(&tables, name)?.clone();
    let revision = next(&tables, &record)?;
    let unchanged = record.status == "running" && record.latest().is_some_and(|latest| latest.runs_like(&revision));
    record.revisions.push(revision);
    record.wanted = true;
    record.updated_at = now();
    if unchanged && restart == Restart::WhenChanged {
        tables.put_deployment(record.clone())?;
    } else {
        record.status = "deploying".to_owned();
        record.reason = None;
        tables.put_deployment(record.clone())?;
        app.supervisor.start(name);
    }
    Ok(Json(render::deployment(app, &tables, &record)))
}

/// POST `terminate`: the answer says `terminating`; `terminated` follows when the process is gone.
pub(crate) async fn terminate(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<Value>> {
    check_cluster(&query)?;
    let mut tables = app.state.lock();
    let mut record = find(&tables, &name)?.clone();
    if record.wanted {
        record.wanted = false;
        record.status = "terminating".to_owned();
        record.updated_at = now();
        tables.put_deployment(record.clone())?;
        app.supervisor.terminate(&name);
    }
    Ok(Json(render::deployment(&app, &tables, &record)))
}

/// DELETE: only what is terminated, or about to be (the rule of Yatai).
pub(crate) async fn delete(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<Value>> {
    check_cluster(&query)?;
    {
        let tables = app.state.lock();
        if find(&tables, &name)?.wanted {
            return Err(ApiError::bad("deployment is not terminated"));
        }
    }
    app.supervisor.stop(&name).await;
    let mut tables = app.state.lock();
    let mut record = find(&tables, &name)?.clone();
    if record.wanted {
        return Err(ApiError::bad(format!("deployment {name} was started again meanwhile")));
    }
    tables.remove_deployment(&name)?;
    app.supervisor.forget(&name);
    record.status = "terminated".to_owned();
    let mut answer = render::deployment(&app, &tables, &record);
    answer["latest_revision"] = Value::Null;
    Ok(Json(answer))
}

/// The console page, whose address clients print. It needs no token, so it shows no logs, only where they are.
pub(crate) async fn page(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Html<String>> {
    let tables = app.state.lock();
    let record = find(&tables, &name)?;
    let (status, url) = (&record.status, record.url());
    let log = app.supervisor.log_path(&name);
    Ok(Html(format!(
        "<!doctype html><title>{name}</title><h1>{name}</h1><p>{status}<p><a href=\"{url}\">{url}</a><p>Log: <code>{}</code>",
        log.display()
    )))
}

fn find<'t>(tables: &'t Tables, name: &str) -> ApiResult<&'t Deployment> {
    tables.deployments.get(name).ok_or_else(|| ApiError::not_found(format!("get deployment {name}")))
}

fn labels(record: &Deployment) -> Vec<Label> {
    let labels = record.latest().map(|latest| latest.config["labels"].clone()).unwrap_or_default();
    serde_json::from_value(labels).unwrap_or_default()
}

fn check_cluster(query: &ListQuery) -> ApiResult<()> {
    match query.cluster.as_str() {
        "" | CLUSTER => Ok(()),
        other => Err(ApiError::not_found(format!("get cluster {other}"))),
    }
}

/// The request as a revision. What clients may not read as null gets its default.
fn revision(tables: &Tables, request: &mut Map<String, Value>) -> ApiResult<Revision> {
    let tag = request.get("bento").and_then(Value::as_str).unwrap_or_default();
    let bento = tables
        .tagged(Kind::Bento, tag)
        .ok_or_else(|| ApiError::bad(format!("can't find bento: {}", if tag.is_empty() { "(none)" } else { tag })))?;
    if bento.upload_status != "success" {
        return Err(ApiError::bad(format!("bento {tag} is not uploaded: its upload is {}", bento.upload_status)));
    }
    let mut field = |name: &str| request.remove(name).unwrap_or_default();
    let mut services = match field("services") {
        Value::Null => json!({}),
        services => services,
    };
    let Some(services_map) = services.as_object_mut() else {
        return Err(ApiError::binding("services must be an object"));
    };
    for (service, config) in services_map {
        let Some(config) = config.as_object_mut() else {
            return Err(ApiError::binding(format!("services.{service} must be an object")));
        };
        config.retain(|key, value| key != "config_overrides" || !value.is_null());
    }
    let config = json!({
        "access_authorization": field("access_authorization").as_bool().unwrap_or_default(),
        "envs": field("envs"),
        "labels": field("labels"),
        "secrets": field("secrets"),
        "services": services,
        "canary": field("canary"),
    });
    Ok(Revision { uid: new_uid(), created_at: now(), bento: bento.uid.clone(), config })
}

/// `<bento>-<four letters>`.
fn invent_name(tables: &Tables, revision: &Revision) -> String {
    let bento = tables.artifacts.get(&revision.bento).map_or("deployment", |bento| bento.repository.as_str());
    let stem: String = bento.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(50).collect();
    let stem = stem.trim_matches(|c: char| !c.is_ascii_lowercase());
    let stem = if stem.is_empty() { "deployment" } else { stem };
    format!("{stem}-{}", &revision.uid[..4])
}

/// A DNS-1035 label; it is also the name of a directory.
fn check_name(name: &str) -> ApiResult<()> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if first && name.len() <= 63 && !name.ends_with('-') && name.bytes().all(inner) {
        return Ok(());
    }
    Err(ApiError::bad(format!(
        "create deployment {name:?}: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
    )))
}
