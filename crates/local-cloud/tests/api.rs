//! The API by itself: what a client may send wrong, lists, Yatai's ways, and the means for tests of clients.

mod common;

use common::{Api, config, http};
use local_cloud::{Config, Flavor, Server, Transmission};
use serde_json::{Value, json};
use tempfile::TempDir;

async fn start(change: impl FnOnce(&mut Config)) -> (TempDir, Server) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let mut config = config(data.path());
    change(&mut config);
    let server = Server::start(config).await.expect("starts");
    (data, server)
}

/// A repository with versions v1 and v2, of which v1 was built last.
async fn two_versions(api: &Api<'_>, kind: &str) {
    let repositories = format!("/api/v1/{kind}_repositories");
    assert_eq!(api.call("POST", &repositories, json!({"name": "iris", "description": ""})).await.0, 200);
    for (version, day, team) in [("v1", 2, "nlp"), ("v2", 1, "cv")] {
        let body = json!({"version": version, "description": "text", "build_at": format!("2026-01-0{day} 10:00:00.000000"),
            "labels": [{"key": "team", "value": team}],
            "manifest": {"service": "s:S", "bentoml_version": "1.4.39", "size_bytes": 1, "entry_service": "S"}});
        let (status, answer) = api.call("POST", &format!("{repositories}/iris/{kind}s"), body).await;
        assert_eq!((status, &answer["upload_status"]), (200, &json!("pending")), "{answer}");
        assert_eq!(answer["name"], version, "the name is the version");
    }
}

