//! Error answers, in the words of Yatai's server (BentoCloud's are not published).

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error answer with an `error` field.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
}

pub(crate) type ApiResult<T = Response> = Result<T, ApiError>;

impl ApiError {
    /// 400: the request cannot be done as it is.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// 404; the ending `record not found` is what old clients look for.
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("{}: record not found", what.into()) }
    }

    /// 400: a body that is not what the route takes.
    pub(crate) fn binding(reason: impl std::fmt::Display) -> Self {
        Self::bad(format!("binding error: error parsing request body: {reason}"))
    }

    /// 500.
    pub(crate) fn internal(reason: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: reason.to_string() }
    }

    /// The same as a 500: how the archive routes answer everything.
    pub(crate) fn into_internal(self) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..self }
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::internal(format!("cannot keep the record: {error}"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::error!("{}", self.message);
        }
        (self.status, axum::Json(json!({"error": self.message}))).into_response()
    }
}

/// A JSON body over the limit.
pub(crate) fn body_too_large() -> Response {
    ApiError::binding("http: request body too large").into_response()
}

/// No such route. The `message` key tells it from a missing record.
pub(crate) fn unknown_route(method: &Method) -> Response {
    let message = format!("not found this router with method {method}");
    (StatusCode::NOT_FOUND, axum::Json(json!({"message": message}))).into_response()
}
