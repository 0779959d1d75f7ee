//! The temporary folder of a build: the Dockerfile as used, secrets, BentoML's folders, what the engine tells.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bento_core::action::{Cancel, Context};
use bento_core::huggingface::Entry;
use bento_core::runner::mask;
use bento_core::{Context as _, Error, Result};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tempfile::TempDir;

use crate::leftovers::{self, PREFIX};
use crate::model::{HUB_MODELS, MODELS, Present};
use crate::output::quoted;
use crate::plan::{Plan, Source};
use crate::recipe::{COPIED, FOLDERS, Recipe, Way, model_context};

/// How much is copied between two looks at whether the job is cancelled, bytes.
const COPIED_AT_ONCE: u64 = 64 * 1024 * 1024;

/// Removed when dropped, and by the post step should this process be killed.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: TempDir,
    /// Values of `--secret`: no value of a secret is among them.
    pub(crate) secrets: Vec<String>,
    /// Variables for the engine's process, which secrets are taken from.
    pub(crate) variables: Vec<(String, String)>,
    /// The models' build contexts, where they have any: name and folder.
    models: Vec<(String, PathBuf)>,
}

impl Workspace {
    /// Writes everything that the engine reads.
    ///
    /// # Errors
    /// The folder cannot be written, or a secret is missing.
    pub(crate) fn new(plan: &Plan, recipe: &Recipe, models: &[Present], ctx: &Context) -> Result<Self> {
        let folder = ctx.temp_dir(PREFIX)?;
        ctx.files.save_state(leftovers::FOLDERS[0], &folder.path().display().to_string())?;
        let mut workspace = Self { folder, secrets: Vec::new(), variables: Vec::new(), models: Vec::new() };
        workspace.write("Dockerfile", recipe.dockerfile.text().as_bytes())?;
        if let Source::Folder(context) = &plan.context {
            workspace.write("Dockerfile.dockerignore", ignored(context)?.as_bytes())?;
        }
        workspace.folders(recipe, models, &ctx.cancel)?;
        workspace.build_envs(plan, ctx)?;
        workspace.secrets(plan, ctx)?;
        workspace.git_token(plan, ctx);
        if !plan.logins.is_empty() {
            let folder = workspace.path("docker");
            plan.logins.write(&folder, &ctx.env)?;
            workspace.variables.push(("DOCKER_CONFIG".into(), folder.display().to_string()));
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
        bento_core::files::write_private(&file, contents)?;
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
        for entry in models.iter().flat_map(|model| &model.entries) {
            match entry {
                Entry::Folder(path) => make(&folder.join(path))?,
                Entry::Text(path, text) => write(&folder.join(path), text)?,
                Entry::Link(path, to) => link(to, &folder.join(path))?,
                Entry::File(path, from) => same_files(from, &folder.join(path), cancel)?,
            }
        }
        share(&folder).context(|| format!("failed to set the modes below {}", folder.display()))?;
        Ok(folder)
    }

    /// The Bento's environment variables of the build stage: BentoML's Dockerfile mounts each as a secret.
    fn build_envs(&mut self, plan: &Plan, ctx: &Context) -> Result<()> {
        for env in plan.bento.info.envs() {
            let field = |name: &str| env.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            if field("stage") != "build" {
                continue;
            }
            let (name, default) = (field("name"), field("value"));
            let value = ctx.env.get(name).unwrap_or(default);
            if value.is_empty() {
                tracing::warn!(
                    "{} is built with the environment variable {name}, which is empty: set it under `env:` of this step",
                    plan.bento.tag
                );
            }
            self.variables.push((name.to_owned(), value.to_owned()));
            self.secrets.push(secret(name, &format!("env={name}")));
        }
        Ok(())
    }

    /// BuildKit fetches a git context itself; the job's token is for the job's repository alone, and by its id for the
    /// host of that: what the repository names besides, as submodules, gets no token elsewhere.
    fn git_token(&mut self, plan: &Plan, ctx: &Context) {
        const NAME: &str = "GIT_AUTH_TOKEN";
        let own = format!("{}/{}", ctx.event.server_url, ctx.event.repository);
        let is_own = |address: &str| {
            let repository = address.split('#').next().unwrap_or_default();
            repository.strip_suffix(".git").unwrap_or(repository) == own
        };
        let Some(token) = plan.inputs.github_token.as_ref().filter(|token| !token.expose_secret().is_empty()) else {
            return;
        };
        let host = ctx.event.server_url.split("://").nth(1).unwrap_or_default().trim_end_matches('/');
        let id = format!("{NAME}.{host}");
        let names = |field: &str| field.strip_prefix("id=").is_some_and(|given| given == NAME || given == id);
        if self.secrets.iter().any(|secret| secret.split(',').any(names)) || ctx.event.repository.is_empty() {
            return;
        }
        let fetches = matches!(&plan.context, Source::Git(address) if is_own(address));
        // The original passed it to every build.
        let mounts =
            matches!(plan.context, Source::Folder(_)) && plan.dockerfile.text().contains(&format!("id={NAME}"));
        if fetches || mounts {
            self.variables.push((NAME.to_owned(), token.expose_secret().to_owned()));
            self.secrets.push(secret(if mounts { NAME } else { &id }, &format!("env={NAME}")));
        }
    }

    fn secrets(&mut self, plan: &Plan, ctx: &Context) -> Result<()> {
        let pair = |input: &str, item: &str| {
            let (id, value) = item.split_once('=').unwrap_or((item, ""));
            if id.is_empty() || value.is_empty() {
                // The item itself may be the secret.
                return Err(Error::input(format!("input {input}: an item is not of the form id=value")));
            }
            Ok((id.trim().to_owned(), value.to_owned()))
        };
        for (number, item) in plan.inputs.secrets.iter().enumerate() {
            if let Some(id) = item.strip_suffix('=').filter(|id| !id.is_empty() && !id.contains('=')) {
                // GitHub hands out no secrets to a pull request from a fork.
                tracing::warn!("input secrets: the secret {id} is empty, the build gets none");
                continue;
            }
            let (id, value) = pair("secrets", item)?;
            mask::add(&SecretString::from(value.as_str()));
            let file = self.write(&format!("secret-{number}"), value.as_bytes())?;
            self.secrets.push(secret(&id, &format!("src={}", file.display())));
        }
        for item in plan.inputs.secret_files.iter() {
            let (id, path) = pair("secret-files", item)?;
            let file = ctx.workspace().join(&path);
            if !file.is_file() {
                return Err(Error::input(format!("input secret-files: {path} (the secret {id}) does not exist"))
                    .hint("Paths are relative to the workspace."));
            }
            self.secrets.push(secret(&id, &format!("src={}", file.display())));
        }
        for item in plan.inputs.secret_envs.iter() {
            let (id, name) = pair("secret-envs", item)?;
            if ctx.env.get(&name).is_none() {
                return Err(Error::input(format!(
                    "input secret-envs: the variable {name} (the secret {id}) is not set"
                ))
                .hint("Set it under `env:` of this step."));
            }
            self.secrets.push(secret(&id, &format!("env={name}")));
        }
        Ok(())
    }
}

/// A value of `--secret`, which BuildKit reads as CSV.
fn secret(id: &str, from: &str) -> String {
    format!("{},{}", quoted(&format!("id={id}")), quoted(from))
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
fn same_file(from: &Path, to: &Path, cancel: &Cancel) -> Result<()> {
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
    Ok(())
}

/// The same for a file or a folder with all below.
fn same_files(from: &Path, to: &Path, cancel: &Cancel) -> Result<()> {
    if !from.is_dir() {
        return same_file(from, to, cancel);
    }
    make(to)?;
    for entry in fs::read_dir(from).context(|| format!("failed to read {}", from.display()))? {
        let entry = entry.context(|| format!("failed to read {}", from.display()))?;
        same_files(&entry.path(), &to.join(entry.file_name()), cancel)?;
    }
    Ok(())
}

/// The ignore file of the context, and the models, should the Bento's folder hold any.
fn ignored(context: &Path) -> Result<String> {
    let file = context.join(".dockerignore");
    let own = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).context(|| format!("failed to read {}", file.display())),
    };
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
