//! Ports of Deployments.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio_util::sync::CancellationToken;

use super::Inner;
use crate::state::State;

/// A port that nobody listens on and no Deployment has.
pub(crate) fn free_port(state: &State) -> io::Result<u16> {
    loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if state.lock().deployments.values().all(|record| record.port != port) {
            return Ok(port);
        }
    }
}

/// The Deployment's own port, or another one if a stranger has taken it meanwhile.
pub(crate) fn keep_or_replace(inner: &Inner, name: &str, stop: &CancellationToken) -> Result<u16, String> {
    let port = inner.state.lock().deployments.get(name).map(|record| record.port).ok_or("it was deleted")?;
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
        return Ok(port);
    }
    let other = free_port(&inner.state).map_err(|error| format!("no free port: {error}"))?;
    tracing::warn!("port {port} of deployment {name} is taken by another program; it moves to {other}");
    inner.set(name, stop, |record| record.port = other);
    Ok(other)
}
