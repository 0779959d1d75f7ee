//! The one HTTP client: TLS roots, time-outs; one policy of retries, one reader of answers, one way to download.

mod answer;
mod clock;
mod download;
mod pace;
mod resume;
mod retry;

use std::error::Error as StdError;
use std::io;
#[cfg(unix)]
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Certificate, Client, ClientBuilder, redirect};
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::{Cause, Context, Error, Result};

pub use answer::{LONGEST, PATIENCE, Refusal, bytes, json};
pub use download::{Incoming, download};
pub use pace::Pace;
pub use resume::{ContentRange, Resume};
pub use retry::{Attempt, Policy, is_transient, retry, retry_after, transfer};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a server may be silent in the middle of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A client with the machine's certificates, else the bundled ones, and the proxies that the environment names.
///
/// It follows no redirects: BentoCloud's API never sends any, and a signed address is used as it is.
pub fn client() -> Result<Client> {
    build(|| builder().read_timeout(READ_TIMEOUT))
}

/// The same for large uploads, in which a server says nothing until it has all: the caller sets a time-out per request, or
/// keeps a [`Pace`].
pub fn upload_client() -> Result<Client> {
    build(builder)
}

/// A client of a server that listens at a socket of this machine.
#[cfg(unix)]
pub fn socket_client(socket: &Path) -> Result<Client> {
    build(|| builder().read_timeout(READ_TIMEOUT).unix_socket(socket))
}

fn build(builder: impl Fn() -> ClientBuilder) -> Result<Client> {
    // Installed by whoever comes first; it is the same provider everywhere.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built = builder().build().or_else(|error| {
        // Containers without ca-certificates have no roots at all.
        tracing::debug!("no certificates on this machine ({error}); using the bundled ones");
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        builder().tls_certs_only(roots.iter().filter_map(|der| Certificate::from_der(der).ok())).build()
    });
    built.context(|| "failed to set up HTTPS".into())
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("bento-actions/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
}

/// A transport error without the address it happened at, which may be a signed one.
pub fn transport_error(what: &str, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let reason = if error.is_timeout() {
        "it did not answer in time".to_owned()
    } else {
        certificate(&error).unwrap_or_else(|| innermost(&error))
    };
    Error::new(Cause::Unreachable, format!("{what}: {reason}"))
}

fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

fn certificate_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a CertificateError> {
    if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
        return Some(why);
    }
    match error.downcast_ref::<io::Error>() {
        // Its source is that of what it holds.
        Some(outer) => certificate_error(outer.get_ref()?),
        None => certificate_error(error.source()?),
    }
}

/// What is wrong with a server's certificate, where that is the reason.
fn certificate(error: &reqwest::Error) -> Option<String> {
    let failed = certificate_error(error)?;
    let time = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |time| time.to_string())
    };
    Some(match failed {
        CertificateError::ExpiredContext { time: now, not_after } => {
            let (end, now) = (time(not_after), time(now));
            format!("its certificate expired at {end}, and by this machine's clock it is {now}")
        }
        CertificateError::NotValidYetContext { time: now, not_before } => {
            let (begin, now) = (time(not_before), time(now));
            format!("its certificate is valid from {begin} on, and by this machine's clock it is {now}")
        }
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that this machine does not know; a file \
             with the authority's certificate can be named in SSL_CERT_FILE"
                .into()
        }
        other => format!("its certificate is not valid: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
    use rustls::ServerConfig;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// What a client says that trusts the authority, where the server has a certificate for these years.
    async fn said(name: &str, years: [i32; 2], is_known: bool) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut server = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (server.not_before, server.not_after) = (date_time_ymd(years[0], 1, 1), date_time_ymd(years[1], 1, 1));
        let server = server.signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config =
            config.with_single_cert(vec![server.der().clone()], key.serialize_der().try_into().unwrap()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let _ = acceptor.accept(client).await;
            }
        });
        let roots = is_known.then(|| Certificate::from_der(authority.der()).unwrap());
        let client = builder().no_proxy().tls_certs_only(roots).build().unwrap();
        let error = client.get(format!("https://127.0.0.1:{port}/secret")).send().await.unwrap_err();
        let text = transport_error("cannot reach the cloud", error).to_string();
        assert!(!text.contains("/secret"), "{text}");
        text
    }

    #[tokio::test]
    async fn a_certificate_out_of_its_time_or_of_a_stranger_is_called_so() {
        let clock = "by this machine's clock it is 20";
        for (name, years, is_known, expected) in [
            ("127.0.0.1", [2020, 2021], true, vec!["expired at 2021-01-01T00:00:00Z", clock]),
            ("127.0.0.1", [2200, 2201], true, vec!["valid from 2200-01-01T00:00:00Z", clock]),
            ("127.0.0.1", [2020, 2200], false, vec!["does not know", "SSL_CERT_FILE"]),
            ("localhost", [2020, 2200], true, vec!["its certificate is not valid", "127.0.0.1"]),
        ] {
            let text = said(name, years, is_known).await;
            assert!(expected.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}
