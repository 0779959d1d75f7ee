//! The place where a benchmark runs: programs, scratch folders, sizes.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::images::Images;
use super::model;
use crate::cloud::Cloud;
use crate::{command, layout, tools};

const MIB: u64 = 1024 * 1024;

/// Size of a model with which an image costs what it costs without.
pub(super) const SMALL_MODEL: u64 = 10 * MIB;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// What docs/benchmarks.md shows.
    Full,
    /// A look in a minute.
    Quick,
}

impl Scale {
    /// Measured turns of work that takes less than a second.
    pub(super) fn short_runs(self) -> usize {
        if self == Self::Full { 15 } else { 3 }
    }

    /// Measured turns of work that moves a model.
    pub(super) fn long_runs(self) -> usize {
        if self == Self::Full { 5 } else { 3 }
    }

    /// Measured turns of work that builds and pushes an image.
    pub(super) fn image_runs(self) -> usize {
        if self == Self::Full { 3 } else { 1 }
    }

    /// Size of the model that is moved.
    pub(super) fn model_bytes(self) -> u64 {
        if self == Self::Full { 1024 * MIB } else { 64 * MIB }
    }
}

/// Everything a row needs. The scratch folder goes when it is dropped, and the cloud ends.
pub(super) struct Lab {
    pub(super) scale: Scale,
    // Dropped before the scratch folder, which holds its data.
    cloud: OnceCell<Cloud>,
    images: OnceCell<Images>,
    folders: Cell<usize>,
    scratch: Scratch,
}

impl Lab {
    pub(super) fn new(scale: Scale) -> Result<Self> {
        let (cloud, images, folders) = Default::default();
        Ok(Self { scale, cloud, images, folders, scratch: Scratch::new()? })
    }

    /// A folder under `target`, on the disk of the checkout: a `tmpfs` would hide what temporary files cost.
    pub(super) fn scratch(&self) -> &Path {
        &self.scratch.0
    }

    /// An empty folder in the scratch folder; what was there is removed.
    pub(super) fn fresh_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.scratch().join(name);
        empty(&folder)?;
        Ok(folder)
    }

    /// A folder that was never there, for work that makes thousands of files. Nothing is removed for it: for minutes after
    /// ext4 passes over every inode that was removed, each time it makes a file, which takes longer than the work itself
    /// and happens on no machine that a job finds.
    pub(super) fn new_folder(&self, name: &str) -> Result<PathBuf> {
        self.folders.set(self.folders.get() + 1);
        let folder = self.scratch().join(format!("{name}-{}", self.folders.get()));
        std::fs::create_dir(&folder).with_context(|| format!("could not create {}", folder.display()))?;
        Ok(folder)
    }

    /// The local cloud, started when first asked for.
    pub(super) fn cloud(&self) -> Result<&Cloud> {
        if self.cloud.get().is_none() {
            let cloud = Cloud::start(&self.scratch().join("cloud"), &layout::release_binaries())?;
            let _ = self.cloud.set(cloud);
        }
        self.cloud.get().context("the local cloud has started")
    }

    /// The engine and a registry, started when first asked for.
    pub(super) fn images(&self) -> Result<&Images> {
        if self.images.get().is_none() {
            let images = Images::new(&self.scratch().join("images"))?;
            let _ = self.images.set(images);
        }
        self.images.get().context("the engine and the registry have started")
    }

    /// A file with the weights of the model that is moved, written when first asked for.
    pub(super) fn weights(&self) -> Result<PathBuf> {
        self.weights_of(self.scale.model_bytes())
    }

    /// The same of this many bytes.
    pub(super) fn weights_of(&self, bytes: u64) -> Result<PathBuf> {
        let path = self.scratch().join(format!("weights-{bytes}.bin"));
        if !path.exists() {
            model::write_weights(&path, bytes)?;
        }
        Ok(path)
    }

    /// The real BentoML CLI on the store `home`.
    pub(super) fn bentoml(&self, home: &Path) -> Command {
        let mut bentoml = command::clean(tools::venv().join("bin/bentoml"));
        bentoml.env("BENTOML_HOME", home).env("BENTOML_DO_NOT_TRACK", "True");
        bentoml
    }

    /// The real BentoML CLI on the store `home`, logged in to the local cloud.
    pub(super) fn bentoml_in_cloud(&self, home: &Path) -> Result<Command> {
        let mut bentoml = self.bentoml(home);
        self.cloud()?.log_in(&mut bentoml);
        Ok(bentoml)
    }

    /// A program as it ships.
    pub(super) fn dist(&self, name: &str) -> Command {
        command::clean(layout::dist_binaries().join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
    }

    /// Node, which runs the launcher.
    pub(super) fn node(&self) -> Command {
        command::clean(tools::node())
    }
}

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let folder = layout::target().join("bench");
        empty(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next benchmark empties it anyway.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("could not empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))
}
