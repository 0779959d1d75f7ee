//! The secrets of a build, wherever they come from. The engine gets each as a file: a Bento may name a secret, and must
//! never name a variable of the engine's program.

use std::path::PathBuf;

use actions_core::action::Context;
use actions_core::runner::mask;
use actions_core::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::plan::{Plan, Source};
use crate::variables::{GIT_AUTH_HEADER, GIT_AUTH_TOKEN};

/// Beginnings of variables that hold the action's inputs, the runner's tokens and files, the action's state, and what
/// the job has for a cloud or a hub: a Bento gets none of their values, unless the user says so.
const WITHHELD: [&str; 13] = [
    "ACTIONS_",
    "ARM_",
    "AWS_",
    "AZURE_",
    "BENTO_CLOUD_",
    "CLOUDSDK_",
    "GH_",
    "GITHUB_",
    "GOOGLE_",
    "HF_",
    "INPUT_",
    "RUNNER_",
    "STATE_",
];
/// What a name holds that is a secret's, whoever it is for.
const SECRET_WORDS: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];
/// What such a name ends in.
const SECRET_ENDS: [&str; 2] = ["_KEY", "_PAT"];

/// A secret of the build.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) id: String,
    pub(crate) from: From,
}

/// Where its value is.
#[derive(Debug)]
pub(crate) enum From {
    /// In this file, which is the user's.
    File(PathBuf),
    /// Here.
    Value(SecretString),
}

impl Secret {
    fn of_value(id: &str, value: &str) -> Self {
        Self { id: id.to_owned(), from: From::Value(value.into()) }
    }
}

/// What the user gives, what the Bento asks for, and the token of a git repository. Of two with one id the user's wins.
///
/// # Errors
/// A file or a variable that is named is not there, or a name cannot be one.
pub(crate) fn of(plan: &Plan, ctx: &Context) -> Result<Vec<Secret>> {
    let mut secrets = given(plan, ctx)?;
    let asked = build_envs(plan, &secrets, ctx)?;
    secrets.extend(asked);
    let login = git_login(plan).filter(|login| !secrets.iter().any(|other| other.id == login.id));
    secrets.extend(login);
    let token = git_token(plan, ctx, &secrets);
    secrets.extend(token);
    Ok(secrets)
}

/// What the address of a git context came with, for its host alone: a token, or a header with user and password.
fn git_login(plan: &Plan) -> Option<Secret> {
    let (login, Source::Git(address)) = (plan.git_login.as_ref()?.expose_secret(), &plan.context) else { return None };
    let host = address.split_once("://")?.1.split(['/', '?', '#']).next()?;
    match login.split_once(':') {
        Some((user, password)) if !password.is_empty() => {
            let header = format!("basic {}", STANDARD.encode(format!("{user}:{password}")));
            mask::add(&SecretString::from(header.as_str()));
            Some(Secret::of_value(&format!("{GIT_AUTH_HEADER}.{host}"), &header))
        }
        _ => Some(Secret::of_value(&format!("{GIT_AUTH_TOKEN}.{host}"), login.trim_end_matches(':'))),
    }
}

/// The inputs `secrets`, `secret-files` and `secret-envs`. An item may itself be the secret: errors show its number.
fn given(plan: &Plan, ctx: &Context) -> Result<Vec<Secret>> {
    let pair = |input: &str, number: usize, item: &str| match item.split_once('=') {
        Some((id, value)) if !id.trim().is_empty() && !value.is_empty() => Ok((id.trim().to_owned(), value.to_owned())),
        _ => Err(Error::input(format!("input {input}: item {} is not of the form id=value", number.saturating_add(1)))
            .hint("The item is not shown, because it may be a secret.")),
    };
    let mut secrets = Vec::new();
    for (number, item) in plan.inputs.secrets.iter().enumerate() {
        if let Some(id) = item.strip_suffix('=').filter(|id| !id.is_empty() && !id.contains('=')) {
            // GitHub hands out no secrets to a pull request from a fork.
            tracing::warn!("input secrets: the secret {id} is empty, the build gets none");
            continue;
        }
        let (id, value) = pair("secrets", number, item)?;
        mask::add(&SecretString::from(value.as_str()));
        secrets.push(Secret::of_value(&id, &value));
    }
    for (number, item) in plan.inputs.secret_files.iter().enumerate() {
        let (id, path) = pair("secret-files", number, item)?;
        let file = ctx.workspace().join(&path);
        if !file.is_file() {
            return Err(Error::input(format!("input secret-files: {path} (the secret {id}) does not exist"))
                .hint("Paths are relative to the workspace."));
        }
        secrets.push(Secret { id, from: From::File(file) });
    }
    for (number, item) in plan.inputs.secret_envs.iter().enumerate() {
        let (id, name) = pair("secret-envs", number, item)?;
        let value = ctx.env.get(&name).ok_or_else(|| {
            Error::input(format!("input secret-envs: the variable {name} (the secret {id}) is not set"))
                .hint("Set it under `env:` of this step.")
        })?;
        secrets.push(Secret::of_value(&id, value));
    }
    Ok(secrets)
}

