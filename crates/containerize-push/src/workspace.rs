//! The temporary folder of a build: the Dockerfile as used, secrets, BentoML's folders, what the engine tells.

use std::fs;
use std::path::{Path, PathBuf};

use bento_core::action::Context;
use bento_core::runner::mask;
use bento_core::{Context as _, Error, Result};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::plan::{Plan, Way};

/// Removed when dropped, and by the post step should this process be killed.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: TempDir,
    /// Values of `--secret`: no value of a secret is among them.
    pub(crate) secrets: Vec<String>,
    /// Variables for the engine's process, which secrets are taken from.
    pub(crate) variables: Vec<(String, String)>,
}

/// The state that the post step finds.
pub(crate) const STATE: &str = "folder";

impl Workspace {
    /// Writes everything that the engine reads.
    ///
    /// # Errors
    /// The folder cannot be written, or a secret is missing.
    pub(crate) fn new(plan: &Plan, ctx: &Context) -> Result<Self> {
        let folder = ctx.temp_dir("containerize-push-")?;
        ctx.files.save_state(STATE, &folder.path().display().to_string())?;
        let mut workspace = Self { folder, secrets: Vec::new(), variables: Vec::new() };
        workspace.write("Dockerfile", plan.dockerfile.text().as_bytes())?;
        workspace.write("Dockerfile.dockerignore", ignored(&plan.context)?.as_bytes())?;
        workspace.folders(plan)?;
        workspace.build_envs(plan, ctx)?;
        workspace.secrets(plan, ctx)?;
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

    /// The context of BentoML's folders for models.
    pub(crate) fn model_folders(&self) -> PathBuf {
        self.path("folders")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, contents: &[u8]) -> Result<PathBuf> {
        let file = self.path(name);
        bento_core::files::write_private(&file, contents)?;
        Ok(file)
    }

    /// `models/` and `hf-models/`, which BentoML makes in every image; with the models' `latest` files in the second way.
    fn folders(&self, plan: &Plan) -> Result<()> {
        let make = |path: &Path| fs::create_dir_all(path).context(|| format!("failed to make {}", path.display()));
        let root = self.model_folders();
        make(&root.join("models"))?;
        make(&root.join("hf-models"))?;
        if plan.way == Way::Contexts {
            for model in &plan.bento.models {
                let name = root.join("models").join(model.tag.name());
                make(&name)?;
                let file = name.join("latest");
                let version = model.tag.version().unwrap_or_default();
                fs::write(&file, version).context(|| format!("failed to write {}", file.display()))?;
            }
        }
        share(&root).context(|| format!("failed to set the modes below {}", root.display()))
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
                return Err(Error::input(format!(
                    "{} needs the environment variable {name} to be built",
                    plan.bento.tag
                ))
                .hint("Set it under `env:` of this step."));
            }
            self.variables.push((name.to_owned(), value.to_owned()));
            self.secrets.push(format!("id={name},env={name}"));
        }
        Ok(())
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
            let (id, value) = pair("secrets", item)?;
            mask::add(&SecretString::from(value.as_str()));
            let file = self.write(&format!("secret-{number}"), value.as_bytes())?;
            self.secrets.push(format!("id={id},src={}", file.display()));
        }
        for item in plan.inputs.secret_files.iter() {
            let (id, path) = pair("secret-files", item)?;
            let file = ctx.workspace().join(&path);
            if !file.is_file() {
                return Err(Error::input(format!("input secret-files: {path} (the secret {id}) does not exist"))
                    .hint("Paths are relative to the workspace."));
            }
            self.secrets.push(format!("id={id},src={}", file.display()));
        }
        for item in plan.inputs.secret_envs.iter() {
            let (id, name) = pair("secret-envs", item)?;
            if ctx.env.get(&name).is_none() {
                return Err(Error::input(format!(
                    "input secret-envs: the variable {name} (the secret {id}) is not set"
                ))
                .hint("Set it under `env:` of this step."));
            }
            self.secrets.push(format!("id={id},env={name}"));
        }
        Ok(())
    }
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
    if !path.is_dir() {
        return fs::set_permissions(path, fs::Permissions::from_mode(0o644));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    fs::read_dir(path)?.try_for_each(|entry| share(&entry?.path()))
}

#[cfg(not(unix))]
fn share(_: &Path) -> std::io::Result<()> {
    Ok(())
}
