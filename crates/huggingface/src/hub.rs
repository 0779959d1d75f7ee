//! The hub's API, as far as a model is read: what it has at a revision, and its files.
//!
//! Source: `huggingface_hub` 2.4, `HfApi.model_info` and `hf_raise_for_status`; seen on the hub itself: it redirects names
//! in other case, and large files to storage elsewhere.

use std::time::Duration;

use actions_core::action::Cancel;
use actions_core::http;
use actions_core::http::{Attempt, Refusal, Resume};
use actions_core::runner::mask;
use actions_core::{Cause, Context, Env, Error, Result};
use reqwest::header::{ACCEPT_ENCODING, ETAG, HeaderMap, LOCATION};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, json};
use url::Url;

use super::cache;
use super::reference::{HUB, Reference, is_plain};
use crate::variables;

/// How long the hub may take to list a model.
const PATIENCE: Duration = Duration::from_secs(20);
const MOST_REDIRECTS: usize = 5;
/// What `trees/` says of its own format.
pub(super) const TREE_FORMAT: u64 = 1;

/// Access to a hub.
#[derive(Debug, Clone)]
pub struct Hub {
    http: reqwest::Client,
    pub(super) cancel: Cancel,
    address: Url,
    token: Option<SecretString>,
    has_withheld: bool,
}

/// What the hub has of a model at a revision.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The commit that the revision stands for.
    pub commit: String,
    /// All files, whether they are meant or not.
    pub files: Vec<Listed>,
}

/// A file of a model on the hub.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Relative, with slashes.
    pub name: String,
    /// Bytes.
    pub size: Option<u64>,
    /// Git's id of the file; of an LFS file, that of its pointer.
    pub blob_id: Option<String>,
    /// The SHA-256 of an LFS file.
    pub sha256: Option<String>,
}

impl Listed {
    /// The sum of the sizes of these files as the hub names them, bytes.
    pub fn sum<'a>(files: impl IntoIterator<Item = &'a Self>) -> u64 {
        files.into_iter().filter_map(|file| file.size).fold(0, u64::saturating_add)
    }

    /// The name of its contents in the cache.
    pub(super) fn blob(&self) -> Option<&str> {
        self.sha256.as_deref().or(self.blob_id.as_deref())
    }
}

impl Listing {
    /// What the hub's client keeps of it as `trees/<commit>.json`; the same text for the same commit, whoever listed it. None
    /// where a detail of a file is missing.
    pub(super) fn tree(&self) -> Option<String> {
        let mut files = Map::new();
        for file in &self.files {
            let mut entry = json!({"size": file.size?, "blob_id": file.blob_id.as_ref()?});
            if let (Some(sha256), Some(fields)) = (&file.sha256, entry.as_object_mut()) {
                fields.insert("lfs_sha256".into(), sha256.as_str().into());
                fields.insert("lfs_size".into(), file.size?.into());
            }
            files.insert(file.name.clone(), entry);
        }
        files.sort_keys();
        Some(format!("{:#}", json!({"format_version": TREE_FORMAT, "files": files})))
    }
}

#[derive(Deserialize)]
struct Revision {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
    size: Option<u64>,
}

/// What is asked for.
pub(super) enum Ask {
    /// What the hub has of a model.
    Listing,
    /// A file, or what is missing of it.
    File(Resume),
}

impl Ask {
    fn takes(&self, status: StatusCode) -> bool {
        match self {
            Self::Listing => status.is_success(),
            Self::File(resume) => resume.takes(status),
        }
    }
}

/// An answer that holds a file or a part of it.
pub(super) struct Opened {
    pub(super) response: Response,
    /// The file's ETag as the hub itself names it.
    pub(super) etag: Option<String>,
}

