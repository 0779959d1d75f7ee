//! A relay in front of a registry: it counts, stands still, and breaks connections off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What the system may keep of a connection on each side, bytes.
const BUFFER: u32 = 256 * 1024;

#[derive(Default)]
struct State {
    sent: AtomicU64,
    /// All connections together stand still when so many bytes were sent; 0 never.
    hold: AtomicU64,
    held: Notify,
    /// From there on it is slow instead, as long as this is set.
    slow: AtomicBool,
    /// A connection breaks when it has sent more, bytes.
    budget: AtomicU64,
    /// So many are still to break.
    breaks: AtomicU64,
}

/// Listens while the test's runtime lives.
pub(crate) struct Relay {
    address: String,
    state: Arc<State>,
}

impl Relay {
    pub(crate) async fn start(target: &str) -> Self {
        // Small buffers: what is in them is on its way, and goes on to the registry whatever becomes of the client.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(BUFFER).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State::default());
        let (shared, target) = (Arc::clone(&state), target.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target.clone(), Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The bytes that went to the registry so far.
    pub(crate) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Stands still after so many more bytes, until one of the two sides is gone.
    pub(crate) fn hold_after(&self, bytes: u64) {
        self.state.hold.store(self.sent() + bytes, Ordering::SeqCst);
    }

    /// Gets slow after so many more bytes, some 30 MB per second, until `hurry` is called.
    pub(crate) fn slow_after(&self, bytes: u64) {
        self.state.slow.store(true, Ordering::SeqCst);
        self.hold_after(bytes);
    }

    /// Is slow no more.
    pub(crate) fn hurry(&self) {
        self.state.slow.store(false, Ordering::SeqCst);
    }

    /// Returns once it stands still, or is slow.
    pub(crate) async fn held(&self) {
        self.state.held.notified().await;
    }

    /// So many connections break, each when it has sent more than these bytes.
    pub(crate) fn break_after(&self, bytes: u64, connections: u64) {
        self.state.budget.store(bytes, Ordering::SeqCst);
        self.state.breaks.store(connections, Ordering::SeqCst);
    }
}

async fn pass(client: TcpStream, target: String, state: Arc<State>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(BUFFER).unwrap();
    let Ok(server) = socket.connect(target.parse().unwrap()).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let (mut buffer, mut sent, mut next) = (vec![0; 64 * 1024], 0, None);
    while let Ok(read) = from_client.read(&mut buffer).await {
        sent += read as u64;
        if let Some(next) = next.as_mut().filter(|_| state.slow.load(Ordering::SeqCst)) {
            // By the clock: a busy machine makes it no slower.
            *next += Duration::from_millis(2);
            tokio::time::sleep_until(*next).await;
        }
        if sent > state.budget.load(Ordering::SeqCst) && state.take_break() {
            back.abort();
            break;
        }
        if read == 0 || to_server.write_all(&buffer[..read]).await.is_err() {
            break;
        }
        let all = state.sent.fetch_add(read as u64, Ordering::SeqCst) + read as u64;
        let hold = state.hold.load(Ordering::SeqCst);
        if hold > 0 && all >= hold {
            state.hold.store(0, Ordering::SeqCst);
            // Whoever waits for this may tell it to hurry at once.
            let slow = state.slow.load(Ordering::SeqCst);
            state.held.notify_one();
            if slow {
                next = Some(Instant::now());
                continue;
            }
            let gone =
                || async { from_client.ready(Interest::READABLE).await.is_ok_and(|ready| ready.is_read_closed()) };
            while !back.is_finished() && !gone().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            back.abort();
            break;
        }
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
