//! Models that stay on the Hugging Face hub: fetched once, a layer of their own, where BentoML looks for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::lab::{Lab, docker};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const WEIGHTS: &str = "not many weights";

/// A hub with one model of two files. It counts the files that it sends.
struct Hub {
    address: String,
    sent: Arc<AtomicUsize>,
    _runtime: Runtime,
}

impl Hub {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicUsize::new(0));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&sent));
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, sent, _runtime: runtime }
    }
}

async fn answer(State(sent): State<Arc<AtomicUsize>>, request: Request) -> Response {
    let file = |name: &str, text: &str, id: char| json!({"rfilename": name, "size": text.len(), "blobId": id.to_string().repeat(40)});
    let files = [file("config.json", "{}", 'a'), file("sub/weights", WEIGHTS, 'b')];
    let tree = || {
        files
            .iter()
            .map(|file| json!({"type": "file", "path": file["rfilename"], "size": file["size"], "oid": file["blobId"]}))
    };
    let path = request.uri().path();
    let contents = match path.strip_prefix(&format!("/org/tiny/resolve/{COMMIT}/")) {
        Some("config.json") => ("{}", 'a'),
        Some("sub/weights") => (WEIGHTS, 'b'),
        _ if path.starts_with("/api/models/org/tiny/tree/") => {
            return axum::Json(tree().collect::<Vec<_>>()).into_response();
        }
        _ if path.starts_with("/api/models/org/tiny") => {
            return axum::Json(json!({"id": "org/tiny", "sha": COMMIT, "siblings": files})).into_response();
        }
        _ => return (StatusCode::NOT_FOUND, [("x-error-code", "EntryNotFound")]).into_response(),
    };
    sent.fetch_add(1, Ordering::SeqCst);
    let etag = format!("\"{}\"", contents.1.to_string().repeat(40));
    ([("etag", etag), ("x-repo-commit", COMMIT.to_owned())], contents.0).into_response()
}

/// A Bento that names the hub's model as BentoML writes it.
fn reader(hub: &Hub) -> Lab {
    let lab = Lab::new().quick();
    let folder = lab.home().join("bentos/reader/v1");
    std::fs::create_dir_all(folder.join("env/docker")).unwrap();
    let manifest = json!({
        "name": "reader", "version": "v1", "creation_time": "2026-01-02T00:00:00+00:00", "spec": 2,
        "models": [{
            "tag": "org--tiny:1", "registry": "huggingface",
            "metadata": {"model_id": "org/tiny", "revision": COMMIT, "endpoint": hub.address},
        }],
    });
    std::fs::write(folder.join("bento.yaml"), manifest.to_string()).unwrap();
    lab
}

const LOOK: &str =
    "cd /home/bentoml/bento/hf-models && find . -printf '%p %U:%G %y %l\\n' | sort && cat */snapshots/*/sub/weights";

#[test]
fn a_model_of_the_hub_is_a_layer_where_bentoml_looks_for_it() {
    let hub = Hub::start();
    let lab = reader(&hub);
    let cache = lab.folder("cache").display().to_string();
    let env = [("HF_HUB_CACHE", cache.as_str()), ("HF_TOKEN", "hf-sekrit")];
    let image = lab.image("hub");
    let with = [("bento-tag", "reader:v1"), ("file", "Dockerfile"), ("tags", image.as_str())];
    let pushed = lab.run(&[&with[..], &[("push", "true")]].concat(), &env, |step| step);
    assert!(pushed.succeeded(), "{}", pushed.log_text());
    assert!(pushed.summary.as_ref().unwrap().contains("org--tiny:1"), "{:?}", pushed.summary);
    let look = |image: &str| docker(&["run", "--rm", "--entrypoint", "sh", image, "-c", LOOK]);
    let expected = format!(
        ". 1034:1034 d \n./models--org--tiny 1034:1034 d \n./models--org--tiny/blobs 1034:1034 d \n\
        ./models--org--tiny/blobs/{a} 1034:1034 f \n./models--org--tiny/blobs/{b} 1034:1034 f \n\
        ./models--org--tiny/snapshots 1034:1034 d \n./models--org--tiny/snapshots/{COMMIT} 1034:1034 d \n\
        ./models--org--tiny/snapshots/{COMMIT}/config.json 1034:1034 l ../../blobs/{a}\n\
        ./models--org--tiny/snapshots/{COMMIT}/sub 1034:1034 d \n\
        ./models--org--tiny/snapshots/{COMMIT}/sub/weights 1034:1034 l ../../../blobs/{b}\n\
        ./models--org--tiny/trees 1034:1034 d \n./models--org--tiny/trees/{COMMIT}.json 1034:1034 f \n{WEIGHTS}",
        a = "a".repeat(40),
        b = "b".repeat(40),
    );
    assert_eq!(look(&image), expected);
    docker(&["image", "rm", "--force", &image]);

    let empty = lab.folder("empty").display().to_string();
    for hidden in [&[][..], &[("PATH", empty.as_str())]] {
        let engine = if hidden.is_empty() { "buildx" } else { "docker" };
        let loaded = lab.run(
            &[&with[..], &[("load", "true"), ("oci-backend", engine)]].concat(),
            &[&env[..], hidden].concat(),
            |step| step,
        );
        assert!(loaded.succeeded(), "{}", loaded.log_text());
        assert_eq!(look(&image), expected, "{engine}");
        docker(&["image", "rm", "--force", &image]);
    }
    assert_eq!(hub.sent.load(Ordering::SeqCst), 2, "each file comes once");
}
