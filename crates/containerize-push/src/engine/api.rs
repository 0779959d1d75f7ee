//! The engine's own API, as docker and podman serve it: for machines without a command line program.
//!
//! Source: "Docker Engine API". Its classic builder takes the context as one tar; it has no cache mounts, no secrets and no
//! named contexts, so the models come in the tar.

use std::path::Path;
use std::time::Duration;

use actions_core::action::{Cancel, Context};
use actions_core::http;
use actions_core::runner::{console, mask};
use actions_core::{Context as _, Error, Result};
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::models::{BuildInfo, PushImageInfo};
use bollard::query_parameters::{BuildImageOptions, PushImageOptions, RemoveImageOptions, TagImageOptions};
use futures_util::{Stream, StreamExt};
use huggingface::Entry;
use registry::{Credentials, Image, Repository};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::address::{address, connect};
use super::context::Contents;
use super::options::{build_args, labels};
use super::{Build, Goal, failure, none};
use crate::engine::Backend;
use crate::model::{HUB_MODELS, MODELS};
use crate::plan::Plan;
use crate::recipe::Way;

/// How long an engine may take to say what it is.
pub(super) const ANSWER: Duration = Duration::from_secs(60);
/// How long it may take in a context before it says anything.
const PATIENCE: Duration = Duration::from_secs(3600);
/// An engine's line that goes on for longer is shown in pieces, bytes.
const LONGEST_LINE: usize = 64 * 1024;
/// The Dockerfile's name in the context, which no Bento has.
const DOCKERFILE: &str = ".bento-actions.Dockerfile";

/// The engine.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) docker: Docker,
    pub(crate) address: String,
}

