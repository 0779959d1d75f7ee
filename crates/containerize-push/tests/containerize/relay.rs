//! A relay in front of the registry that breaks connections off in the middle of an upload.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::lab::registry;

#[derive(Default)]
struct State {
    /// What a connection may send, bytes.
    budget: AtomicU64,
    /// How many connections are still to break.
    breaks: AtomicU64,
    sent: AtomicU64,
    /// Where a connection stays open, and nothing goes on any more, bytes; 0: nowhere.
    hold: AtomicU64,
}

/// Listens while it lives.
pub(crate) struct Relay {
    address: String,
    state: Arc<State>,
    _runtime: Runtime,
}

impl Relay {
    /// A relay that passes everything on.
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, Arc::clone(&shared)));
            }
        });
        Self { address, state, _runtime: runtime }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// So many connections break, each when it has sent more than these bytes.
    pub(crate) fn break_after(&self, bytes: u64, connections: u64) {
        self.state.budget.store(bytes, Ordering::SeqCst);
        self.state.breaks.store(connections, Ordering::SeqCst);
    }

    /// From here on every connection that has sent these bytes hangs.
    pub(crate) fn hold_after(&self, bytes: u64) {
        self.state.hold.store(bytes, Ordering::SeqCst);
    }

    /// The bytes that went to the registry so far.
    pub(crate) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }
}

async fn pass(client: TcpStream, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(registry()).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let (mut buffer, mut sent) = (vec![0; 64 * 1024], 0);
    while let Ok(read) = from_client.read(&mut buffer).await {
        sent += read as u64;
        let hold = state.hold.load(Ordering::SeqCst);
        if hold > 0 && sent > hold {
            std::future::pending::<()>().await;
        }
        if sent > state.budget.load(Ordering::SeqCst) && state.take_break() {
            back.abort();
            break;
        }
        if read == 0 || to_server.write_all(&buffer[..read]).await.is_err() {
            break;
        }
        state.sent.fetch_add(read as u64, Ordering::SeqCst);
    }
    drop(to_server);
    let _ = back.await;
}

impl State {
    /// Is this connection one of those to break?
    fn take_break(&self) -> bool {
        self.breaks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}
