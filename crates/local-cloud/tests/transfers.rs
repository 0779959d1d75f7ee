//! Log-in, push and pull by the real client, over all transmission ways.

mod common;

use common::{Store, TOKEN, config, tag, tree};
use local_cloud::{Flavor, Server, Transmission};

/// Pushes from one store and pulls into an empty one: both must hold the same bytes.
async fn push_and_pull(flavor: Flavor, transmission: Transmission, used: &str) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server =
        Server::start(local_cloud::Config { flavor, transmission, ..config(data.path()) }).await.expect("starts");
    let from = Store::with_greeter().logged_in(&server).await;
    from.ok(&["push", tag()]).await;
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert!(paths.iter().any(|path| path.contains(used)), "no {used} among {paths:#?}");

    let to = Store::empty().logged_in(&server).await;
    to.ok(&["pull", tag(), "--with-models"]).await;
    for part in ["bentos", "models"] {
        assert_eq!(tree(&from.path().join(part)), tree(&to.path().join(part)), "{part} came back different");
    }
    for request in server.requests() {
        assert!(request.status < 500 && request.status != 400, "{request:?}");
    }

    // A second push has nothing to do; a forced one sends all again.
    server.clear_requests();
    from.ok(&["push", tag()]).await;
    assert!(server.requests().iter().all(|request| request.method == "GET"), "{:#?}", server.requests());
    from.ok(&["push", "--force", tag()]).await;
    assert!(server.requests().iter().any(|request| request.path.contains(used)));

    // A model alone.
    let models = Store::empty().logged_in(&server).await;
    models.ok(&["models", "pull", "greeting"]).await;
    assert_eq!(tree(&from.path().join("models")), tree(&models.path().join("models")));
    models.ok(&["models", "push", "greeting:v1"]).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn single_presigned_put() {
    push_and_pull(Flavor::BentoCloud, Transmission::Auto, "/presign_upload_url").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn multipart() {
    push_and_pull(Flavor::BentoCloud, Transmission::Multipart, "uploadId=").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy() {
    push_and_pull(Flavor::BentoCloud, Transmission::Proxy, "/upload").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn yatai_proxy() {
    push_and_pull(Flavor::Yatai, Transmission::Auto, "/upload").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn yatai_multipart() {
    push_and_pull(Flavor::Yatai, Transmission::Multipart, "uploadId=").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_refused() {
    for (flavor, status) in [(Flavor::BentoCloud, 401), (Flavor::Yatai, 403)] {
        let data = tempfile::tempdir().expect("a temporary directory");
        let server = Server::start(local_cloud::Config { flavor, ..config(data.path()) }).await.expect("starts");
        let login =
            Store::empty().bentoml(&["cloud", "login", "--endpoint", server.endpoint(), "--api-token", "wrong"]).await;
        assert!(!login.success);
        assert!(login.text.contains(&status.to_string()), "{}", login.text);
        assert!(!login.text.contains(TOKEN));
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pushed_is_there_after_a_restart() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(config(data.path())).await.expect("starts");
    let from = Store::with_greeter().logged_in(&server).await;
    from.ok(&["push", tag()]).await;
    server.shutdown().await;

    let server = Server::start(config(data.path())).await.expect("starts again");
    let to = Store::empty().logged_in(&server).await;
    to.ok(&["pull", tag(), "--with-models"]).await;
    assert_eq!(tree(&from.path().join("bentos")), tree(&to.path().join("bentos")));
    server.shutdown().await;
}
