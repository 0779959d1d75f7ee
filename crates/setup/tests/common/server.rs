//! A web server on this machine, for what an index or a mirror may answer. It ends with the test's process.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

/// What it answers.
pub(crate) enum Answer {
    /// This status and this text.
    Text(&'static str, String),
    /// The file, or that there is none.
    File(PathBuf),
    /// Nothing, ever: the connection stays open.
    Silence,
}

/// Answers each request, given its path and its head, on a free port; its address.
pub(crate) fn serve(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = std::sync::Arc::clone(&answer);
            std::thread::spawn(move || {
                let mut head = vec![0; 16 * 1024];
                let length = stream.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default();
                let (status, body) = match answer(path, &head) {
                    Answer::Text(status, text) => (status, text.into_bytes()),
                    Answer::File(file) => match std::fs::read(file) {
                        Ok(bytes) => ("200 OK", bytes),
                        Err(_) => ("404 Not Found", Vec::new()),
                    },
                    Answer::Silence => {
                        std::thread::sleep(Duration::from_secs(600));
                        return;
                    }
                };
                let kind = if path.contains('.') { "application/octet-stream" } else { "text/html" };
                let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n");
                let _ = write!(stream, "{head}content-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(&body);
            });
        }
    });
    format!("127.0.0.1:{}", address.port())
}