impl Hub {
    /// The hub of a model. A Bento that names the public hub means the mirror that `HF_ENDPOINT` names. The token (`HF_TOKEN`,
    /// else the one that `hf auth login` keeps) is masked; it goes to the public hub and to `HF_ENDPOINT`, but to no address
    /// that only the Bento names.
    ///
    /// # Errors
    /// The address is none.
    pub fn of(reference: &Reference, http: reqwest::Client, env: &Env, cancel: &Cancel) -> Result<Self> {
        let mirror = env.get(variables::HF_ENDPOINT).map(|address| address.trim_end_matches('/'));
        let address = if reference.endpoint == HUB { mirror.unwrap_or(HUB) } else { &reference.endpoint };
        let wrong = || {
            Error::input(format!("the hub of {} is not an http or https address", reference.id))
                .hint("Check HF_ENDPOINT, or the endpoint that the Bento names.")
        };
        let is_ours = address == HUB || mirror == Some(address);
        let address = Url::parse(address).map_err(|_| wrong())?;
        if !matches!(address.scheme(), "http" | "https")
            || !address.username().is_empty()
            || address.password().is_some()
        {
            return Err(wrong());
        }
        let token = cache::token(env);
        if let Some(token) = &token {
            mask::add(token);
        }
        let has_withheld = token.is_some() && !is_ours;
        Ok(Self { http, cancel: cancel.clone(), address, token: token.filter(|_| is_ours), has_withheld })
    }

    /// Asks what the model holds at the revision that is meant.
    ///
    /// # Errors
    /// [`Cause::Access`], [`Cause::NotFound`], [`Cause::Unreachable`].
    pub async fn listing(&self, reference: &Reference) -> Result<Listing> {
        let mut address = self.below(&["api", "models"], &reference.id, &["revision", &reference.revision])?;
        address.set_query(Some("blobs=true"));
        let revision: Revision = http::retry(&self.cancel, || async {
            let opened = self.open(address.clone(), &Ask::Listing, reference).await?;
            http::json(opened.response, &self.cannot(reference)).await
        })
        .await?;
        let odd = |what: &str| Error::failure(format!("{}: it names {what}", self.cannot(reference)));
        let commit = revision.sha.filter(|commit| is_name(commit)).ok_or_else(|| odd("no commit"))?;
        let mut files = Vec::new();
        for sibling in revision.siblings {
            let (sha256, lfs_size) = sibling.lfs.map_or((None, None), |lfs| (lfs.sha256, lfs.size));
            let names = [&sibling.blob_id, &sha256];
            if !is_plain(&sibling.rfilename) || names.into_iter().flatten().any(|name| !is_name(name)) {
                return Err(odd(&format!("a file that leaves the cache, {:?}", sibling.rfilename)));
            }
            let size = lfs_size.or(sibling.size);
            files.push(Listed { name: sibling.rfilename, size, blob_id: sibling.blob_id, sha256 });
        }
        Ok(Listing { commit, files })
    }

    /// The address of a file.
    pub(super) fn file(&self, reference: &Reference, commit: &str, name: &str) -> Result<Url> {
        let parts: Vec<_> = ["resolve", commit].into_iter().chain(name.split('/')).collect();
        self.below(&[], &reference.id, &parts)
    }