fn versions(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().into_iter().flatten().filter_map(|item| item["version"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_ordered_by_build_and_filtered() {
    let (_data, server) = start(|_| {}).await;
    let api = Api::new(&server);
    two_versions(&api, "bento").await;
    for (query, expected) in [
        ("", vec!["v1", "v2"]),
        ("?count=1&q=&search=&start=", vec!["v1"]),
        ("?start=1&count=10", vec!["v2"]),
        ("?q=label:team=cv", vec!["v2"]),
        ("?search=rose", vec![]),
    ] {
        let (status, answer) = api.get(&format!("/api/v1/bento_repositories/iris/bentos{query}")).await;
        assert_eq!((status, versions(&answer)), (200, expected), "{query}");
        let items = answer["items"].as_array().expect("a list");
        assert!(items.iter().all(|item| item["repository"]["name"] == "iris"), "{query}: {answer}");
    }
    let (status, answer) = api.get("/api/v1/bento_repositories?count=abc").await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(api.get("/api/v1/bento_repositories/iris/bentos/latest").await.0, 404, "latest is not special");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_are_refused_and_change_nothing() {
    let (_data, server) = start(|_| {}).await;
    let api = Api::new(&server);
    two_versions(&api, "bento").await;
    let one = "/api/v1/bento_repositories/iris/bentos/v1";
    for (method, path, body, status) in [
        ("POST", "/api/v1/bento_repositories".to_owned(), json!({"name": "iris"}), 400),
        ("POST", "/api/v1/bento_repositories".to_owned(), json!({"name": "../etc"}), 400),
        ("POST", "/api/v1/bento_repositories/iris/bentos".to_owned(), json!({"version": "v1"}), 400),
        ("POST", "/api/v1/bento_repositories/none/bentos".to_owned(), json!({"version": "v1"}), 404),
        (
            "POST",
            "/api/v1/bento_repositories/iris/bentos".to_owned(),
            json!({"version": "v3", "build_at": "soon"}),
            400,
        ),
        ("PATCH", format!("{one}/finish_upload"), json!({"status": "bogus"}), 400),
        ("PATCH", format!("{one}/presign_multipart_upload_url"), json!({"upload_id": "u", "part_number": 0}), 400),
        ("PATCH", format!("{one}/complete_multipart_upload"), json!({"upload_id": "u", "parts": []}), 400),
        ("PATCH", "/api/v1/bento_repositories/iris/bentos/none/start_upload".to_owned(), Value::Null, 404),
        ("GET", format!("{one}/download"), Value::Null, 500),
        ("DELETE", one.to_owned(), Value::Null, 404),
    ] {
        let (got, answer) = api.call(method, &path, body).await;
        assert_eq!(got, status, "{method} {path}: {answer}");
        assert!(answer.is_object(), "{method} {path}: an error has a JSON body");
    }
    let (_, answer) = api.get(one).await;
    assert_eq!(answer["upload_status"], "pending");
    assert_eq!(api.get("/api/v1/bentos").await.1["total"], 2);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storage_checks_signatures() {
    let (_data, server) = start(|_| {}).await;
    let api = Api::new(&server);
    two_versions(&api, "model").await;
    let one = "/api/v1/model_repositories/iris/models/v1";
    let (_, answer) = api.call("PATCH", &format!("{one}/presign_upload_url"), Value::Null).await;
    let url = answer["presigned_upload_url"].as_str().expect("a URL");
    let (rest, last) = url.split_at(url.len() - 1);
    let forged = format!("{rest}{}", if last == "0" { "1" } else { "0" });
    assert_eq!(http().put(forged).body("x").send().await.expect("an answer").status(), 403);
    assert_eq!(
        http().put(url.split('?').next().expect("a path")).body("x").send().await.expect("an answer").status(),
        403
    );
    let stored = http().put(url).body("content").send().await.expect("an answer");
    assert_eq!(stored.status(), 200);
    assert!(stored.headers()["etag"].to_str().expect("ASCII").starts_with('"'), "ETags are quoted");
    let (_, answer) = api.call("PATCH", &format!("{one}/presign_download_url"), Value::Null).await;
    let url = answer["presigned_download_url"].as_str().expect("a URL");
    assert_eq!(http().get(url).send().await.expect("an answer").text().await.expect("a body"), "content");
    let part = http().get(url).header("Range", "bytes=3-5").send().await.expect("an answer");
    assert_eq!((part.status().as_u16(), part.text().await.expect("a body").as_str()), (206, "ten"));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_recorded_and_made_to_fail() {
    let (_data, server) = start(|config| config.transmission = Transmission::Multipart).await;
    let api = Api::new(&server);
    two_versions(&api, "model").await;
    let one = "/api/v1/model_repositories/iris/models/v1";
    let (_, answer) = api.call("PATCH", &format!("{one}/start_multipart_upload"), Value::Null).await;
    let upload_id = answer["upload_id"].clone();
    let part = json!({"upload_id": upload_id, "part_number": 1});
    let (_, answer) = api.call("PATCH", &format!("{one}/presign_multipart_upload_url"), part).await;
    let url = answer["presigned_upload_url"].as_str().expect("a URL");

    server.clear_requests();
    server.fail_next("PUT", "partNumber=1", 503, 2);
    let mut statuses = Vec::new();
    let mut etag = String::new();
    for _ in 0..3 {
        let answer = http().put(url).body(vec![7; 3_000_000]).send().await.expect("an answer");
        statuses.push(answer.status().as_u16());
        etag = answer.headers().get("etag").map(|etag| etag.to_str().expect("ASCII").to_owned()).unwrap_or_default();
    }
    assert_eq!(statuses, [503, 503, 200]);
    let wrong = json!({"upload_id": upload_id, "parts": [{"part_number": 1, "etag": "\"0\""}]});
    let (status, answer) = api.call("PATCH", &format!("{one}/complete_multipart_upload"), wrong).await;
    assert_eq!(status, 400, "an ETag that is none of ours: {answer}");
    let complete = json!({"upload_id": upload_id, "parts": [{"part_number": 1, "etag": etag}]});
    assert_eq!(api.call("PATCH", &format!("{one}/complete_multipart_upload"), complete.clone()).await.0, 200);

    let log = server.requests();
    let seen: Vec<_> = log.iter().map(|request| (request.method.as_str(), request.status)).collect();
    assert_eq!(seen, [("PUT", 503), ("PUT", 503), ("PUT", 200), ("PATCH", 400), ("PATCH", 200)]);
    assert_eq!(log[4].body_json.as_ref(), Some(&complete));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn yatai_has_its_own_ways() {
    let (_data, server) = start(|config| config.flavor = Flavor::Yatai).await;
    let api = Api::new(&server);
    two_versions(&api, "bento").await;
    two_versions(&api, "model").await;

    let unknown = api.get("/api/v2/deployments").await;
    assert_eq!(unknown, (404, json!({"message": "not found this router with method GET"})));

    // A model answers the state before the call, a Bento the state after it.
    for (kind, state) in [("model", "pending"), ("bento", "uploading")] {
        let one = format!("/api/v1/{kind}_repositories/iris/{kind}s/v1");
        let (_, answer) = api.call("PATCH", &format!("{one}/start_upload"), Value::Null).await;
        assert_eq!(answer["upload_status"], state, "{kind}");
        let (_, answer) = api.get(&one).await;
        assert_eq!(
            (&answer["upload_status"], &answer["transmission_strategy"]),
            (&json!("uploading"), &json!("proxy"))
        );
        assert!(answer["manifest"].get("entry_service").is_none(), "newer manifest fields are dropped");
    }

    let versions = "/api/v1/bento_repositories/iris/bentos";
    let (status, answer) =
        api.call("POST", versions, json!({"version": "v3", "build_at": "2026-01-01T10:00:00Z"})).await;
    assert_eq!(status, 400, "one layout of build_at only: {answer}");
    let large =
        json!({"version": "v3", "build_at": "2026-01-01 10:00:00.000000", "description": "x".repeat(256 * 1024)});
    let (status, answer) = api.call("POST", versions, large.clone()).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().is_some_and(|error| error.ends_with("request body too large")), "{answer}");

    let (_, answer) = api.get("/api/v1/clusters").await;
    assert!(answer["items"][0].get("organization_name").is_none());
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn yatai_downloads_have_no_length() {
    for (flavor, length) in [(Flavor::Yatai, None), (Flavor::BentoCloud, Some(20_000))] {
        let (_data, server) =
            start(|config| (config.flavor, config.transmission) = (flavor, Transmission::Proxy)).await;
        two_versions(&Api::new(&server), "bento").await;
        let one = format!("{}/api/v1/bento_repositories/iris/bentos/v1", server.endpoint());
        let put = http().put(format!("{one}/upload")).header("X-YATAI-API-TOKEN", common::TOKEN);
        assert_eq!(put.body(vec![1; 20_000]).send().await.expect("an answer").status(), 200);
        let get = http().get(format!("{one}/download")).header("X-YATAI-API-TOKEN", common::TOKEN);
        let answer = get.send().await.expect("an answer");
        assert_eq!(answer.content_length(), length);
        assert_eq!(answer.bytes().await.expect("a body"), vec![1; 20_000]);
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_start_does_not() {
    let (data, server) = start(|_| {}).await;
    let refused = async |change: fn(&mut Config)| {
        let other = tempfile::tempdir().expect("a temporary directory");
        let mut config = config(other.path());
        change(&mut config);
        Server::start(config).await.err().expect("refused").to_string()
    };
    assert!(refused(|config| config.host = [0, 0, 0, 0].into()).await.contains("loopback"));
    assert!(refused(|config| config.token = Some(String::new())).await.contains("token is empty"));
    let both = |config: &mut Config| (config.flavor, config.transmission) = (Flavor::Yatai, Transmission::Presigned);
    assert!(refused(both).await.contains("Yatai"));
    let again = Server::start(config(data.path())).await.err().expect("refused").to_string();
    assert!(again.contains("in use by another local-cloud"), "{again}");
    server.shutdown().await;
}