impl Api {
    /// Asks the engine whether it answers.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn find(plan: &Plan, ctx: &Context) -> Result<Self> {
        let backend = plan.inputs.oci_backend;
        let address = address(backend, &ctx.env);
        let hint = match backend {
            Backend::Podman => {
                "Start podman's service (`systemctl --user start podman.socket`), or set CONTAINER_HOST."
            }
            _ => "Install and start Docker, and set DOCKER_HOST where it does not listen at its usual place.",
        };
        let what = if backend == Backend::Podman { "service of podman" } else { "docker engine" };
        let missing = |error: Error| none(&format!("{what} at {address}"), hint, error);
        let docker = connect(&address).map_err(missing)?;
        let asking = tokio::time::timeout(ANSWER, docker.negotiate_version());
        let answered =
            ctx.cancel.run(asking).await?.map_err(|_| missing(Error::failure("it did not answer in time")))?;
        let mut docker = answered.map_err(|error| missing(Error::failure(error.to_string())))?;
        docker.set_timeout(PATIENCE);
        Ok(Self { docker, address })
    }

    /// Builds, pushes, and returns what there is to tell.
    ///
    /// # Errors
    /// The build or the push fails, or the job is cancelled.
    pub(crate) async fn build(&self, build: Build<'_>, cancel: &Cancel) -> Result<Value> {
        let id = cancel.run(self.make(&build)).await??;
        let names = build.names();
        if let Goal::Push(repositories, Some(_)) = build.goal {
            let _group = console::group("Push the image without models");
            for (name, repository) in names.iter().zip(repositories) {
                cancel.run(self.push(&build, name, repository)).await??;
            }
        }
        Ok(json!({"containerimage.config.digest": id, "image.name": names.join(",")}))
    }

    async fn make(&self, build: &Build<'_>) -> Result<String> {
        let inputs = &build.plan.inputs;
        let names = build.names();
        let options = BuildImageOptions {
            dockerfile: DOCKERFILE.into(),
            t: names.first().cloned(),
            extrahosts: inputs.add_hosts.first().cloned(),
            nocache: inputs.no_cache,
            cachefrom: Some(inputs.cache_from.to_vec()).filter(|images| !images.is_empty()),
            pull: inputs.pull.then(|| "true".to_owned()),
            rm: true,
            forcerm: true,
            buildargs: Some(build_args(&inputs.build_args, &build.ctx.env).into_iter().collect()),
            labels: Some(labels(&build.labels()).into_iter().collect()),
            networkmode: inputs.network.clone().filter(|mode| !mode.is_empty()),
            platform: inputs.platforms.first().cloned().unwrap_or_default(),
            target: inputs.target.clone().unwrap_or_default(),
            ..BuildImageOptions::default()
        };
        let bases = build.recipe.dockerfile.bases().into_iter().filter_map(|base| base.parse::<Image>().ok());
        let registries = bases.map(|base| base.repository.registry);
        let known = registries
            .map(|registry| (Repository::login_key(&registry).to_owned(), credentials(build.plan, &registry)));
        let known = known.filter_map(|(key, credentials)| Some((key, credentials?))).collect();
        let body = bollard::body_try_stream(contents(build)?.stream());
        let _group = console::group("Build the image");
        let built = self.docker.build_image(options, Some(known), Some(body));
        let id = print(built, |told: &BuildInfo| Told {
            text: told.stream.clone(),
            error: told.error_detail.as_ref().and_then(|error| error.message.clone()),
            result: told.aux.as_ref().and_then(|aux| aux.id.clone()),
        })
        .await
        .map_err(|why| failure(build.plan, &why))?;
        if let Some((first, others)) = names.split_first() {
            for name in others {
                self.tag(first, name).await?;
            }
        }
        Ok(id.unwrap_or_default())
    }

    async fn tag(&self, image: &str, name: &str) -> Result<()> {
        let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
        let options = TagImageOptions { repo: Some(repository.into()), tag: Some(tag.into()) };
        self.docker.tag_image(image, Some(options)).await.context(|| format!("failed to name the image {name}"))
    }

    async fn push(&self, build: &Build<'_>, name: &str, repository: &Repository) -> Result<()> {
        let (image, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
        let options = PushImageOptions { tag: Some(tag.into()), ..PushImageOptions::default() };
        let pushed = self.docker.push_image(image, Some(options), credentials(build.plan, &repository.registry));
        let pushed = print(pushed, |told: &PushImageInfo| Told {
            // Progress comes many times a second.
            text: told.status.clone().filter(|_| told.progress_detail.is_none()).map(|text| text + "\n"),
            error: told.error_detail.as_ref().and_then(|error| error.message.clone()),
            result: None,
        });
        pushed.await.map(drop).map_err(|why| failure(build.plan, &format!("failed to push {name}: {why}")))
    }

    /// Removes a name from the engine's store.
    pub(crate) async fn forget(&self, name: &str) {
        let options = RemoveImageOptions { force: true, ..RemoveImageOptions::default() };
        // There is none where the build failed.
        let _ = self.docker.remove_image(name, Some(options), None).await;
    }

    /// Where the engine keeps images; only one that listens at a socket of this machine is asked.
    #[cfg(unix)]
    pub(crate) async fn data_root(&self) -> Option<String> {
        // Not `Docker::info`: its answer has several hundred fields, and reading them is 0.1 MB of code.
        let socket = self.address.strip_prefix("unix://")?;
        let client = http::socket_client(Path::new(socket)).ok()?;
        let answer = client.get("http://localhost/info").timeout(ANSWER).send().await.ok()?;
        let info = http::json::<Value>(answer, "the engine").await.ok()?;
        info.get("DockerRootDir")?.as_str().map(str::to_owned)
    }

    /// Windows has no such socket.
    #[cfg(not(unix))]
    #[expect(clippy::unused_async, reason = "the same call on all platforms")]
    pub(crate) async fn data_root(&self) -> Option<String> {
        None
    }
}