    /// Requests an address, and follows redirects. The token stays with the hub.
    pub(super) async fn open(&self, address: Url, ask: &Ask, reference: &Reference) -> Result<Opened, Attempt> {
        let mut address = address;
        let mut etag = None;
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.http.get(address.clone()).header(ACCEPT_ENCODING, "identity");
            request = match ask {
                Ask::Listing => request.timeout(PATIENCE),
                Ask::File(resume) => resume.ask(request),
            };
            let is_hub = address.origin() == self.address.origin();
            if let Some(token) = self.token.as_ref().filter(|_| is_hub) {
                request = request.bearer_auth(token.expose_secret());
            }
            let response = request.send().await.map_err(|error| {
                let hint = "Check HF_ENDPOINT and the network; HF_HUB_OFFLINE=1 takes what the cache holds.";
                Attempt::Again(http::transport_error(&self.cannot(reference), error).hint(hint), None)
            })?;
            if is_hub {
                etag = etag.or_else(|| named(response.headers()));
            }
            let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match target.filter(|_| response.status().is_redirection()) {
                Some(target) => address = address.join(target).context(|| self.cannot(reference))?,
                None if ask.takes(response.status()) => return Ok(Opened { response, etag }),
                None => {
                    let error = self.refusal(&response, reference, is_hub);
                    let judged = Refusal::of(response).await.judge(error);
                    // A signed address of the storage may have run out: the hub signs another.
                    return Err(match judged {
                        Attempt::Final(error) if !is_hub => Attempt::Once(error),
                        judged => judged,
                    });
                }
            }
        }
        let text = format!("{}: it redirects without end", self.cannot(reference));
        Err(Attempt::Final(
            Error::new(Cause::Unreachable, text).hint("Check that HF_ENDPOINT is the address of a hub."),
        ))
    }

    fn cannot(&self, reference: &Reference) -> String {
        format!("cannot read {} of the hub {}", reference.id, self.address.host_str().unwrap_or_default())
    }

    fn refusal(&self, response: &Response, reference: &Reference, is_hub: bool) -> Error {
        let status = response.status();
        let code = response.headers().get("x-error-code").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let cannot = self.cannot(reference);
        if !is_hub {
            return Error::failure(format!("{cannot}: its storage answers {status}"));
        }
        match (status, code) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, "GatedRepo") => {
                Error::new(Cause::Access, format!("{cannot}: the model is gated")).hint(format!(
                    "Accept its terms at {}, and set HF_TOKEN to a token of that account.",
                    self.page(reference)
                ))
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                let (why, hint) = if self.has_withheld {
                    let hint = format!("HF_TOKEN is sent to it where HF_ENDPOINT is {}.", reference.endpoint);
                    ("it wants a token, and only the Bento names this address", hint)
                } else if self.token.is_some() {
                    let hint = "Give HF_TOKEN the right to read it, and check the model's name.".into();
                    ("the token does not open it, or there is no such model", hint)
                } else {
                    let hint = "Set HF_TOKEN to a token that may read it, and check the model's name.".into();
                    ("it is private, or there is no such model", hint)
                };
                Error::new(Cause::Access, format!("{cannot}: {why} ({status})")).hint(hint)
            }
            (StatusCode::NOT_FOUND, "RevisionNotFound") => {
                Error::not_found(format!("{cannot}: it has no revision {}", reference.revision))
                    .hint("It may have been deleted: build the Bento again.")
            }
            (StatusCode::NOT_FOUND, "EntryNotFound") => Error::not_found(format!("{cannot}: a file is gone")),
            (StatusCode::NOT_FOUND, _) => Error::not_found(format!("{cannot}: there is no such model"))
                .hint("Check its name; a private model needs HF_TOKEN."),
            _ => Error::new(Cause::Unreachable, format!("{cannot}: it answers {status}")),
        }
    }

    fn page(&self, reference: &Reference) -> String {
        self.below(&[], &reference.id, &[]).map(String::from).unwrap_or_default()
    }

    fn below(&self, before: &[&str], id: &str, after: &[&str]) -> Result<Url> {
        let mut address = self.address.clone();
        let none = || Error::input("the hub's address takes no path");
        let mut path = address.path_segments_mut().map_err(|()| none())?;
        path.pop_if_empty().extend(before).extend(id.split('/')).extend(after);
        drop(path);
        Ok(address)
    }
}

/// May this be the name of a file in the cache?
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !text.is_empty() && text.len() <= 128 && text.chars().all(allowed)
}

/// The ETag as a name: that of what the hub's answer leads to, else of the answer.
fn named(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get("x-linked-etag").or_else(|| headers.get(ETAG))?.to_str().ok()?;
    let etag = etag.trim_start_matches("W/").trim_matches('"');
    is_name(etag).then(|| etag.to_owned())
}
