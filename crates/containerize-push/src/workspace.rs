//! The temporary folder of a build: the Dockerfile as used, secrets, BentoML's folders, what the engine tells.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use actions_core::action::{Cancel, Context};
use actions_core::{Context as _, Error, Result, text};
use archive::Bound;
use huggingface::Entry;
use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;

use crate::leftovers::{self, PREFIX};
use crate::linked;
use crate::model::{HUB_MODELS, MODELS, Present};
use crate::output::quoted;
use crate::plan::{Plan, Source};
use crate::recipe::{COPIED, FOLDERS, Recipe, Way, model_context};
use crate::secrets::{self, From, Secret};

/// How much is copied between two looks at whether the job is cancelled, bytes.
const COPIED_AT_ONCE: u64 = 64 * 1024 * 1024;

/// Removed when dropped, and by the post step should this process be killed.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: TempDir,
    /// Values of `--secret`, each a private file: no value of a secret is among them.
    pub(crate) secrets: Vec<String>,
    /// The folder of docker's configuration for this run, where there is one.
    pub(crate) docker_config: Option<PathBuf>,
    /// The models' build contexts, where they have any: name and folder.
    models: Vec<(String, PathBuf)>,
    /// The main build context, where it is a folder.
    pub(crate) context: Option<PathBuf>,
}

impl Workspace {
    /// Writes everything that the engine reads.
    ///
    /// # Errors
    /// The folder cannot be written, or a secret is missing.
    pub(crate) fn new(plan: &Plan, recipe: &Recipe, models: &[Present], ctx: &Context) -> Result<Self> {
        let folder = ctx.temp_dir(PREFIX)?;
        ctx.files.save_state(leftovers::FOLDERS[0], &folder.path().display().to_string())?;
        let mut workspace =
            Self { folder, secrets: Vec::new(), docker_config: None, models: Vec::new(), context: None };
        workspace.write("Dockerfile", recipe.dockerfile.text().as_bytes())?;
        if let Source::Folder(context) = &plan.context {
            workspace.write("Dockerfile.dockerignore", ignored(context)?.as_bytes())?;
            workspace.context = Some(context.clone());
            if linked::has_links(context)? {
                let followed = workspace.path("context");
                linked::follow(context, &followed, &ctx.cancel)?;
                workspace.context = Some(followed);
            }
        }
        workspace.folders(recipe, models, &ctx.cancel)?;
        for (number, Secret { id, from }) in secrets::of(plan, ctx)?.into_iter().enumerate() {
            let file = match from {
                From::File(file) => file,
                From::Value(value) => workspace.write(&format!("secret-{number}"), value.expose_secret().as_bytes())?,
            };
            let source = format!("src={}", file.display());
            workspace.secrets.push(format!("{},{}", quoted(&format!("id={id}")), quoted(&source)));
        }
        if !plan.logins.is_empty() {
            let folder = workspace.path("docker");
            plan.logins.write(&folder, &ctx.env)?;
            workspace.docker_config = Some(folder);
        }
        Ok(workspace)
    }

    /// The Dockerfile as used.
    pub(crate) fn dockerfile(&self) -> PathBuf {
        self.path("Dockerfile")
    }

    /// What the engine tells at the end.
    pub(crate) fn metadata(&self) -> PathBuf {
        self.path("metadata.json")
    }

    /// What the engine told.
    ///
    /// # Errors
    /// Nothing that can be read.
    pub(crate) fn told(&self) -> Result<Value> {
        let file = self.metadata();
        let text = fs::read(&file).context(|| "the engine told nothing of the image that it built".into())?;
        serde_json::from_slice(&text).context(|| format!("failed to read {}", file.display()))
    }

    /// The build contexts besides the main one, `name=folder`: BentoML's folders, and models.
    pub(crate) fn contexts(&self) -> Vec<String> {
        let models = self.models.iter().map(|(name, folder)| format!("{name}={}", folder.display()));
        [format!("{FOLDERS}={}", self.path("folders").display())].into_iter().chain(models).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, contents: &[u8]) -> Result<PathBuf> {
        let file = self.path(name);
        actions_core::files::write_private(&file, contents)?;
        Ok(file)
    }

    /// `models/` and `hf-models/`, which BentoML makes in every image; and the models, where each is a context: a folder of
    /// the store as it is, the files of a model of the hub under the names that they have in its cache.
    fn folders(&mut self, recipe: &Recipe, models: &[Present], cancel: &Cancel) -> Result<()> {
        let root = self.path("folders");
        make(&root.join(MODELS))?;
        make(&root.join(HUB_MODELS))?;
        if recipe.way == Way::Contexts {
            for (number, model) in models.iter().enumerate() {
                let own = self.path(&format!("model-{number}"));
                let mut context = own.clone();
                for entry in &model.entries {
                    match entry {
                        Entry::Folder(path) => make(&place(&own, &root, path))?,
                        Entry::Text(path, text) => write(&place(&own, &root, path), text)?,
                        Entry::Link(path, to) => link(to, &place(&own, &root, path))?,
                        Entry::File(_, from) if from.is_dir() => context.clone_from(from),
                        Entry::File(path, from) => same_file(from, &place(&own, &root, path), cancel)?,
                    }
                }
                if context == own {
                    share(&own).context(|| format!("failed to set the modes below {}", own.display()))?;
                }
                self.models.push((model_context(number), context));
            }
        }
        if recipe.reads_copied {
            self.models.push((COPIED.to_owned(), self.copied(models, cancel)?));
        }
        share(&root).context(|| format!("failed to set the modes below {}", root.display()))
    }

