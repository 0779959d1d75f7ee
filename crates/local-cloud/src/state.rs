//! All records in memory, each with its file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::disk;
use crate::error::StartError;
use crate::records::{Artifact, Deployment, Kind, Repository};

/// The records. Every change is on disk before it is answered.
pub(crate) struct State {
    root: PathBuf,
    tables: Mutex<Tables>,
}

/// The tables, by uid (repositories and artifacts) or name (Deployments).
#[derive(Default)]
pub(crate) struct Tables {
    root: PathBuf,
    pub repositories: BTreeMap<String, Repository>,
    pub artifacts: BTreeMap<String, Artifact>,
    pub deployments: BTreeMap<String, Deployment>,
}

impl State {
    /// Reads everything below `root`.
    pub(crate) fn load(root: &Path) -> Result<Self, StartError> {
        for table in ["repositories", "artifacts", "deployments"] {
            disk::create_dir(&root.join(table))?;
        }
        let repositories: Vec<Repository> = disk::read_all(&root.join("repositories"))?;
        let artifacts: Vec<Artifact> = disk::read_all(&root.join("artifacts"))?;
        let deployments: Vec<Deployment> = disk::read_all(&root.join("deployments"))?;
        let tables = Tables {
            root: root.to_owned(),
            repositories: repositories.into_iter().map(|record| (record.uid.clone(), record)).collect(),
            artifacts: artifacts.into_iter().map(|record| (record.uid.clone(), record)).collect(),
            deployments: deployments.into_iter().map(|record| (record.name.clone(), record)).collect(),
        };
        Ok(Self { root: root.to_owned(), tables: Mutex::new(tables) })
    }

    /// The tables. Held only between awaits; a panic in a handler leaves them whole, so poison is ignored.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a Deployment, if it is still there, and keeps the change.
    pub(crate) fn update_deployment(&self, name: &str, change: impl FnOnce(&mut Deployment)) {
        let mut tables = self.lock();
        if let Some(mut deployment) = tables.deployments.get(name).cloned() {
            change(&mut deployment);
            if let Err(error) = tables.put_deployment(deployment) {
                tracing::error!("cannot keep deployment {name} in {}: {error}", self.root.display());
            }
        }
    }
}

impl Tables {
    fn keep(&self, table: &str, key: &str, record: &impl Serialize) -> std::io::Result<()> {
        disk::write_json(&self.root.join(table).join(format!("{key}.json")), record)
    }

    /// Keeps a repository.
    pub(crate) fn put_repository(&mut self, record: Repository) -> std::io::Result<()> {
        self.keep("repositories", &record.uid, &record)?;
        self.repositories.insert(record.uid.clone(), record);
        Ok(())
    }

    /// Keeps a Bento or model.
    pub(crate) fn put_artifact(&mut self, record: Artifact) -> std::io::Result<()> {
        self.keep("artifacts", &record.uid, &record)?;
        self.artifacts.insert(record.uid.clone(), record);
        Ok(())
    }

    /// Keeps a Deployment.
    pub(crate) fn put_deployment(&mut self, record: Deployment) -> std::io::Result<()> {
        self.keep("deployments", &record.uid, &record)?;
        self.deployments.insert(record.name.clone(), record);
        Ok(())
    }

    /// Forgets a Deployment.
    pub(crate) fn remove_deployment(&mut self, name: &str) -> std::io::Result<()> {
        if let Some(record) = self.deployments.get(name) {
            std::fs::remove_file(self.root.join("deployments").join(format!("{}.json", record.uid)))?;
        }
        self.deployments.remove(name);
        Ok(())
    }

    /// A repository by name.
    pub(crate) fn repository(&self, kind: Kind, name: &str) -> Option<&Repository> {
        self.repositories.values().find(|record| record.kind == kind && record.name == name)
    }

    /// A Bento or model by repository and version. `latest` is a version like any other.
    pub(crate) fn artifact(&self, kind: Kind, repository: &str, version: &str) -> Option<&Artifact> {
        self.artifacts
            .values()
            .find(|record| record.kind == kind && record.repository == repository && record.version == version)
    }

    /// A Bento or model by tag.
    pub(crate) fn tagged(&self, kind: Kind, tag: &str) -> Option<&Artifact> {
        let (repository, version) = tag.split_once(':')?;
        self.artifact(kind, repository, version)
    }

    /// All versions of a repository (or of all), newest build first.
    pub(crate) fn artifacts_of(&self, kind: Kind, repository: Option<&str>) -> Vec<&Artifact> {
        let mut found: Vec<&Artifact> = self
            .artifacts
            .values()
            .filter(|record| record.kind == kind && repository.is_none_or(|name| record.repository == name))
            .collect();
        found.sort_by(|a, b| (&b.build_at, &b.created_at).cmp(&(&a.build_at, &a.created_at)));
        found
    }
}