/// The Bento's environment variables of the build stage, which BentoML's Dockerfile mounts as secrets: the value that the
/// step sets, else the Bento's own. Those that the user gives are left to the user.
fn build_envs(plan: &Plan, given: &[Secret], ctx: &Context) -> Result<Vec<Secret>> {
    let mut secrets: Vec<Secret> = Vec::new();
    for env in plan.bento.info.envs() {
        let field = |name: &str| env.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        if field("stage") != "build" {
            continue;
        }
        let (name, default, tag) = (field("name"), field("value"), &plan.bento.tag);
        if !is_name(name) {
            return Err(Error::input(format!(
                "bento.yaml of {tag}: envs has {name:?}, which is not a variable's name"
            ))
            .hint("A name consists of letters, digits and '_', and begins with no digit."));
        }
        if given.iter().any(|secret| secret.id == name) {
            continue;
        }
        let withheld = is_withheld(name);
        let value = ctx.env.get(name).filter(|_| !withheld).unwrap_or(default);
        if withheld && ctx.env.get(name).is_some() {
            tracing::warn!(
                "{tag} asks for the environment variable {name} while it is built: its value on this runner is withheld. \
                 To hand it over, set secret-envs: {name}={name}"
            );
        } else if value.is_empty() {
            tracing::warn!(
                "{tag} is built with the environment variable {name}, which is empty: set it under `env:` of this step"
            );
        }
        secrets.retain(|other| other.id != name);
        secrets.push(Secret::of_value(name, value));
    }
    Ok(secrets)
}

/// The shell's rule, which every variable of a job obeys.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Does the name say that it is a secret's?
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_WORDS.iter().any(|word| name.contains(word)) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

fn is_withheld(name: &str) -> bool {
    // On Windows the case of a variable's name says nothing.
    let name = name.to_ascii_uppercase();
    WITHHELD.iter().any(|start| name.starts_with(start)) || is_secret(&name)
}

/// BuildKit fetches a git context itself; the job's token is for the job's repository alone, and by its id for the
/// host of that: what the repository names besides, as submodules, gets no token elsewhere.
fn git_token(plan: &Plan, ctx: &Context, others: &[Secret]) -> Option<Secret> {
    let own = format!("{}/{}", ctx.event.server_url, ctx.event.repository);
    let is_own = |address: &str| {
        let repository = address.split(['#', '?']).next().unwrap_or_default();
        repository.strip_suffix(".git").unwrap_or(repository) == own
    };
    let host = ctx.event.server_url.split("://").nth(1).unwrap_or_default().trim_end_matches('/');
    let id = format!("{GIT_AUTH_TOKEN}.{host}");
    let given =
        |secret: &Secret| secret.id == GIT_AUTH_TOKEN || secret.id == id || secret.id.starts_with(GIT_AUTH_HEADER);
    if others.iter().any(given) || ctx.event.repository.is_empty() {
        return None;
    }
    let token = plan.inputs.github_token.as_ref().filter(|token| !token.expose_secret().is_empty())?;
    if matches!(&plan.context, Source::Git(address) if is_own(address)) {
        return Some(Secret { id, from: From::Value(token.clone()) });
    }
    let mounts =
        matches!(plan.context, Source::Folder(_)) && plan.dockerfile.text().contains(&format!("id={GIT_AUTH_TOKEN}"));
    if !mounts {
        return None;
    }
    // The original passed it to every build. Here to a Dockerfile that the user names, and to none that came in a Bento.
    if plan.inputs.file.as_deref().is_some_and(|file| !file.is_empty()) {
        return Some(Secret { id: GIT_AUTH_TOKEN.into(), from: From::Value(token.clone()) });
    }
    tracing::warn!(
        "the Dockerfile of {} mounts the secret {GIT_AUTH_TOKEN}, which it does not get, because the Dockerfile is not the \
         workspace's. To hand it over, set secrets: {GIT_AUTH_TOKEN}=${{{{ github.token }}}}",
        plan.bento.tag
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_runner_of_the_action_and_what_looks_like_a_secret_are_withheld() {
        let withheld = "INPUT_PASSWORD ACTIONS_RUNTIME_TOKEN STATE_x GITHUB_TOKEN AWS_SECRET_ACCESS_KEY HF_TOKEN GH_TOKEN \
            ARM_CLIENT_SECRET ARM_CLIENT_ID AWS_CONTAINER_AUTHORIZATION_TOKEN AZURE_CLIENT_SECRET GOOGLE_APPLICATION_CREDENTIALS \
            CLOUDSDK_AUTH_ACCESS_TOKEN BENTO_CLOUD_API_KEY NPM_TOKEN npm_token SECRET_OF_MINE DB_PASSWORD DB_PASSWD \
            MY_CREDENTIALS_JSON OPENAI_API_KEY DEPLOY_PAT";
        for name in withheld.split_whitespace() {
            assert!(is_withheld(name), "{name}");
        }
        for name in ["PIP_INDEX_URL", "MY_INPUT_", "KEYBOARD", "KEY_OF_MAP", "SOME_PATH", "HFX", "DEBUG"] {
            assert!(!is_withheld(name), "{name}");
        }
        assert!(is_name("A_1") && !["", "1A", "A B", "A,src=/etc/passwd", "A=B"].into_iter().any(is_name));
    }
}
