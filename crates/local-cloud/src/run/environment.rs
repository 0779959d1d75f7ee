//! The environment of a Deployment's process.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use crate::records::{Artifact, Revision};

/// What a program needs to run at all. Nothing else is passed on: this server's environment may hold tokens.
const INHERITED: [&str; 16] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// The variables passed on; the interpreter's folder comes first on PATH, as in an activated environment.
pub(crate) fn inherited(python: &Path) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<_> =
        INHERITED.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?))).collect();
    if let Some(folder) = python.parent().filter(|folder| folder.is_absolute()) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(folders) {
            variables.push(("PATH".into(), path));
        }
    }
    variables
}

/// The Bento's own variables that have a value and are not for the build, then the Deployment's, then those of its
/// services: later ones win.
pub(crate) fn declared(bento: &Artifact, revision: &Revision) -> Vec<(String, String)> {
    let own = list(&bento.manifest["envs"])
        .filter(|env| env["stage"] != "build" && env["value"].as_str().is_some_and(|value| !value.is_empty()));
    let services = revision.config["services"].as_object().into_iter().flat_map(|services| services.values());
    own.chain(list(&revision.config["envs"]))
        .chain(services.flat_map(|service| list(&service["envs"])))
        .filter_map(|env| Some((env["name"].as_str()?.to_owned(), env["value"].as_str()?.to_owned())))
        .filter(|(name, value)| !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'))
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
