//! Environments that earlier jobs made: in the tool cache of a machine that persists, in the cache of GitHub Actions.
//! Whatever goes wrong with them is a warning: then uv installs.

use std::{fs, io};

use actions_cache::Cache;
use actions_core::action::Context;
use actions_core::{Cause, Context as _, Error, Result};
use python_env::{Draft, Interpreter, Version};

use crate::copies::copy_all;
use crate::provide::Made;
use crate::tool_cache::ToolCache;
use crate::uv_settings::UvSettings;
use crate::verify::installed;
use crate::{Request, cache, key, snapshot};

/// An environment that an earlier job made.
pub(crate) struct Restored {
    pub(crate) draft: Draft,
    pub(crate) key: String,
    /// Its Python and its BentoML.
    pub(crate) there: (Interpreter, Version),
    /// Does it stand in the tool cache of this machine?
    pub(crate) is_here: bool,
}

/// Where the environments of this request are kept.
#[derive(Debug)]
pub(crate) struct Kept {
    tool_cache: Option<ToolCache>,
    /// None once it did not answer: then it is not asked again, neither in this step nor in the post step.
    service: Option<Cache>,
    /// What every key of such an environment starts with; the version of BentoML follows.
    prefix: String,
}

impl Kept {
    /// None where they are not kept.
    pub(crate) fn of(request: &Request, python: &Interpreter, ctx: &Context) -> Option<Self> {
        // What a branch's name means today is not what it meant yesterday.
        if !request.cache || !request.bentoml.is_released() {
            return None;
        }
        let settings = UvSettings::of(ctx);
        if request.more.moving || settings.moving {
            tracing::info!(
                "the environment is not cached: it has parts that may be others the next time (of the workspace, of a branch, at an address)"
            );
            return None;
        }
        let elsewhere = ToolCache::of(&ctx.env, false);
        let service = cache::service(ctx, elsewhere.is_some());
        let tool_cache = ToolCache::of(&ctx.env, service.is_some());
        let prefix = key::prefix(request, &settings, python, &ctx.env);
        Some(Self { tool_cache, service, prefix }).filter(Self::is_used)
    }

    /// Is there still a place for them?
    pub(crate) fn is_used(&self) -> bool {
        self.tool_cache.is_some() || self.service.is_some()
    }

    /// The key of an environment with this BentoML.
    pub(crate) fn key(&self, bentoml: &Version) -> String {
        key::whole(&self.prefix, bentoml)
    }

    /// The environment that answers the request.
    ///
    /// # Errors
    /// On cancellation only.
    pub(crate) async fn restore(
        &mut self,
        request: &Request,
        python: &Interpreter,
        ctx: &Context,
    ) -> Result<Option<Restored>> {
        let here = match &self.tool_cache {
            Some(tool_cache) => self.take_here(tool_cache, request, ctx).await,
            None => Ok(None),
        };
        if let Some(restored) = or_installed(here, ctx)? {
            return Ok(Some(restored));
        }
        or_installed(self.fetch(request, python, ctx).await, ctx)
    }

    async fn take_here(&self, tool_cache: &ToolCache, request: &Request, ctx: &Context) -> Result<Option<Restored>> {
        let Some((key, folder)) = tool_cache.find(&self.prefix, &request.bentoml) else { return Ok(None) };
        let draft = Draft::new(ctx)?;
        let copied = copy_all(&folder, &draft.folder(), &ctx.cancel);
        // Another job has removed it, and one may be putting it there again.
        let is_gone = copied.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let there = match copied.context(|| format!("failed to read {}", folder.display())) {
            Ok(()) => self.check(&draft, &key, request, ctx).await,
            Err(error) => Err(error),
        };
        match there {
            Ok(there) => {
                tracing::info!("taken from the tool cache: {}", folder.display());
                Ok(Some(Restored { draft, key, there, is_here: true }))
            }
            Err(error) => {
                if !is_gone && !ctx.cancel.is_cancelled() {
                    tool_cache.remove(&key);
                }
                Err(Error::new(error.cause(), format!("{key} in the tool cache is not whole")).caused_by(error))
            }
        }
    }

