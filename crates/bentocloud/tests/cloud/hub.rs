//! Models that stay on the Hugging Face hub, with a server of the tests in the hub's place.

use std::sync::{Arc, Mutex};

use actions_core::Env;
use bento_format::{Kind, ModelWanted};
use bentocloud::{Pulled, Pushed, UploadStatus};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::differences::differences;
use crate::lab::{Cloud, Flavor, Home, Transmission, tag};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const VERSION: &str = "1c9c6ee21a8bc237974d8a11c76c447e";

/// A hub that knows one model; what it was asked is kept.
struct Hub {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut bytes = vec![0; 16 * 1024];
                let read = client.read(&mut bytes).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&bytes[..read]).into_owned();
                kept.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
                let files = [("config.json", 100), ("a.bin", 7000), ("deep/b.safetensors", 5000), ("deep/c.bin", 1)];
                let siblings = files.map(|(name, size)| json!({"rfilename": name, "size": size}));
                let body = json!({"id": "org/tiny", "sha": COMMIT, "siblings": siblings}).to_string();
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = client.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, asked }
    }
}

/// A store with a Bento of one service that reads a hub's model.
fn store_with_reference(hub: &str) -> Home {
    let home = Home::empty();
    let folder = home.path().join("bentos/reader/v1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.with_file_name("latest"), "v1").unwrap();
    let manifest = format!(
        "service: service:Reader
name: reader
version: v1
bentoml_version: 1.4.39
creation_time: '2026-01-02T03:04:05.678901+00:00'
labels: {{}}
models: []
entry_service: Reader
services:
- name: Reader
  service: ''
  models:
  - tag: org--tiny:{VERSION}
    module: ''
    creation_time: '2026-01-02T03:04:05.678901+00:00'
    registry: huggingface
    metadata:
      model_id: org/tiny
      revision: {COMMIT}
      endpoint: {hub}
      include: null
      exclude:
      - '*.bin'
  dependencies: []
  config: {{}}
envs: []
schema: {{}}
spec: 2
image:
  base_image: python:3.11-slim
  python_version: '3.11'
  commands: []
  python_requirements: bentoml
  post_commands: []
"
    );
    std::fs::write(folder.join("bento.yaml"), manifest).unwrap();
    std::fs::write(folder.join("README.md"), "# Reader\n").unwrap();
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_registered_and_never_sent() {
    for (flavor, transmission) in [(Flavor::BentoCloud, Transmission::Auto), (Flavor::Yatai, Transmission::Auto)] {
        let (hub, cloud) = (Hub::start("200 OK").await, Cloud::start(flavor, transmission).await);
        let (from, ours) = (store_with_reference(&hub.address), cloud.client());
        let reader = tag("reader:v1");
        let pushed = ours.push_bento(&from.store(), &reader, false, &Env::default()).await.unwrap();
        assert!(matches!(pushed, Pushed::Sent { .. }));
        let asked = hub.asked.lock().unwrap().clone();
        assert_eq!(asked, [format!("GET /api/models/org/tiny/revision/{COMMIT}?blobs=true HTTP/1.1")]);
        let model = format!("org--tiny:{VERSION}");
        let (_, artifact) = ours.find(Kind::Model, &tag(&model)).await.unwrap().expect("it is registered");
        assert_eq!(artifact.upload_status, UploadStatus::Pending);
        let manifest = artifact.manifest.unwrap_or_default();
        assert_eq!(manifest["size_bytes"], 5100, "what is excluded does not count: {manifest}");
        assert!(cloud.requests("PATCH", "/org--tiny/").is_empty(), "there is no content to send");

        // Again: nothing is asked of the hub, nothing registered.
        cloud.server.clear_requests();
        ours.push_bento(&from.store(), &reader, true, &Env::default()).await.unwrap();
        assert!(cloud.requests("POST", "").is_empty() && hub.asked.lock().unwrap().len() == 1);

        let to = Home::empty();
        let wanted = ModelWanted { tag: tag(&model), filter: None };
        assert_eq!(ours.pull_model(&to.store(), &wanted).await.unwrap(), Pulled::Reference(tag(&model)));
        ours.pull_bento(&to.store(), &reader, true).await.unwrap();
        assert!(to.store().find(Kind::Model, &tag(&model)).unwrap().is_none());
    }
}

/// The body is the one that bentoml 1.4.39 was seen to send for such a model.
#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_registered_as_bentoml_registers_it() {
    let (hub, cloud) = (Hub::start("200 OK").await, Cloud::plain().await);
    let from = store_with_reference(&hub.address);
    cloud.client().push_bento(&from.store(), &tag("reader:v1"), false, &Env::default()).await.unwrap();
    let registered = cloud.requests("POST", "/org--tiny/models");
    let mut sent = registered[0].body_json.clone().expect("a body");
    let time = sent["build_at"].take();
    assert!(time.as_str().is_some_and(|time| time.len() == 26 && time.as_bytes()[10] == b' '), "{time}");
    let expected = json!({
        "description": "",
        "version": VERSION,
        "manifest": {
            "module": "",
            "api_version": "v1",
            "bentoml_version": "1.4.39",
            "size_bytes": 5100,
            "metadata": {
                "registry": "huggingface",
                "model_id": "org/tiny",
                "revision": COMMIT,
                "endpoint": hub.address,
                "include": null,
                "exclude": ["*.bin"],
                "url": format!("{}/org/tiny/tree/{COMMIT}", hub.address),
            },
            "context": {
                "framework_name": "huggingface",
                "framework_versions": {},
                "bentoml_version": "1.4.39",
                "python_version": "",
            },
            "options": {},
        },
        "build_at": null,
        "labels": [],
    });
    let differences = differences(&sent, &expected);
    assert!(differences.is_empty(), "ours and bentoml's:\n{}", differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_does_not_answer_is_no_obstacle() {
    for status in ["503 Unavailable", "401 Unauthorized"] {
        let (hub, cloud) = (Hub::start(status).await, Cloud::plain().await);
        let from = store_with_reference(&hub.address);
        cloud.client().push_bento(&from.store(), &tag("reader:v1"), false, &Env::default()).await.unwrap();
        let bodies = cloud.requests("POST", "/org--tiny/models");
        assert_eq!(bodies[0].body_json.as_ref().unwrap()["manifest"]["size_bytes"], 0);
    }
}
