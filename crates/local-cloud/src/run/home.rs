//! The private BENTOML_HOME of a Deployment: its Bento and the models it names, unpacked from the object storage.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{Inner, child, environment};
use crate::api::bento_models;
use crate::objects::Objects;
use crate::records::Artifact;

/// What the process is started with.
pub(crate) struct Plan {
    /// The BENTOML_HOME.
    pub home: PathBuf,
    /// The unpacked Bento.
    pub bento: PathBuf,
    /// Its declared environment.
    pub envs: Vec<(String, String)>,
}

/// Unpacks what is not there yet.
pub(crate) async fn prepare(inner: &Inner, name: &str, directory: &Path) -> Result<Plan, String> {
    let (bento, models, envs) = {
        let tables = inner.state.lock();
        let record = tables.deployments.get(name).ok_or("it was deleted")?;
        let revision = record.latest().ok_or("it has no revision")?;
        let bento = tables.artifacts.get(&revision.bento).ok_or("its Bento is gone")?.clone();
        let models: Vec<Artifact> = bento_models(&tables, &bento).into_iter().cloned().collect();
        let envs = environment::declared(&bento, revision);
        if revision.config["secrets"].as_array().is_some_and(|secrets| !secrets.is_empty()) {
            tracing::warn!("deployment {name} names secrets, which local-cloud does not have");
        }
        (bento, models, envs)
    };
    child::create_directory(directory)?;
    let home = directory.join("home");
    for model in models.iter().filter(|model| !model.is_hub_reference()) {
        unpack(&inner.objects, model, &home).await?;
    }
    let unpacked = unpack(&inner.objects, &bento, &home).await?;
    Ok(Plan { home, bento: unpacked, envs })
}

/// Unpacks one Bento or model to its place in the store, unless exactly this upload is there already.
async fn unpack(objects: &Objects, record: &Artifact, home: &Path) -> Result<PathBuf, String> {
    let tag = record.tag();
    if record.upload_status != "success" {
        return Err(format!("{} {tag} is not uploaded (its upload is {})", record.kind.word(), record.upload_status));
    }
    let repository = home.join(format!("{}s", record.kind.word())).join(&record.repository);
    let target = repository.join(&record.version);
    let stamp_path = home.join("stamps").join(&record.uid);
    let stamp = record.upload_finished_at.clone().unwrap_or_default();
    if target.is_dir() && fs::read_to_string(&stamp_path).is_ok_and(|kept| kept == stamp) {
        return Ok(target);
    }
    let (_, content) = objects.get(&record.object_key()).await.map_err(|error| {
        format!("the archive of {} {tag} is not in the object storage: {error}", record.kind.word())
    })?;
    let reader = SyncIoBridge::new(StreamReader::new(content.map_err(std::io::Error::other)));
    let version = record.version.clone();
    let unpacking = move || -> Result<PathBuf, String> {
        let failed = |error: &dyn std::fmt::Display| format!("cannot unpack {tag} to {}: {error}", target.display());
        if target.exists() {
            fs::remove_dir_all(&target).map_err(|error| failed(&error))?;
        }
        fs::create_dir_all(&target).map_err(|error| failed(&error))?;
        archive::unpack(reader, &target).map_err(|error| failed(&error))?;
        fs::write(repository.join("latest"), version).map_err(|error| failed(&error))?;
        fs::create_dir_all(home_of(&stamp_path)).map_err(|error| failed(&error))?;
        fs::write(&stamp_path, stamp).map_err(|error| failed(&error))?;
        Ok(target)
    };
    tokio::task::spawn_blocking(unpacking).await.map_err(|error| error.to_string())?
}

fn home_of(stamp: &Path) -> &Path {
    stamp.parent().unwrap_or(stamp)
}
