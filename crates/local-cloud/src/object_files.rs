//! The S3 implementation on files, with faster reading and a check that it lacks.

use std::collections::HashMap;
use std::io::SeekFrom;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use s3s::dto;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// How much is read at a time, in bytes. `s3s-fs` reads 4 KiB, each by a trip to another thread: 1 GiB took 11 s.
const CHUNK: usize = 256 * 1024;

/// The storage behind a handle that both the service and the API hold: two instances on one directory would give
/// out the same temporary names.
#[derive(Clone)]
pub(crate) struct Files {
    inner: Arc<FileSystem>,
    root: PathBuf,
    parts: Arc<Mutex<Parts>>,
}

/// ETags of uploaded parts, by upload and part number. `s3s-fs` puts parts together whatever ETags the client names,
/// S3 does not; parts that came before a restart are not checked.
type Parts = HashMap<(String, i32), dto::ETag>;

impl Files {
    /// Opens the storage in a directory that exists.
    pub(crate) fn open(root: &Path) -> Result<Self, String> {
        let inner = FileSystem::new(root).map_err(|error| format!("{error:?}"))?;
        Ok(Self { inner: Arc::new(inner), root: root.to_owned(), parts: Arc::default() })
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The content that `answer` is about, read in large pieces; `None` leaves the body as it is.
    async fn large_chunks(&self, bucket: &str, key: &str, answer: &dto::GetObjectOutput) -> Option<dto::StreamingBlob> {
        let relative = Path::new(bucket).join(key);
        if !relative.components().all(|component| matches!(component, Component::Normal(_))) {
            return None;
        }
        let length = u64::try_from(answer.content_length?).ok()?;
        let start = answer.content_range.as_deref().map_or(Some(0), range_start)?;
        let mut file = File::open(self.root.join(relative)).await.ok()?;
        // Replaced since the answer was made: its own body still reads the old file.
        if file.metadata().await.ok()?.len() < start + length {
            return None;
        }
        file.seek(SeekFrom::Start(start)).await.ok()?;
        Some(dto::StreamingBlob::wrap(ReaderStream::with_capacity(file.take(length), CHUNK)))
    }
}

/// First byte of `bytes 5-9/20`.
fn range_start(content_range: &str) -> Option<u64> {
    content_range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

#[async_trait]
impl S3 for Files {
    async fn put_object(&self, req: S3Request<dto::PutObjectInput>) -> S3Result<S3Response<dto::PutObjectOutput>> {
        self.inner.put_object(req).await
    }

    async fn get_object(&self, req: S3Request<dto::GetObjectInput>) -> S3Result<S3Response<dto::GetObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let mut answer = self.inner.get_object(req).await?;
        if let Some(body) = self.large_chunks(&bucket, &key, &answer.output).await {
            answer.output.body = Some(body);
        }
        Ok(answer)
    }

    async fn head_object(&self, req: S3Request<dto::HeadObjectInput>) -> S3Result<S3Response<dto::HeadObjectOutput>> {
        self.inner.head_object(req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<dto::CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::CreateMultipartUploadOutput>> {
        self.inner.create_multipart_upload(req).await
    }

    async fn upload_part(&self, req: S3Request<dto::UploadPartInput>) -> S3Result<S3Response<dto::UploadPartOutput>> {
        let part = (req.input.upload_id.clone(), req.input.part_number);
        let answer = self.inner.upload_part(req).await?;
        if let Some(etag) = answer.output.e_tag.clone() {
            self.parts().insert(part, etag);
        }
        Ok(answer)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<dto::CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::CompleteMultipartUploadOutput>> {
        let upload_id = req.input.upload_id.clone();
        for part in req.input.multipart_upload.iter().flat_map(|upload| upload.parts.iter().flatten()) {
            let known = part.part_number.and_then(|number| self.parts().get(&(upload_id.clone(), number)).cloned());
            if known.is_some() && known != part.e_tag {
                return Err(s3_error!(InvalidPart, "the ETag of part {:?} is another one", part.part_number));
            }
        }
        let answer = self.inner.complete_multipart_upload(req).await?;
        self.parts().retain(|(upload, _), _| *upload != upload_id);
        Ok(answer)
    }
}
