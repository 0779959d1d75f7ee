//! User, organisation, cluster and instance types: there is one of each, and a few types.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::App;
use super::error::{ApiError, ApiResult};
use super::list::ListQuery;

/// Name of the one cluster.
pub(crate) const CLUSTER: &str = "default";
/// Name of the one organisation.
const ORGANIZATION: &str = "local";
/// The records of the house itself have no date of their own.
const EPOCH: &str = "2024-01-01T00:00:00Z";

/// The fields that every resource has.
pub(crate) fn base(uid: &str, name: &str, resource_type: &str, created_at: &str, updated_at: &str) -> Value {
    json!({"uid": uid, "created_at": created_at, "updated_at": updated_at, "deleted_at": null,
        "name": name, "resource_type": resource_type, "labels": []})
}

/// Adds fields to an object.
pub(crate) fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// The user.
pub(crate) fn user_object() -> Value {
    with(
        base("user-local", "local", "user", EPOCH, EPOCH),
        json!({"first_name": "Local", "last_name": "User", "email": "local@localhost", "avatar_url": "",
            "is_super_admin": true}),
    )
}

/// The organisation.
pub(crate) fn organization_object() -> Value {
    with(
        base("org-local", ORGANIZATION, "organization", EPOCH, EPOCH),
        json!({"creator": user_object(), "description": ""}),
    )
}

/// The cluster. Yatai's lacks the name of the organisation.
pub(crate) fn cluster_object(app: &App) -> Value {
    let cluster = with(
        base("cluster-default", CLUSTER, "cluster", EPOCH, EPOCH),
        json!({"creator": user_object(), "description": ""}),
    );
    if app.is_yatai() {
        return cluster;
    }
    with(cluster, json!({"organization_name": ORGANIZATION, "is_first": true}))
}

/// GET `/api/v1/auth/current`.
pub(crate) async fn user() -> Json<Value> {
    Json(user_object())
}

/// GET `/api/v1/current_org`.
pub(crate) async fn organization() -> Json<Value> {
    Json(organization_object())
}

/// GET `/api/v1/clusters`.
pub(crate) async fn clusters(State(app): State<App>, Query(query): Query<ListQuery>) -> ApiResult<Json<Value>> {
    query.page(vec![()], |()| cluster_object(&app)).map(Json)
}

/// GET `/api/v1/clusters/{cluster}`.
pub(crate) async fn cluster(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Json<Value>> {
    if name != CLUSTER {
        return Err(ApiError::not_found(format!("get cluster {name}")));
    }
    let (config, instances) = if app.is_yatai() {
        (Value::Null, json!({}))
    } else {
        (json!({"default_deployment_kube_namespace": "local"}), json!({"resource_instances": instance_list()}))
    };
    let full = json!({"organization": organization_object(), "kube_config": "", "config": config,
        "grafana_root_path": "/api/v1/clusters/default/grafana/"});
    Ok(Json(with(with(cluster_object(&app), full), instances)))
}

/// GET `/api/v1/instance_types`: a plain array.
pub(crate) async fn instance_types() -> Json<Value> {
    Json(instance_list())
}

/// The types exist so that configurations that name one are taken; all run on this machine as they are.
fn instance_list() -> Value {
    [("cpu.1", "500m", "1000m", "2Gi"), ("cpu.2", "1000m", "2000m", "4Gi"), ("cpu.4", "2000m", "4000m", "8Gi")]
        .into_iter()
        .map(|(name, request, limit, memory)| {
            let resources = json!({
                "requests": {"cpu": request, "memory": memory, "gpu": null, "custom": null},
                "limits": {"cpu": limit, "memory": memory, "gpu": null, "custom": null}});
            with(
                base(&format!("instance-{name}"), name, "resource_instance", EPOCH, EPOCH),
                json!({"display_name": name, "description": "This machine", "config": {"group": "cpu",
                    "resources": resources, "price": "0", "node_selectors": {}, "gpu_config": null}}),
            )
        })
        .collect()
}
