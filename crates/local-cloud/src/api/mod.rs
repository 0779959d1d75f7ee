//! The REST API.

mod account;
mod artifacts;
mod auth;
mod deployments;
pub(crate) mod error;
mod list;
mod render;
pub(crate) use render::bento_models;
mod transfer;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, patch, post, put};

use crate::config::{Flavor, Transmission};
use crate::objects::Objects;
use crate::recorder::{Recorder, record};
use crate::records::Kind;
use crate::run::Supervisor;
use crate::state::State;

/// What every handler sees.
pub(crate) type App = Arc<Shared>;

/// See [`App`].
pub(crate) struct Shared {
    pub flavor: Flavor,
    pub transmission: Transmission,
    pub token: String,
    pub state: Arc<State>,
    pub objects: Objects,
    pub supervisor: Supervisor,
    pub recorder: Recorder,
}

impl Shared {
    /// Largest JSON body taken, in bytes: Yatai's 256 KiB (seen), BentoCloud's about 4 MiB.
    pub(crate) fn body_limit(&self) -> usize {
        match self.flavor {
            Flavor::Yatai => 256 * 1024,
            Flavor::BentoCloud => 4 * 1024 * 1024,
        }
    }

    fn is_yatai(&self) -> bool {
        self.flavor == Flavor::Yatai
    }
}

/// All routes of the API.
pub(crate) fn router(app: &App) -> Router {
    let mut api = Router::new()
        .route("/api/v1/auth/current", get(account::user))
        .route("/api/v1/current_org", get(account::organization))
        .route("/api/v1/clusters", get(account::clusters))
        .route("/api/v1/clusters/{cluster}", get(account::cluster));
    for kind in [Kind::Bento, Kind::Model] {
        api = api.merge(artifact_routes(kind));
    }
    if app.flavor == Flavor::BentoCloud {
        let one = "/api/v2/deployments/{name}";
        api = api
            .route("/api/v1/instance_types", get(account::instance_types))
            .route("/api/v2/deployments", get(deployments::list).post(deployments::create))
            .route(one, get(deployments::get).put(deployments::update).delete(deployments::delete))
            .route(&format!("{one}/void_update"), put(deployments::void_update))
            .route(&format!("{one}/terminate"), post(deployments::terminate));
    }
    api.route("/deployments/{name}", get(deployments::page))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_route)
        .layer(middleware::from_fn_with_state(app.clone(), auth::check))
        .layer(middleware::from_fn_with_state(app.clone(), record))
        // Archives have no limit; JSON bodies are limited where they are read.
        .layer(DefaultBodyLimit::disable())
        .with_state(app.clone())
}

/// The same sixteen routes for Bentos and for models.
fn artifact_routes(kind: Kind) -> Router<App> {
    let word = kind.word();
    let repositories = format!("/api/v1/{word}_repositories");
    let repository = format!("{repositories}/{{repository}}");
    let versions = format!("{repository}/{word}s");
    let version = format!("{versions}/{{version}}");
    let step = |name: &str| format!("{version}/{name}");
    Router::new()
        .route(&repositories, get(artifacts::list_repositories).post(artifacts::create_repository))
        .route(&repository, get(artifacts::get_repository))
        .route(&versions, get(artifacts::list_versions).post(artifacts::create))
        .route(&version, get(artifacts::get).patch(artifacts::update))
        .route(&format!("/api/v1/{word}s"), get(artifacts::list_all))
        .route(&step("presign_upload_url"), patch(transfer::presign_upload))
        .route(&step("presign_download_url"), patch(transfer::presign_download))
        .route(&step("start_upload"), patch(transfer::start))
        .route(&step("finish_upload"), patch(transfer::finish))
        .route(&step("start_multipart_upload"), patch(transfer::start_multipart))
        .route(&step("presign_multipart_upload_url"), patch(transfer::presign_part))
        .route(&step("complete_multipart_upload"), patch(transfer::complete_multipart))
        .route(&step("upload"), put(transfer::upload))
        .route(&step("download"), get(transfer::download))
        .layer(axum::Extension(kind))
}

/// Yatai's wording of an unknown route; every GET outside the API is a page of the console.
async fn unknown_route(method: Method, uri: Uri) -> Response {
    if method == Method::GET && !uri.path().starts_with("/api/") {
        return Html("<!doctype html><title>local-cloud</title><p>local-cloud: the API is below /api/.")
            .into_response();
    }
    error::unknown_route(&method)
}