pub(super) fn credentials(plan: &Plan, registry: &str) -> Option<DockerCredentials> {
    let address = Some(Repository::login_key(registry).to_owned());
    match plan.credentials(registry) {
        Credentials::None => None,
        Credentials::Basic(user, password) => Some(DockerCredentials {
            username: Some(user),
            password: Some(password.expose_secret().to_owned()),
            serveraddress: address,
            ..DockerCredentials::default()
        }),
        Credentials::Identity(token) => Some(DockerCredentials {
            identitytoken: Some(token.expose_secret().to_owned()),
            serveraddress: address,
            ..DockerCredentials::default()
        }),
    }
}

/// BentoML's folders for models stand in every image; with the models in them where they come this way.
fn contents(build: &Build<'_>) -> Result<Contents> {
    let folder = build.context()?;
    let own = [MODELS, HUB_MODELS].map(|folder| Entry::Folder(folder.to_owned())).into_iter();
    let models = build.models.iter().filter(|_| build.recipe.way == Way::Inside);
    Ok(Contents {
        folder: folder.to_owned(),
        without: vec![MODELS, HUB_MODELS],
        dockerfile: (DOCKERFILE, build.recipe.dockerfile.text().to_owned()),
        entries: own.chain(models.flat_map(|model| model.entries.iter().cloned())).collect(),
    })
}

/// What the engine says in one message.
struct Told {
    text: Option<String>,
    error: Option<String>,
    result: Option<String>,
}

/// Shows what the engine says, line by line as foreign text, and returns the last result in it.
async fn print<T>(
    messages: impl Stream<Item = Result<T, bollard::errors::Error>>,
    read: impl Fn(&T) -> Told,
) -> Result<Option<String>, String> {
    let foreign = console::guard_foreign_output();
    let (mut line, mut result) = (String::new(), None);
    let mut messages = std::pin::pin!(messages);
    while let Some(message) = messages.next().await {
        let told = read(&message.map_err(|error| error.to_string())?);
        line.push_str(told.text.as_deref().unwrap_or_default());
        complete(&mut line).for_each(|line| foreign.line(line.trim_end()));
        while let Some(piece) = piece(&mut line) {
            foreign.line(&piece);
        }
        if let Some(error) = told.error {
            return Err(error);
        }
        result = told.result.or(result);
    }
    if !line.is_empty() {
        foreign.line(&line);
    }
    Ok(result)
}

/// Takes away the lines that have come to their end.
fn complete(line: &mut String) -> impl Iterator<Item = String> {
    let begun = line.split_off(line.rfind('\n').map_or(0, |end| end.saturating_add(1)));
    let complete = std::mem::replace(line, begun);
    complete.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Takes away the beginning of a line that is too long to wait for its end. It parts no secret, which would show both halves.
fn piece(line: &mut String) -> Option<String> {
    if line.len() <= LONGEST_LINE {
        return None;
    }
    let at = mask::boundary(line.as_bytes(), line.floor_char_boundary(LONGEST_LINE));
    let rest = line.split_off(line.floor_char_boundary(at));
    if line.is_empty() {
        *line = rest;
        return None;
    }
    Some(std::mem::replace(line, rest))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn lines_come_whole_and_long_ones_in_pieces_that_part_no_secret() {
        let mut line = "a\nb\r\n\nbegun".to_owned();
        assert_eq!(complete(&mut line).collect::<Vec<_>>(), ["a", "b", ""]);
        assert_eq!((line.as_str(), piece(&mut line.clone())), ("begun", None));
        mask::add(&SecretString::from("engine-line-secret"));
        for shift in 0..=18 {
            let text = format!("{}engine-line-secret\u{e9}", "\u{e9}".repeat((LONGEST_LINE - shift) / 2));
            let mut line = format!("{text}{text}");
            let mut pieces: Vec<_> = std::iter::from_fn(|| piece(&mut line)).collect();
            pieces.push(line);
            assert_eq!(pieces.concat(), format!("{text}{text}"));
            assert_eq!(
                pieces.iter().map(|piece| piece.matches("engine-line-secret").count()).sum::<usize>(),
                2,
                "{shift}"
            );
        }
    }
}