    /// All models as they would stand in the Bento's folder: the same files under other names.
    fn copied(&self, models: &[Present], cancel: &Cancel) -> Result<PathBuf> {
        let folder = self.path(COPIED);
        make(&folder)?;
        let mut bound = Bound::new(cancel);
        for entry in models.iter().flat_map(|model| &model.entries) {
            match entry {
                Entry::Folder(path) => make(&folder.join(path))?,
                Entry::Text(path, text) => write(&folder.join(path), text)?,
                Entry::Link(path, to) => link(to, &folder.join(path))?,
                Entry::File(path, from) => same_files(from, &folder.join(path), &mut bound, cancel)?,
            }
        }
        share(&folder).context(|| format!("failed to set the modes below {}", folder.display()))?;
        Ok(folder)
    }
}

/// Where an entry of a model is laid out: what belongs to the hub's folder in the model's own context, the rest with
/// BentoML's folders.
fn place(own: &Path, folders: &Path, path: &str) -> PathBuf {
    match path.strip_prefix(HUB_MODELS) {
        Some(below) => own.join(below.trim_start_matches('/')),
        None => folders.join(path),
    }
}

fn make(path: &Path) -> Result<()> {
    fs::create_dir_all(path).context(|| format!("failed to make {}", path.display()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).context(|| format!("failed to write {}", file.display()))
}

#[cfg(unix)]
fn link(to: &str, file: &Path) -> Result<()> {
    std::os::unix::fs::symlink(to, file).context(|| format!("failed to link {}", file.display()))
}

#[cfg(windows)]
fn link(to: &str, file: &Path) -> Result<()> {
    std::os::windows::fs::symlink_file(to, file).context(|| format!("failed to link {}", file.display()))
}

/// The same bytes under another name: no copy where both are on one file system.
pub(crate) fn same_file(from: &Path, to: &Path, cancel: &Cancel) -> Result<()> {
    let real = fs::canonicalize(from).context(|| format!("failed to read {}", from.display()))?;
    let placed = fs::hard_link(&real, to).or_else(|_| copy(&real, to, cancel));
    if cancel.is_cancelled() {
        return Err(Error::cancelled());
    }
    placed.context(|| format!("failed to place {} at {}", from.display(), to.display()))
}

/// Copies a file; a large one takes longer than a cancelled job has.
fn copy(from: &Path, to: &Path, cancel: &Cancel) -> io::Result<()> {
    let (mut from, mut to) = (fs::File::open(from)?, fs::File::create_new(to)?);
    while !cancel.is_cancelled() && io::copy(&mut from.by_ref().take(COPIED_AT_ONCE), &mut to)? > 0 {}
    to.set_permissions(from.metadata()?.permissions())
}

/// The same for a file or a folder with all below.
fn same_files(from: &Path, to: &Path, bound: &mut Bound, cancel: &Cancel) -> Result<()> {
    bound.count(from)?;
    if !from.is_dir() {
        return same_file(from, to, cancel);
    }
    make(to)?;
    for entry in fs::read_dir(from).context(|| format!("failed to read {}", from.display()))? {
        let entry = entry.context(|| format!("failed to read {}", from.display()))?;
        same_files(&entry.path(), &to.join(entry.file_name()), bound, cancel)?;
    }
    Ok(())
}

/// The ignore file of the context, and the models, should the Bento's folder hold any.
fn ignored(context: &Path) -> Result<String> {
    let file = context.join(".dockerignore");
    let own = text::read_if_there(&file)?.unwrap_or_default();
    Ok(format!("{own}\n/models\n/hf-models\n"))
}

/// Readable by all, whatever the umask: the engine copies modes.
#[cfg(unix)]
fn share(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_dir() {
        // A hard link shares its mode with a file that is not ours.
        let ours = meta.is_file() && std::os::unix::fs::MetadataExt::nlink(&meta) == 1;
        return if ours { fs::set_permissions(path, fs::Permissions::from_mode(0o644)) } else { Ok(()) };
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    fs::read_dir(path)?.try_for_each(|entry| share(&entry?.path()))
}

#[cfg(not(unix))]
fn share(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn links_that_multiply_a_model_end_in_an_error() {
        let outer = tempfile::tempdir().unwrap();
        let model = outer.path().join("model");
        make(&model).unwrap();
        for name in ["x", "y"] {
            link(".", &model.join(name)).unwrap();
        }
        let cancel = Cancel::default();
        let error = same_files(&model, &outer.path().join("to"), &mut Bound::of(30, &cancel), &cancel).unwrap_err();
        assert!(error.cause() == actions_core::Cause::Input, "{}", error.full_text());
    }
}