    async fn fetch(&mut self, request: &Request, python: &Interpreter, ctx: &Context) -> Result<Option<Restored>> {
        let Some(service) = &self.service else { return Ok(None) };
        let found = match cache::find(service, &self.prefix, &request.bentoml).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.service = None;
                return Err(error);
            }
        };
        let draft = Draft::empty(ctx)?;
        let unpacked = cache::restore(service, &found, &draft.folder()).await.and_then(|()| draft.link_python(python));
        let there = match unpacked {
            Ok(()) => self.check(&draft, &found.key, request, ctx).await,
            Err(error) => Err(error),
        };
        match there {
            Ok(there) => Ok(Some(Restored { draft, key: found.key, there, is_here: false })),
            Err(error) => Err(unusable(&found.key, error)),
        }
    }

    /// The key of an entry says what is in it; what is in it counts.
    async fn check(
        &self,
        draft: &Draft,
        key: &str,
        request: &Request,
        ctx: &Context,
    ) -> Result<(Interpreter, Version)> {
        let there = installed(&draft.python(), ctx).await?;
        let bentoml = &there.1;
        if self.key(bentoml) != key || !request.bentoml.is_satisfied_by(bentoml) {
            return Err(Error::failure(format!("it holds bentoml {bentoml}")));
        }
        Ok(there)
    }

    /// Keeps an environment for later jobs: in the tool cache now; for the post step as it is now, since later steps may
    /// install more into it. `new` is false where it is the service's, as it is.
    pub(crate) fn keep(&self, mut made: Made, new: bool, ctx: &Context) -> Made {
        let Some(key) = made.cached.key.clone() else { return made };
        if let Some(tool_cache) = &self.tool_cache
            && let Err(error) = tool_cache.keep(&key, &made.python.prefix, &ctx.cancel)
        {
            tracing::info!("the environment is not kept in the tool cache: {error}");
        }
        if new && self.service.as_ref().is_some_and(|service| service.writable) {
            let name = snapshot::new_name();
            let folder = ctx.temp_root().join(&name);
            match copy_all(&made.python.prefix, &folder, &ctx.cancel) {
                Ok(()) => made.cached.snapshot = Some(name),
                Err(error) => {
                    let _ = fs::remove_dir_all(&folder);
                    tracing::info!("the environment will not be saved in the cache: {error}");
                }
            }
        }
        made
    }
}

/// An entry is never written a second time: one that is damaged stays so until somebody deletes it.
fn unusable(key: &str, error: Error) -> Error {
    let may_be_damaged = error.cause() == Cause::Failure;
    let unusable = Error::new(error.cause(), format!("the entry {key} cannot be used")).caused_by(error);
    if may_be_damaged {
        return unusable
            .hint(format!("If that comes again, delete the entry, so that a new one is saved: gh cache delete {key}"));
    }
    unusable
}

fn or_installed(trying: Result<Option<Restored>>, ctx: &Context) -> Result<Option<Restored>> {
    match trying {
        Ok(restored) => Ok(restored),
        Err(_) if ctx.cancel.is_cancelled() => Err(Error::cancelled()),
        Err(error) => {
            tracing::warn!("the environment cannot be taken from the cache, it is installed: {}", error.full_text());
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_entry_is_named_and_what_came_late_is_not_to_be_deleted() {
        let text = unusable("k-1", Error::failure("the entry is damaged")).full_text();
        assert!(text.starts_with("the entry k-1 cannot be used: the entry is damaged. "), "{text}");
        assert!(text.ends_with("gh cache delete k-1"), "{text}");
        assert!(!unusable("k-1", Error::new(Cause::Timeout, "late")).full_text().contains("delete"));
    }
}
