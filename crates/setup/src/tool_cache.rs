//! Finished environments in the tool cache of a machine that persists: `bentoml-env/<key>`, complete where
//! `<key>.complete` is beside it. A job gets a copy: what it installs besides or writes into a file is not there for the next.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use actions_core::Env;
use actions_core::action::Cancel;
use actions_core::env;
use python_env::{self, Version};
use uuid::Uuid;

use crate::copies::copy_all;
use crate::{BentomlVersion, key};

/// An environment that no job has used for so long is removed when another one is kept.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 3600);

/// The environments of this machine.
#[derive(Debug, Clone)]
pub(crate) struct ToolCache(PathBuf);

impl ToolCache {
    /// None where the machine does not persist. Self-hosted runners are taken to; of runners that do not say what they are,
    /// those without a cache service.
    pub(crate) fn of(env: &Env, service: bool) -> Option<Self> {
        let persists = env.get(env::RUNNER_ENVIRONMENT).map_or(!service, |environment| environment == "self-hosted");
        let root = actions_core::programs::tool_cache(env).filter(|_| persists)?;
        Some(Self(root.join("bentoml-env")))
    }

    /// The key and folder of the newest environment that has what is wanted.
    pub(crate) fn find(&self, prefix: &str, wanted: &BentomlVersion) -> Option<(String, PathBuf)> {
        let newest = match wanted {
            BentomlVersion::Exact(version) => version.clone(),
            _ => {
                let names =
                    fs::read_dir(&self.0).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
                let versions =
                    names.filter_map(|name| name.strip_suffix(".complete")?.strip_prefix(prefix)?.parse().ok());
                versions.filter(|version: &Version| wanted.is_satisfied_by(version)).max()?
            }
        };
        let key = key::whole(prefix, &newest);
        let (marker, folder) = (self.marker(&key), self.0.join(&key));
        if !marker.is_file() || !folder.is_dir() {
            return None;
        }
        // When it was used last; a cache that only others may write to is as good.
        let _ = File::options().write(true).open(marker).and_then(|marker| marker.set_modified(SystemTime::now()));
        Some((key, folder))
    }

    /// Keeps a finished environment. It gets its name when all of it is there, and its marker after that.
    pub(crate) fn keep(&self, key: &str, environment: &Path, cancel: &Cancel) -> io::Result<()> {
        if self.marker(key).exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.0)?;
        self.remove_unused();
        let draft = self.0.join(format!(".{}", Uuid::new_v4().simple()));
        let kept = copy_all(environment, &draft, cancel).and_then(|()| {
            // Another job may have been quicker.
            if self.marker(key).exists() {
                return fs::remove_dir_all(&draft);
            }
            // Without its marker it is what is left of a job that was killed, or what another job will mark in a moment.
            self.remove(key);
            fs::rename(&draft, self.0.join(key))?;
            File::create(self.marker(key)).map(drop)
        });
        if kept.is_err() {
            let _ = fs::remove_dir_all(&draft);
        }
        kept
    }

    /// Removes an environment. Jobs that use it have copies.
    pub(crate) fn remove(&self, key: &str) {
        let aside = self.0.join(format!(".{}", Uuid::new_v4().simple()));
        let _ = fs::remove_file(self.marker(key));
        if fs::rename(self.0.join(key), &aside).is_ok() {
            let _ = fs::remove_dir_all(aside);
        }
    }

    /// Also what jobs that were killed left: drafts, and folders without a marker.
    fn remove_unused(&self) {
        let is_old = |path: &Path| {
            let changed = path.metadata().and_then(|metadata| metadata.modified()).ok();
            changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > UNUSED)
        };
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            match name.strip_suffix(".complete") {
                Some(key) if is_old(&path) => self.remove(key),
                None if !self.marker(&name).exists() && is_old(&path) => drop(fs::remove_dir_all(path)),
                _ => {}
            }
        }
    }

    fn marker(&self, key: &str) -> PathBuf {
        // `with_extension` would take the last number of the version for one.
        self.0.join(format!("{key}.complete"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(root: &Path) -> PathBuf {
        let folder = root.join("made");
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/bentoml"), "").unwrap();
        folder
    }

    #[test]
    fn what_is_complete_is_found_and_the_newest_first() {
        let root = tempfile::tempdir().unwrap();
        let cache = ToolCache(root.path().join("cache"));
        let made = environment(root.path());
        let (latest, exact) = (BentomlVersion::Latest, "1.4.9".parse().unwrap());
        assert_eq!(cache.find("p-", &latest), None);
        for key in ["p-1.4.9", "p-1.4.39", "q-1.5"] {
            cache.keep(key, &made, &Cancel::default()).unwrap();
        }
        assert_eq!(cache.find("p-", &latest).map(|found| found.0), Some("p-1.4.39".to_owned()));
        assert_eq!(cache.find("p-", &exact).map(|found| found.0), Some("p-1.4.9".to_owned()));
        fs::remove_file(cache.marker("p-1.4.39")).unwrap();
        assert_eq!(cache.find("p-", &latest).map(|found| found.0), Some("p-1.4.9".to_owned()));
        // What a killed job left is replaced.
        fs::remove_file(cache.0.join("p-1.4.39/bin/bentoml")).unwrap();
        cache.keep("p-1.4.39", &made, &Cancel::default()).unwrap();
        assert!(cache.0.join("p-1.4.39/bin/bentoml").is_file());
    }

    #[test]
    fn what_is_not_used_goes_and_what_is_cancelled_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let cache = ToolCache(root.path().join("cache"));
        let made = environment(root.path());
        let cancel = Cancel::default();
        for key in ["p-1", "p-2"] {
            cache.keep(key, &made, &cancel).unwrap();
            let marker = File::options().write(true).open(cache.marker(key)).unwrap();
            marker.set_modified(SystemTime::now() - UNUSED - Duration::from_secs(60)).unwrap();
        }
        cache.find("p-", &"2".parse().unwrap()).expect("it is used now");
        // What a killed job left.
        fs::create_dir(cache.0.join("p-0")).unwrap();
        let left = File::open(cache.0.join("p-0")).unwrap();
        left.set_modified(SystemTime::now() - UNUSED - Duration::from_secs(60)).unwrap();
        cache.keep("p-3", &made, &cancel).unwrap();
        cancel.cancel();
        cache.keep("p-4", &made, &cancel).unwrap_err();
        let mut names: Vec<_> = fs::read_dir(&cache.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["p-2", "p-2.complete", "p-3", "p-3.complete"]);
    }
}
