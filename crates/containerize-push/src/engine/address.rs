//! Where an engine's API listens, and how to connect to it.

use std::path::Path;

use actions_core::{Context as _, Env, Error, Result, env};
use bollard::{API_DEFAULT_VERSION, Docker};

use super::api::ANSWER;
use super::{Backend, variable};
use crate::variables;

/// Where docker listens.
const DOCKER: &str = if cfg!(windows) { "npipe:////./pipe/docker_engine" } else { "unix:///var/run/docker.sock" };

/// Where the engine listens.
pub(super) fn address(backend: Backend, env: &Env) -> String {
    if backend != Backend::Podman {
        return variable(env, variables::DOCKER_HOST).unwrap_or(DOCKER).to_owned();
    }
    if let Some(address) = variable(env, variables::CONTAINER_HOST) {
        return address.to_owned();
    }
    let own = env.path(env::XDG_RUNTIME_DIR).map(|folder| folder.join("podman/podman.sock"));
    let socket = own.filter(|socket| socket.exists()).unwrap_or_else(|| Path::new("/run/podman/podman.sock").into());
    format!("unix://{}", socket.display())
}

pub(super) fn connect(address: &str) -> Result<Docker> {
    let seconds = ANSWER.as_secs();
    let connected = match address.split_once("://").map_or("", |(scheme, _)| scheme) {
        #[cfg(unix)]
        "unix" => Docker::connect_with_unix(address, seconds, API_DEFAULT_VERSION),
        #[cfg(windows)]
        "npipe" => Docker::connect_with_named_pipe(address, seconds, API_DEFAULT_VERSION),
        "tcp" | "http" => Docker::connect_with_http(address, seconds, API_DEFAULT_VERSION),
        scheme => {
            return Err(Error::input(format!("{scheme:?} is not a way to an engine that is known here"))
                .hint("Install the docker command line program, which knows it."));
        }
    };
    connected.context(|| format!("failed to connect to {address}"))
}
