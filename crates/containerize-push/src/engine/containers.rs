//! Containers, as far as trying an image needs them: with a command line like docker's, or by the engine's API.

use std::collections::HashMap;
use std::time::Duration;

use actions_core::action::Cancel;
use actions_core::process::Command;
use actions_core::runner::console;
use actions_core::{Context as _, Env, Error, Result};
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, CreateImageOptions, ListContainersOptions, LogsOptions, RemoveContainerOptions,
    StartContainerOptions,
};
use futures_util::{StreamExt, TryStreamExt};

use super::{Backend, address};

/// How long a question to the engine may take.
const ANSWER: Duration = Duration::from_secs(30);
/// Lines of a container's log that are of interest.
const TAIL: &str = "50";

/// Who runs containers.
#[derive(Debug, Clone)]
pub(crate) enum Containers {
    /// A program, and what it finds in its environment.
    Program(&'static str, Env),
    /// The API, at its address.
    Api(Docker, String),
}

impl Containers {
    /// Those whom [`Self::state`] described in this environment: a later step may write any state, and must not choose
    /// where we connect to.
    ///
    /// # Errors
    /// The environment names no such engine, or it cannot be connected to.
    pub(crate) fn of_state(state: &str, env: &Env) -> Result<Self> {
        match state {
            "docker" => Ok(Self::Program("docker", env.clone())),
            "nerdctl" => Ok(Self::Program("nerdctl", env.clone())),
            known if [Backend::Docker, Backend::Podman].into_iter().any(|one| address::address(one, env) == known) => {
                Ok(Self::Api(address::connect(known)?, known.to_owned()))
            }
            other => Err(Error::failure(format!("no engine listens at {other:?} by the environment of this step"))
                .hint("Leave DOCKER_HOST and CONTAINER_HOST as they are until the end of the job.")),
        }
    }

    /// Enough for the post step to find them again.
    pub(crate) fn state(&self) -> &str {
        match self {
            Self::Program(program, _) => program,
            Self::Api(_, address) => address,
        }
    }

    /// Pulls an image and starts it under a name.
    ///
    /// # Errors
    /// It cannot be pulled or started, or the job is cancelled.
    pub(crate) async fn start(
        &self,
        name: &str,
        image: &str,
        credentials: Option<DockerCredentials>,
        cancel: &Cancel,
    ) -> Result<()> {
        match self {
            Self::Program(program, env) => {
                let run = Command::new(program).inherit(env).args(["run", "--detach", "--name", name, image]);
                run.output(cancel).await.map(drop)
            }
            Self::Api(docker, _) => {
                let pull = CreateImageOptions { from_image: Some(image.to_owned()), ..CreateImageOptions::default() };
                let starting = async {
                    docker.create_image(Some(pull), None, credentials).try_for_each(async |_| Ok(())).await?;
                    let options =
                        CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
                    let body = ContainerCreateBody { image: Some(image.to_owned()), ..ContainerCreateBody::default() };
                    docker.create_container(Some(options), body).await?;
                    docker.start_container(name, None::<StartContainerOptions>).await
                };
                cancel.run(starting).await?.context(|| format!("failed to start {image}"))
            }
        }
    }

    /// Does it run? One that is not known does not.
    ///
    /// # Errors
    /// The job is cancelled.
    pub(crate) async fn runs(&self, name: &str, cancel: &Cancel) -> Result<bool> {
        match self {
            Self::Program(..) => {
                let told = self.told(["inspect", "--format", "{{.State.Running}}", name], cancel).await?;
                Ok(told.is_some_and(|told| told.trim() == "true"))
            }
            Self::Api(docker, _) => {
                // Not `inspect`: its answer has several hundred fields, and reading them is 0.2 MB of code.
                Ok(cancel.run(is_listed(docker, name, false)).await?.unwrap_or_default())
            }
        }
    }

    /// Is it there, running or not?
    ///
    /// # Errors
    /// The job is cancelled.
    pub(crate) async fn is_there(&self, name: &str, cancel: &Cancel) -> Result<bool> {
        match self {
            Self::Program(..) => Ok(self.told(["inspect", "--format", "{{.Id}}", name], cancel).await?.is_some()),
            Self::Api(docker, _) => Ok(cancel.run(is_listed(docker, name, true)).await?.unwrap_or_default()),
        }
    }

