//! Records as the API shows them.

use serde_json::{Value, json};

use super::App;
use super::account::{CLUSTER, base, cluster_object, organization_object, user_object, with};
use crate::records::{Artifact, Deployment, Kind, Repository, Revision};
use crate::state::Tables;

/// Presigned URLs and ids that go with one answer only.
#[derive(Default)]
pub(crate) struct Extras {
    pub upload_url: String,
    pub download_url: String,
    pub upload_id: String,
}

/// A repository.
pub(crate) fn repository(app: &App, tables: &Tables, record: &Repository) -> Value {
    let versions = tables.artifacts_of(record.kind, Some(&record.name));
    let latest = versions.iter().max_by_key(|version| &version.created_at);
    let latest = latest.map(|version| artifact(app, version, &Extras::default()));
    let mut answer = with(
        base(
            &record.uid,
            &record.name,
            &format!("{}_repository", record.kind.word()),
            &record.created_at,
            &record.updated_at,
        ),
        json!({"creator": user_object(), "organization": organization_object(), "description": record.description,
            format!("latest_{}", record.kind.word()): latest}),
    );
    if record.kind == Kind::Bento {
        let deployed = tables.deployments.values().filter(|deployment| {
            let bento = deployment.latest().and_then(|revision| tables.artifacts.get(&revision.bento));
            bento.is_some_and(|bento| bento.repository == record.name)
        });
        answer["n_bentos"] = json!(versions.len());
        answer["n_deployments"] = json!(deployed.count());
        answer["latest_bentos"] = json!([]);
    }
    answer
}

/// A Bento or model without its repository.
pub(crate) fn artifact(app: &App, record: &Artifact, extras: &Extras) -> Value {
    let mut answer = with(
        base(&record.uid, &record.version, record.kind.word(), &record.created_at, &record.updated_at),
        json!({
            "creator": user_object(),
            "version": record.version,
            "description": record.description,
            "image_build_status": "pending",
            "upload_status": record.upload_status,
            "upload_started_at": record.upload_started_at,
            "upload_finished_at": record.upload_finished_at,
            "upload_finished_reason": record.upload_finished_reason,
            "presigned_upload_url": extras.upload_url,
            "presigned_download_url": extras.download_url,
            "presigned_urls_deprecated": false,
            "transmission_strategy": app.transmission.strategy(app.flavor),
            "upload_id": extras.upload_id,
            "manifest": record.manifest,
            "build_at": record.build_at,
        }),
    );
    answer["labels"] = json!(record.labels);
    answer
}

/// A Bento or model with its repository, as in lists.
pub(crate) fn artifact_in_repository(app: &App, tables: &Tables, record: &Artifact) -> Value {
    let answer = artifact(app, record, &Extras::default());
    match tables.repository(record.kind, &record.repository) {
        Some(found) => with(answer, json!({"repository": repository(app, tables, found)})),
        None => answer,
    }
}

/// A Bento with its models (or a model with its Bentos), as GET of one answers it.
pub(crate) fn artifact_full(app: &App, tables: &Tables, record: &Artifact) -> Value {
    let (field, related): (_, Vec<&Artifact>) = match record.kind {
        Kind::Bento => ("models", bento_models(tables, record)),
        Kind::Model => {
            let bentos = tables.artifacts_of(Kind::Bento, None);
            ("bentos", bentos.into_iter().filter(|bento| model_tags(bento).any(|tag| tag == record.tag())).collect())
        }
    };
    let related: Vec<Value> = related.into_iter().map(|other| artifact_in_repository(app, tables, other)).collect();
    with(artifact_in_repository(app, tables, record), json!({field: related}))
}

/// The models of a Bento that this server knows.
pub(crate) fn bento_models<'t>(tables: &'t Tables, bento: &Artifact) -> Vec<&'t Artifact> {
    model_tags(bento).filter_map(|tag| tables.tagged(Kind::Model, tag)).collect()
}

fn model_tags(bento: &Artifact) -> impl Iterator<Item = &str> {
    bento.manifest["models"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A Deployment, with its URLs.
pub(crate) fn deployment(app: &App, tables: &Tables, record: &Deployment) -> Value {
    let mut answer = with(
        base(&record.uid, &record.name, "deployment", &record.created_at, &record.updated_at),
        json!({
            "creator": user_object(),
            "cluster": cluster_object(app),
            "status": record.status,
            "kube_namespace": format!("local--{CLUSTER}"),
            "urls": [record.url()],
            "manifest": {"dev": record.dev, "routing": null},
            "latest_revision": record.latest().map(|latest| revision(app, tables, record, latest)),
        }),
    );
    if let Some(labels) = record.latest().map(|latest| &latest.config["labels"]).filter(|labels| labels.is_array()) {
        answer["labels"] = labels.clone();
    }
    answer
}

fn revision(app: &App, tables: &Tables, record: &Deployment, revision: &Revision) -> Value {
    let bento = tables.artifacts.get(&revision.bento).map(|bento| artifact_in_repository(app, tables, bento));
    let status = if record.wanted { "active" } else { "inactive" };
    let part =
        |uid: &str, name: &str| base(uid, name, "deployment_revision", &revision.created_at, &revision.created_at);
    let target = with(
        part(&format!("{}-main", revision.uid), "main"),
        json!({"creator": user_object(), "kube_resource_uid": "", "kube_resource_version": "", "bento": bento,
            "config": revision.config}),
    );
    with(
        part(&revision.uid, &record.revisions.len().to_string()),
        json!({"creator": user_object(), "status": status, "targets": [target]}),
    )
}
