//! A container of an image, and what its service answers.

use std::time::{Duration, Instant};

use crate::lab::docker;

/// A container, removed when dropped.
struct Container(String);

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.0]);
    }
}

/// What the service in a container answers.
pub(crate) fn answer(image: &str) -> String {
    let container = Container(docker(&["run", "--detach", "--publish", "127.0.0.1::3000", image]).trim().to_owned());
    let port = docker(&["port", &container.0, "3000"]);
    let address = format!("http://{}/greet", port.trim());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let client = actions_core::http::client().unwrap();
        loop {
            let sent = client.post(&address).json(&serde_json::json!({"name": "you"})).send().await;
            match sent {
                Ok(response) if response.status().is_success() => break response.text().await.unwrap(),
                other if start.elapsed() > Duration::from_secs(40) => {
                    panic!("it does not serve: {other:?}\n{}", docker(&["logs", &container.0]))
                }
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    })
}
