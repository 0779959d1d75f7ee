//! What the cloud has.

use serde_json::{Value, json};

/// The Deployments that `dep-1` may be, by name; `none` is none at all. Two more are of no use at random:
/// `foreign`, of a server that the client does not know, and `unweighed`, in which a target has no share of the traffic.
pub(crate) const STATES: [&str; 8] =
    ["none", "plain", "full", "canary", "nulls", "odd-scaling", "bare-canary", "routing-only"];

fn resource(name: &str, kind: &str) -> Value {
    json!({
        "uid": format!("{kind}-1"), "created_at": "2024-05-01T10:00:00Z", "updated_at": null, "deleted_at": null,
        "name": name, "resource_type": kind, "labels": [],
    })
}

fn with(mut base: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(more);
    base
}

pub(crate) fn user() -> Value {
    with(resource("ada", "user"), json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "L"}))
}

pub(crate) fn bento(version: &str) -> Value {
    with(
        resource(version, "bento"),
        json!({
            "version": version, "description": "", "image_build_status": "success", "upload_status": "success",
            "upload_finished_reason": "", "presigned_upload_url": "", "presigned_download_url": "",
            "repository": with(resource("single", "bento_repository"), json!({"description": "", "latest_bento": null})),
            "manifest": {
                "service": "service:Single", "bentoml_version": "1.4.39", "size_bytes": 1, "entry_service": "Single",
                "name": "single", "version": version, "apis": {}, "models": [], "envs": [], "schema": {},
                "services": [
                    {"name": "Single", "service": "", "models": [], "dependencies": [], "config": {}},
                    {"name": "Other", "service": "", "models": [], "dependencies": [], "config": {}},
                ],
            },
        }),
    )
}

fn target(name: &str, config: Value) -> Value {
    let more = json!({"creator": null, "config": config, "bento": bento("aaaabbbbccccdddd")});
    with(resource(name, "deployment_revision"), more)
}

/// A Deployment in one of the states.
pub(crate) fn deployment(name: &str, state: &str) -> Value {
    let plain = json!({"access_authorization": false, "services": {"Single": {"instance_type": "cpu.1"}}});
    let full = json!({
        "access_authorization": true,
        "envs": [{"name": "OLD", "value": "1"}],
        "secrets": ["hf"],
        "services": {
            "Single": {
                "instance_type": "gpu.t4", "envs": [{"name": "OWN", "value": "x"}],
                "scaling": {"min_replicas": 2, "max_replicas": 4, "policy": {"metrics": [{"type": "cpu", "value": 80}], "scale_up_behavior": "fast"}},
                "deployment_strategy": "Recreate", "cold_start_timeout": 60,
                "extras": {"bento_function_overrides": {"annotations": {"a": "1"}}, "bento_request_overrides": {"imageBuildTimeout": 60}},
                "config_overrides": {"traffic": {"timeout": 30}},
            },
            "Other": {"scaling": {"min_replicas": 0, "max_replicas": 1}},
        },
    });
    let nulls = json!({
        "access_authorization": false, "envs": null, "labels": null, "secrets": null, "canary": null,
        "services": {"Single": {
            "instance_type": null, "scaling": null, "envs": [null, {"name": "A", "value": "b"}], "deployment_strategy": null,
            "extras": null, "cold_start_timeout": null, "config_overrides": null,
        }},
    });
    let odd = json!({"services": {
        "Single": {"scaling": {}, "deployment_strategy": ""},
        "Other": {"scaling": {"min_replicas": null, "max_replicas": null, "policy": null}, "deployment_strategy": "Surge"},
    }});
    let routing = json!({"route_type": "header", "route_by": "x-user", "weights": {"next": 20}});
    let others = json!({"route_type": "header", "route_by": "x-user", "weights": {"v9": 20}});
    let (targets, routing) = match state {
        "full" => (vec![target("main", full)], Value::Null),
        "canary" => (vec![target("main", full.clone()), target("next", full)], routing),
        "unweighed" => (vec![target("main", plain.clone()), target("next", plain)], others),
        "nulls" => (vec![target("main", nulls)], Value::Null),
        "odd-scaling" => (vec![target("main", odd)], Value::Null),
        "bare-canary" => (vec![target("next", Value::Null), target("main", plain)], Value::Null),
        "foreign" => (vec![target("main", json!({"services": null}))], Value::Null),
        "routing-only" => (vec![target("anything", plain)], json!({"route_type": "random"})),
        _ => (vec![target("main", plain)], Value::Null),
    };
    with(
        resource(name, "deployment"),
        json!({
            "status": "running", "kube_namespace": "acme", "urls": [], "creator": user(),
            "cluster": with(resource("default", "cluster"), json!({
                "description": "", "creator": user(), "host_cluster_display_name": null, "organization_name": "acme",
                "is_first": true,
            })),
            "manifest": {"dev": false, "routing": routing},
            "latest_revision": with(resource("r1", "deployment_revision"), json!({
                "creator": null, "status": "active", "targets": targets,
            })),
        }),
    )
}
