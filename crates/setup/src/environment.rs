//! The Python that has BentoML, as later steps see it.

use std::path::{Path, PathBuf};

use actions_core::action::Context;
use actions_core::env;
use actions_core::programs::find_on_path;
use actions_core::runner::Files;
use actions_core::{Env, Result};
use python_env::variables;

use crate::plan::Step;
use crate::provide::{Made, provide};
use crate::{Plan, Request};

/// A Python with BentoML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The Python.
    pub python: PathBuf,
    /// The folder of the `bentoml` command.
    pub bin: PathBuf,
    /// The root, where it is a virtual environment.
    pub virtual_env: Option<PathBuf>,
    /// The version of Python.
    pub python_version: String,
    /// The version of BentoML.
    pub bentoml_version: String,
    /// Was it made just now?
    pub created: bool,
    /// The version of uv, where it was needed.
    pub uv_version: Option<String>,
    /// How the cache was used.
    pub cached: Cached,
}

/// How the cache of GitHub Actions was used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cached {
    /// Did the environment come from the cache, as it is?
    pub hit: bool,
    /// The key of its entry; none where the cache was not used.
    pub key: Option<String>,
    /// The name of what the post step is to save under that key.
    pub(crate) snapshot: Option<String>,
}

/// Provides the environment that the request asks for: one that is there, else a new one. Says in the log which and why.
/// Later steps see it after [`Environment::export`], this process after [`Environment::activate`].
///
/// # Errors
/// When no Python fits or BentoML cannot be installed; nothing is left behind then. On cancellation.
pub async fn ensure(request: &Request, ctx: &Context) -> Result<Environment> {
    let plan = ctx.cancel.run(Plan::of(request.clone(), Vec::new(), ctx)).await??;
    plan.to_string().lines().for_each(|line| tracing::info!("{line}"));
    carry_out(plan, ctx).await
}

pub(crate) async fn carry_out(plan: Plan, ctx: &Context) -> Result<Environment> {
    let ctx = &plan.request.indexes.apply(ctx);
    let created = matches!(plan.step, Step::Install { .. });
    let Made { python, bentoml, uv_version, cached } = match plan.step {
        Step::Use { python, bentoml } => Made { python, bentoml, uv_version: None, cached: Cached::default() },
        Step::Install { choice, uv, .. } => provide(&plan.request, &choice, uv, ctx).await?,
    };
    let command = python.command("bentoml", &ctx.env);
    Ok(Environment {
        bin: command.as_deref().and_then(Path::parent).unwrap_or(&python.scripts).to_owned(),
        virtual_env: python.is_virtual().then(|| python.prefix.clone()),
        python_version: python.version.to_string(),
        bentoml_version: bentoml.to_string(),
        python: python.executable,
        created,
        uv_version,
        cached,
    })
}

impl Environment {
    /// Hands the environment to later steps: PATH and, for a virtual environment, VIRTUAL_ENV.
    ///
    /// # Errors
    /// When the runner's files cannot be written.
    pub fn export(&self, env: &Env, files: &Files) -> Result<()> {
        // The folder that is to come first on PATH is written last.
        for folder in self.missing_on_path(env).iter().rev() {
            files.add_path(&folder.to_string_lossy())?;
        }
        match &self.virtual_env {
            Some(root) => files.export(variables::VIRTUAL_ENV, &root.to_string_lossy()),
            None => Ok(()),
        }
    }

    /// The same for children of this process that inherit `env`.
    ///
    /// # Errors
    /// When a folder's name holds PATH's separator.
    pub fn activate(&self, env: &mut Env) -> Result<()> {
        let old = env.os(env::PATH).unwrap_or_default().to_owned();
        let folders = self.missing_on_path(env).into_iter().chain(std::env::split_paths(&old));
        let path = std::env::join_paths(folders)
            .map_err(|error| actions_core::Error::failure("failed to extend PATH").caused_by(error))?;
        env.set(env::PATH, path);
        if let Some(root) = &self.virtual_env {
            env.set(variables::VIRTUAL_ENV, root);
        }
        Ok(())
    }

    /// The folders that PATH lacks for `bentoml` and `python` to be this environment's. A folder of the system that is
    /// there already is not moved to the front.
    fn missing_on_path(&self, env: &Env) -> Vec<PathBuf> {
        let folder_of = |name: &str| find_on_path(env, name).and_then(|found| found.parent().map(PathBuf::from));
        let of_python = self.python.parent().map(PathBuf::from);
        let names = ["python3", "python"].map(folder_of);
        let python_is_first = names.iter().flatten().next().is_some_and(|found| Some(found) == of_python.as_ref());
        let command_is_first = folder_of("bentoml").as_ref() == Some(&self.bin);
        let mut missing = Vec::new();
        if !command_is_first {
            missing.push(self.bin.clone());
        }
        missing.extend(of_python.filter(|folder| !python_is_first && !missing.contains(folder)));
        missing
    }
}