    /// Does a command in the container succeed?
    ///
    /// # Errors
    /// The job is cancelled.
    pub(crate) async fn succeeds(&self, name: &str, command: &[&str], cancel: &Cancel) -> Result<bool> {
        match self {
            Self::Program(..) => {
                let words = ["exec", name].into_iter().chain(command.iter().copied());
                Ok(self.told(words, cancel).await?.is_some())
            }
            Self::Api(docker, _) => Ok(cancel.run(exec(docker, name, command)).await?.unwrap_or_default()),
        }
    }

    /// Shows the end of its log, as foreign text.
    pub(crate) async fn show_log(&self, name: &str, cancel: &Cancel) {
        let _group = console::group("The container's log");
        match self {
            Self::Program(program, env) => {
                let logs = Command::new(program).inherit(env).args(["logs", "--tail", TAIL, name]).deadline(ANSWER);
                // Why it failed is told without it too.
                let _ = logs.stream(cancel).await;
            }
            Self::Api(docker, _) => {
                let options = LogsOptions { stdout: true, stderr: true, tail: TAIL.into(), ..LogsOptions::default() };
                let pieces = docker.logs(name, Some(options)).filter_map(async |piece| piece.ok());
                let reading = pieces.map(|piece| piece.to_string()).collect::<String>();
                let Ok(Ok(text)) = cancel.run(tokio::time::timeout(ANSWER, reading)).await else { return };
                let foreign = console::guard_foreign_output();
                text.lines().for_each(|line| foreign.line(line));
            }
        }
    }

    /// Stops it at once and takes it away with its anonymous volumes.
    ///
    /// # Errors
    /// The engine does not do it.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Program(program, env) => {
                let remove = Command::new(program).inherit(env).args(["rm", "--force", "--volumes", name]);
                remove.deadline(ANSWER).output(&Cancel::default()).await.map(drop)
            }
            Self::Api(docker, _) => {
                let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
                let removed = docker.remove_container(name, Some(options)).await;
                removed.context(|| format!("failed to remove the container {name}"))
            }
        }
    }

    /// What a program tells; `None` where it fails.
    async fn told(&self, words: impl IntoIterator<Item = &str>, cancel: &Cancel) -> Result<Option<String>> {
        let Self::Program(program, env) = self else { return Err(Error::failure("an API is not a program")) };
        match Command::new(program).inherit(env).args(words).deadline(ANSWER).output(cancel).await {
            Ok(told) => Ok(Some(told)),
            Err(error) if error.cause() == actions_core::Cause::Cancelled => Err(error),
            Err(_) => Ok(None),
        }
    }
}

/// Does the engine list a container of this name? Without `all`, only one that runs.
async fn is_listed(docker: &Docker, name: &str, all: bool) -> Result<bool, bollard::errors::Error> {
    let filters = HashMap::from([("name".to_owned(), vec![name.to_owned()])]);
    let options = ListContainersOptions { all, filters: Some(filters), ..ListContainersOptions::default() };
    let listed = docker.list_containers(Some(options)).await?;
    // The filter finds a part of a name as well.
    Ok(listed.into_iter().filter_map(|one| one.names).flatten().any(|own| own.trim_start_matches('/') == name))
}

async fn exec(docker: &Docker, name: &str, command: &[&str]) -> Result<bool, bollard::errors::Error> {
    let options =
        CreateExecOptions { cmd: Some(command.to_vec()), attach_stdout: Some(true), ..CreateExecOptions::default() };
    let id = docker.create_exec(name, options).await?.id;
    if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&id, None).await? {
        while output.next().await.is_some() {}
    }
    Ok(docker.inspect_exec(&id).await?.exit_code == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_chooses_no_other_engine_than_the_environment() {
        let set = [("DOCKER_HOST", "tcp://127.0.0.1:2375"), ("CONTAINER_HOST", "tcp://127.0.0.1:2376")];
        let env: Env = set.into_iter().collect();
        for known in ["docker", "nerdctl", "tcp://127.0.0.1:2375", "tcp://127.0.0.1:2376"] {
            assert_eq!(Containers::of_state(known, &env).unwrap().state(), known);
        }
        for other in ["tcp://attacker.example:2375", "http://127.0.0.1:2375", "unix:///tmp/x.sock", "podman", ""] {
            assert!(Containers::of_state(other, &env).is_err(), "{other}");
        }
    }
}
