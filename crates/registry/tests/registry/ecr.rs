//! Amazon's registry: a service that checks signatures stands in for AWS.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actions_core::action::Cancel;
use actions_core::{Cause, Env};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::DATE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use registry::{Credentials, Logins};
use ring::{digest, hmac};
use secrecy::ExposeSecret;

const SECRET: &str = "x-aws-secret-key";
const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// How often it is still to answer that it is busy.
type Busy = Arc<AtomicU64>;

/// How far its clock is from this machine's, minutes.
#[derive(Clone, Copy)]
struct Clock(i64);

impl Clock {
    fn now(self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_mins(self.0)
    }

    /// Was this signed within five minutes?
    fn takes(self, time: &str) -> bool {
        let time = Timestamp::strptime("%Y%m%dT%H%M%S%z", time.replace('Z', "+0000"));
        time.is_ok_and(|time| time.duration_since(self.now()).abs() < SignedDuration::from_mins(5))
    }
}

async fn aws() -> (String, Busy) {
    aws_at(Clock(0)).await
}

async fn aws_at(clock: Clock) -> (String, Busy) {
    let busy = Busy::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/", post(token)).with_state((Arc::clone(&busy), clock));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, busy)
}

async fn token(
    State((busy, clock)): State<(Busy, Clock)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let date = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let said = |status: u16, text: String| (StatusCode::from_u16(status).unwrap(), [(DATE, date)], text);
    if busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        return said(400, r#"{"__type": "com.amazon#ThrottlingException", "message": "slower"}"#.into());
    }
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if expected(&uri, &headers, &body).as_deref() != Some(get("authorization")) {
        return said(
            400,
            r#"{"__type": "InvalidSignatureException", "message": "wrong signature\n\nThe Canonical String was"}"#
                .into(),
        );
    }
    if !clock.takes(get("x-amz-date")) {
        return said(400, r#"{"__type": "InvalidSignatureException", "message": "Signature expired"}"#.into());
    }
    if get("x-amz-security-token") != "x-session" {
        return said(400, r#"{"__type": "UnrecognizedClientException", "message": "expired"}"#.into());
    }
    let token = STANDARD.encode("AWS:x-ecr-password");
    match get("x-amz-target") {
        "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" => {
            said(200, format!(r#"{{"authorizationData": [{{"authorizationToken": "{token}"}}]}}"#))
        }
        "SpencerFrontendService.GetAuthorizationToken" => {
            said(200, format!(r#"{{"authorizationData": {{"authorizationToken": "{token}"}}}}"#))
        }
        _ => said(404, "{}".into()),
    }
}

/// What the header should be, from the request as it arrived. Written from AWS's description, apart from the client's.
fn expected(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let given = headers.get("authorization")?.to_str().ok()?;
    let signed = given.split("SignedHeaders=").nth(1)?.split(',').next()?;
    let scope = given.split("Credential=AKIDLAB/").nth(1)?.split(',').next()?;
    let mut canonical = format!("POST\n{}\n{}\n", uri.path(), uri.query().unwrap_or_default());
    for name in signed.split(';') {
        canonical += &format!("{name}:{}\n", headers.get(name)?.to_str().ok()?);
    }
    // Every header that AWS reads is to be signed.
    let ours = headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-amz-") || *name == "host");
    if !ours.into_iter().all(|name| signed.split(';').any(|other| other == name)) {
        return None;
    }
    canonical += &format!("\n{signed}\n{}", hex(digest::digest(&digest::SHA256, body).as_ref()));
    let time = headers.get("x-amz-date")?.to_str().ok()?;
    let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashed}");
    let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in scope.split('/') {
        key = sign(&key, part).as_ref().to_vec();
    }
    let signature = hex(sign(&key, &text).as_ref());
    Some(format!("AWS4-HMAC-SHA256 Credential=AKIDLAB/{scope}, SignedHeaders={signed}, Signature={signature}"))
}

fn env(endpoint: &str, folder: &std::path::Path, more: &[(&str, &str)]) -> Env {
    let folder = folder.to_str().unwrap();
    let mut env: Env = [
        ("AWS_ACCESS_KEY_ID", "AKIDLAB"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", "x-session"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("DOCKER_CONFIG", folder),
    ]
    .into_iter()
    .collect();
    more.iter().for_each(|(name, value)| env.set(*name, *value));
    env
}

#[tokio::test]
async fn the_job_s_aws_credentials_become_a_login_for_us_and_the_engine() {
    let (endpoint, busy) = aws().await;
    let folder = tempfile::tempdir().unwrap();
    let env = env(&endpoint, folder.path(), &[]);
    busy.store(1, Ordering::SeqCst);
    let logins = Logins::default().resolve(&[REGISTRY, "public.ecr.aws"], &env, &Cancel::default()).await.unwrap();
    for registry in [REGISTRY, "public.ecr.aws"] {
        let Credentials::Basic(user, password) = logins.credentials(registry) else { panic!("{registry}: nobody") };
        assert_eq!((user.as_str(), password.expose_secret()), ("AWS", "x-ecr-password"));
    }
    let written = folder.path().join("engine");
    logins.write(&written, &env).unwrap();
    let config = std::fs::read_to_string(written.join("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["auths"][REGISTRY]["auth"], STANDARD.encode("AWS:x-ecr-password"));
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_no_obstacle() {
    for minutes in [-61, 61] {
        let (endpoint, _) = aws_at(Clock(minutes)).await;
        let folder = tempfile::tempdir().unwrap();
        let login = |more: &[(&str, &str)]| {
            let env = env(&endpoint, folder.path(), more);
            async move { Logins::default().resolve(&[REGISTRY], &env, &Cancel::default()).await }
        };
        let logins = login(&[]).await.unwrap();
        assert!(matches!(logins.credentials(REGISTRY), Credentials::Basic(..)));
        let text = login(&[("AWS_SECRET_ACCESS_KEY", "x-another")]).await.unwrap_err().full_text();
        let which = if minutes < 0 { "ahead of" } else { "behind" };
        assert!(text.contains(&format!("clock is 61 minutes {which} AWS's")), "{text}");
    }
}

#[tokio::test]
async fn aws_s_refusals_are_told() {
    let (endpoint, _) = aws().await;
    let folder = tempfile::tempdir().unwrap();
    let refused = async |more: &[(&str, &str)]| {
        let env = env(&endpoint, folder.path(), more);
        Logins::default().resolve(&[REGISTRY], &env, &Cancel::default()).await.unwrap_err()
    };
    let wrong = refused(&[("AWS_SECRET_ACCESS_KEY", "x-another-secret")]).await;
    assert_eq!(wrong.cause(), Cause::Access);
    let text = wrong.full_text();
    assert!(text.contains("wrong signature") && !text.contains("Canonical") && !text.contains("x-another"), "{text}");
    let expired = refused(&[("AWS_SESSION_TOKEN", "x-old-session")]).await;
    assert_eq!(expired.cause(), Cause::Access);
    assert!(expired.full_text().contains("UnrecognizedClientException: expired"), "{}", expired.full_text());
    let nowhere = refused(&[("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:9")]).await;
    assert_eq!(nowhere.cause(), Cause::Unreachable, "{}", nowhere.full_text());
}
