//! A way to the cloud that does to single requests what the cloud itself cannot be told to do.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::cloud::Cloud;

/// What becomes of a request.
pub(crate) enum Way {
    /// The cloud answers it.
    On,
    /// It gets stuck: the server reads no further and says nothing.
    Stuck,
    /// The cloud does what is asked, and its answer gets lost.
    Unheard,
    /// This is answered: status line, content type, body.
    Answer(&'static str, &'static str, &'static str),
}

/// Listens until the test ends.
pub(crate) struct Front {
    pub endpoint: String,
    /// Told when a request gets stuck.
    pub stuck: Arc<Notify>,
}

impl Front {
    /// Stands before a cloud. `way` is told the first line of each request.
    pub(crate) async fn of(cloud: &Cloud, way: fn(&str) -> Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let cloud = cloud.endpoint().trim_start_matches("http://").to_owned();
        let stuck = Arc::new(Notify::new());
        let told = Arc::clone(&stuck);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&cloud).await.unwrap();
                tokio::spawn(pass(client, server, way, Arc::clone(&told)));
            }
        });
        Self { endpoint, stuck }
    }
}

/// One connection. A request begins with a chunk of its own: clients wait for the answer to the one before.
async fn pass(mut client: TcpStream, mut server: TcpStream, way: fn(&str) -> Way, stuck: Arc<Notify>) {
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            length = client.read(&mut asked) => {
                let Ok(length @ 1..) = length else { return };
                let text = String::from_utf8_lossy(&asked[..length]);
                let line = text.lines().next().unwrap_or_default();
                match if line.ends_with(" HTTP/1.1") { way(line) } else { Way::On } {
                    Way::On => server.write_all(&asked[..length]).await.unwrap(),
                    Way::Unheard => {
                        server.write_all(&asked[..length]).await.unwrap();
                        server.readable().await.unwrap();
                        return;
                    }
                    Way::Stuck => {
                        stuck.notify_one();
                        return std::future::pending().await;
                    }
                    Way::Answer(status, kind, body) => {
                        let length = body.len();
                        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
                        client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                    }
                }
            }
            length = server.read(&mut answered) => {
                let Ok(length @ 1..) = length else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
