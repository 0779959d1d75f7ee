//! A relay in front of a server that breaks connections as told; everything else passes through untouched.
//!
//! It stands before the API and before the object storage. Signed addresses in answers are made to lead through it; the
//! storage still sees the host that was signed. One connection carries one request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::lab::Cloud;

/// What to do to a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Read this many bytes of the request's body, then hang up.
    CutRequest(usize),
    /// Pass on the answer's head and this many bytes of its body, then hang up.
    CutAnswer(usize),
    /// Answer with this status and these header lines; the request goes nowhere.
    Answer(u16, &'static str),
    /// The same with an error of an object storage: its code and message.
    Refuse(u16, &'static str, &'static str),
    /// Read the request and never answer.
    Silence,
}

/// A request that came by.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method, path and query.
    pub(crate) line: String,
    /// The value of the `Range` header.
    pub(crate) range: Option<String>,
    pub(crate) at: Instant,
}

#[derive(Debug, Default)]
struct Shared {
    /// Method, part of the path, how often yet, what.
    faults: Vec<(&'static str, &'static str, usize, Fault)>,
    seen: Vec<Seen>,
}

/// The relay; it stops when dropped.
pub(crate) struct Relay {
    shared: Arc<Mutex<Shared>>,
    /// What clients use as endpoint.
    pub(crate) endpoint: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Relay {
    /// Stands before a server.
    pub(crate) async fn before(cloud: &Cloud) -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (api, storage) = (listen().await, listen().await);
        let endpoint = format!("http://{}", address(&api));
        let hosts = [cloud.server.endpoint(), cloud.server.s3_endpoint()].map(|url| url.replace("http://", ""));
        // Both are 127.0.0.1 and a port of five digits, so no length in an answer changes.
        let rewrite = (hosts[1].clone(), address(&storage).to_string());
        let tasks = [api, storage].into_iter().zip(hosts).map(|(listener, host)| {
            let (shared, rewrite) = (Arc::clone(&shared), rewrite.clone());
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass(client, host.clone(), rewrite.clone(), Arc::clone(&shared)));
                }
            })
        });
        Self { tasks: tasks.collect(), shared, endpoint }
    }

    /// Does this to the next `times` requests of this method whose path and query contain `path`.
    pub(crate) fn fault(&self, method: &'static str, path: &'static str, times: usize, fault: Fault) {
        self.shared.lock().unwrap().faults.push((method, path, times, fault));
    }

    /// The requests so far whose first line contains a text.
    pub(crate) fn seen(&self, text: &str) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.iter().filter(|seen| seen.line.contains(text)).cloned().collect()
    }

    /// Waits for a request whose first line contains a text.
    pub(crate) async fn saw(&self, text: &str) {
        for _ in 0..1000 {
            if !self.seen(text).is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {text} in 10 s");
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A port of five digits.
async fn listen() -> TcpListener {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        if address(&listener).port() >= 10_000 {
            return listener;
        }
    }
}

fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("an address")
}

/// One request and its answer. A connection that breaks by itself ends it too.
async fn pass(mut client: TcpStream, host: String, rewrite: (String, String), shared: Arc<Mutex<Shared>>) {
    let Some((head, mut body)) = read_head(&mut client).await else { return };
    let line = head.lines().next().unwrap_or_default().to_owned();
    let range = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: ").map(str::to_owned));
    let fault = {
        let mut shared = shared.lock().unwrap();
        shared.seen.push(Seen { line: line.clone(), range, at: Instant::now() });
        let method = line.split(' ').next().unwrap_or_default();
        let fault = shared.faults.iter_mut().find(|fault| fault.2 > 0 && fault.0 == method && line.contains(fault.1));
        fault.map(|fault| {
            fault.2 -= 1;
            fault.3.clone()
        })
    };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap_or(0);
    let mut answer_limit = usize::MAX;
    match fault {
        Some(Fault::CutRequest(bytes)) => {
            return drain(&mut client, bytes.min(length).saturating_sub(body.len())).await;
        }
        Some(Fault::Answer(status, headers)) => {
            drain(&mut client, length - body.len()).await;
            let answer = format!("HTTP/1.1 {status} Told\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n");
            let _ = client.write_all(answer.as_bytes()).await;
            return;
        }
        Some(Fault::Refuse(status, code, message)) => {
            drain(&mut client, length - body.len()).await;
            let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status} Told\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = client.write_all(answer.as_bytes()).await;
            return;
        }
        Some(Fault::Silence) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
        Some(Fault::CutAnswer(bytes)) => answer_limit = bytes,
        None => {}
    }
    let Ok(mut server) = TcpStream::connect(&host).await else { return };
    let kept = head.lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        !(line.starts_with("host:") || line.starts_with("connection:") || line.is_empty())
    });
    let mut request = kept.collect::<Vec<_>>().join("\r\n").into_bytes();
    request.extend(format!("\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes());
    request.append(&mut body);
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let sending = async {
        to_server.write_all(&request).await?;
        tokio::io::copy(&mut from_client, &mut to_server).await?;
        // The client waits for the answer; only that ends the exchange.
        std::future::pending::<std::io::Result<()>>().await
    };
    let answering = async {
        let (mut buffer, mut left, mut in_head) = (vec![0; 64 * 1024], answer_limit, true);
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            let mut piece = replaced(&buffer[..read], &rewrite);
            let mut head = 0;
            if in_head {
                let end = piece.windows(4).position(|end| end == b"\r\n\r\n");
                (head, in_head) = (end.map_or(read, |at| at + 4), end.is_none());
            }
            piece.truncate(head + left.min(read - head));
            left -= piece.len() - head;
            to_client.write_all(&piece).await?;
            if left == 0 {
                return to_client.flush().await;
            }
        }
    };
    let _ = tokio::select! { sent = sending => sent, answered = answering => answered };
}

fn replaced(bytes: &[u8], (from, to): &(String, String)) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    assert_eq!(from.len(), to.len(), "the ports have as many digits");
    for at in 0..bytes.len().saturating_sub(from.len() - 1) {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

/// The head with its last empty line, and what of the body came with it.
async fn read_head(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Some((String::from_utf8(bytes).ok()?, body));
        }
        let read = client.read(&mut buffer).await.ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}

async fn drain(client: &mut TcpStream, mut bytes: usize) {
    let mut buffer = vec![0; 64 * 1024];
    while bytes > 0 {
        let want = bytes.min(buffer.len());
        let Ok(read @ 1..) = client.read(&mut buffer[..want]).await else { return };
        bytes -= read;
    }
}
