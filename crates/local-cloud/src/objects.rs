//! The object storage: a real S3 implementation (`s3s` on files) with its own port, and URLs presigned for it.

use std::path::Path;
use std::time::Duration;

use rusty_s3::actions::{GetObject, PutObject, UploadPart};
use rusty_s3::{Bucket, S3Action, UrlStyle};
use s3s::auth::SimpleAuth;
use s3s::dto;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request};
use url::Url;

use crate::credentials::Credentials;
use crate::error::StartError;
use crate::object_files::Files;

/// The one bucket.
const BUCKET: &str = "bentoml";
/// How long a presigned URL is good for: what Yatai uses.
const EXPIRY: Duration = Duration::from_secs(3600);

/// The storage, seen from the API.
#[derive(Clone)]
pub(crate) struct Objects {
    files: Files,
    bucket: Bucket,
    presigner: rusty_s3::Credentials,
    owner: s3s::auth::Credentials,
}

/// What the storage cannot do; the text is S3's.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ObjectError(String);

impl From<s3s::S3Error> for ObjectError {
    fn from(error: s3s::S3Error) -> Self {
        let code = error.code().as_str().to_owned();
        Self(error.message().map_or(code.clone(), |message| format!("{code}: {message}")))
    }
}

impl Objects {
    /// Opens the storage in `root`; `endpoint` is where [`Objects::service`] will answer.
    pub(crate) fn open(root: &Path, endpoint: &Url, credentials: &Credentials) -> Result<Self, StartError> {
        crate::disk::create_dir(&root.join(BUCKET))?;
        let failed = |reason: String| StartError::Objects { path: root.to_owned(), reason };
        let files = Files::open(root).map_err(&failed)?;
        let bucket = Bucket::new(endpoint.clone(), UrlStyle::Path, BUCKET, "us-east-1")
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            files,
            bucket,
            presigner: rusty_s3::Credentials::new(&credentials.access_key, &credentials.secret_key),
            owner: s3s::auth::Credentials {
                access_key: credentials.access_key.clone(),
                secret_key: credentials.secret_key.clone().into(),
            },
        })
    }

    /// The HTTP service that checks signatures and stores.
    pub(crate) fn service(&self) -> S3Service {
        let mut builder = S3ServiceBuilder::new(self.files.clone());
        builder.set_auth(SimpleAuth::from_single(self.owner.access_key.clone(), self.owner.secret_key.clone()));
        builder.build()
    }

    /// URL for one PUT of the whole object.
    pub(crate) fn put_url(&self, key: &str) -> Url {
        PutObject::new(&self.bucket, Some(&self.presigner), key).sign(EXPIRY)
    }

    /// URL for a GET.
    pub(crate) fn get_url(&self, key: &str) -> Url {
        GetObject::new(&self.bucket, Some(&self.presigner), key).sign(EXPIRY)
    }

    /// URL for the PUT of one part.
    pub(crate) fn part_url(&self, key: &str, upload_id: &str, part: u16) -> Url {
        UploadPart::new(&self.bucket, Some(&self.presigner), key, part, upload_id).sign(EXPIRY)
    }

    /// Starts a multipart upload and answers its id.
    pub(crate) async fn start_multipart(&self, key: &str) -> Result<String, ObjectError> {
        let mut input = dto::CreateMultipartUploadInput::default();
        (input.bucket, input.key) = (BUCKET.to_owned(), key.to_owned());
        let answer = self.files.create_multipart_upload(self.request(input)).await?;
        answer.output.upload_id.ok_or_else(|| ObjectError("no upload id".to_owned()))
    }

    /// Puts the parts together, in the order given.
    pub(crate) async fn complete_multipart(
        &self,
        key: &str,
        upload_id: &str,
        parts: Vec<(i32, String)>,
    ) -> Result<(), ObjectError> {
        let parts = parts.into_iter().map(|(number, etag)| dto::CompletedPart {
            part_number: Some(number),
            e_tag: Some(dto::ETag::Strong(etag)),
            ..Default::default()
        });
        let mut input = dto::CompleteMultipartUploadInput::default();
        (input.bucket, input.key, input.upload_id) = (BUCKET.to_owned(), key.to_owned(), upload_id.to_owned());
        input.multipart_upload = Some(dto::CompletedMultipartUpload { parts: Some(parts.collect()) });
        self.files.complete_multipart_upload(self.request(input)).await?;
        Ok(())
    }

    /// Stores a body as it arrives; a body that breaks off leaves the old object.
    pub(crate) async fn put(&self, key: &str, body: axum::body::Body) -> Result<(), ObjectError> {
        let mut input = dto::PutObjectInput::default();
        (input.bucket, input.key) = (BUCKET.to_owned(), key.to_owned());
        input.body = Some(dto::StreamingBlob::from(s3s::Body::http_body_unsync(body)));
        self.files.put_object(self.request(input)).await?;
        Ok(())
    }

    /// Length in bytes, and the content as a stream.
    pub(crate) async fn get(&self, key: &str) -> Result<(u64, dto::StreamingBlob), ObjectError> {
        let mut input = dto::GetObjectInput::default();
        (input.bucket, input.key) = (BUCKET.to_owned(), key.to_owned());
        let output = self.files.get_object(self.request(input)).await?.output;
        let length = output.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        let body = output.body.ok_or_else(|| ObjectError("object without content".to_owned()))?;
        Ok((length, body))
    }

    /// A call of our own, made by the owner of the bucket.
    fn request<T>(&self, input: T) -> S3Request<T> {
        S3Request {
            input,
            method: Default::default(),
            uri: Default::default(),
            headers: Default::default(),
            extensions: Default::default(),
            credentials: Some(self.owner.clone()),
            region: None,
            service: None,
            trailing_headers: None,
        }
    }
}
