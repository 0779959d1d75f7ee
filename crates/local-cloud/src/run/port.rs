//! Ports of Deployments.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Inner;
use crate::state::State;

/// How long a port may be taken before another one is chosen.
const PATIENCE: Duration = Duration::from_secs(3);

/// A port that nobody listens on and no Deployment has.
pub(crate) fn free_port(state: &State) -> io::Result<u16> {
    loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if state.lock().deployments.values().all(|record| record.port != port) {
            return Ok(port);
        }
    }
}

/// The Deployment's own port, or another one if a stranger has taken it meanwhile. A process that was killed a moment
/// ago may still hold it, so a taken port gets a little time.
pub(crate) async fn keep_or_replace(inner: &Inner, name: &str, stop: &CancellationToken) -> Result<u16, String> {
    let port = inner.state.lock().deployments.get(name).map(|record| record.port).ok_or("it was deleted")?;
    let deadline = Instant::now() + PATIENCE;
    while TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        if Instant::now() > deadline {
            let other = free_port(&inner.state).map_err(|error| format!("no free port: {error}"))?;
            tracing::warn!("port {port} of deployment {name} is taken by another program; it moves to {other}");
            inner.set(name, stop, |record| record.port = other);
            return Ok(other);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(port)
}
