//! Where the main build context is.

use std::path::PathBuf;

use actions_core::action::Context;
use actions_core::{Error, Result, address};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use crate::bento::Bento;
use crate::inputs::Inputs;
use crate::secrets;

/// Where the main build context is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A git repository that the engine fetches, with the ref and folder after `#`.
    Git(String),
}

/// The Bento's own folder, where the user names no other.
///
/// The Bento's own Dockerfile copies what only a Bento's folder has. `context: .`, which the original action never passed
/// on, would fail in it.
pub(super) fn of(inputs: &Inputs, bento: &Bento, ctx: &Context) -> Result<(Source, Option<SecretString>)> {
    const DEFAULT: &str = "{{defaultContext}}";
    let Some(context) = inputs.context.as_deref().filter(|context| !context.is_empty()) else {
        return Ok((Source::Folder(bento.folder.clone()), None));
    };
    if context.contains("://") || context.starts_with("git@") {
        return git(context);
    }
    let folder = ctx.workspace().join(context);
    let source = match (inputs.file.as_deref().filter(|file| !file.is_empty()), context.strip_prefix(DEFAULT)) {
        (Some(_), Some(below)) => {
            let event = &ctx.event;
            Source::Git(format!("{}/{}.git#{}{below}", event.server_url, event.repository, event.reference))
        }
        // The plan reports a folder that does not exist.
        (None, None) if folder.join("bento.yaml").is_file() || !folder.is_dir() => Source::Folder(folder),
        (Some(_), None) => Source::Folder(folder),
        (None, _) => {
            tracing::warn!(
                "input context: {context} is not a Bento's folder, and the Bento's own Dockerfile needs one: the Bento's own \
                 folder is the context. To build something else, name its Dockerfile by the input file"
            );
            Source::Folder(bento.folder.clone())
        }
    };
    Ok((source, None))
}

/// A git repository, and the credentials of its address, which go to BuildKit as a secret. The rest is for BuildKit: a query
/// such as `?ref=v1&subdir=docker` chooses what is built.
fn git(context: &str) -> Result<(Source, Option<SecretString>)> {
    address::mask_whole(context);
    address::check(context).map_err(|why| Error::input(format!("input context: the address {why}")))?;
    let (scheme, rest) = context.split_once("://").unwrap_or(("", context));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let login = host.rsplit_once('@').map(|(login, _)| login).filter(|_| matches!(scheme, "http" | "https"));
    let (address, query) = context.split_at(context.find(['?', '#']).unwrap_or(context.len()));
    let fields = query.split('#').next().unwrap_or_default().trim_start_matches('?').split('&');
    if let Some(name) =
        fields.map(|field| field.split('=').next().unwrap_or_default()).find(|name| secrets::is_secret(name))
    {
        return Err(Error::input(format!(
            "input context: the query of the address has {name}, which seems to be a secret"
        ))
        .hint("Leave it out of the address, and give it by secrets: GIT_AUTH_TOKEN.HOST=…"));
    }
    let shown = format!("{}{query}", address::without_whole(address));
    let login = login.filter(|login| !login.is_empty() && *login != "git");
    Ok((Source::Git(shown), login.map(|login| percent_decode_str(login).decode_utf8_lossy().as_ref().into())))
}

/// Does an address of a build context hold credentials?
pub(super) fn has_login(value: &str) -> bool {
    let (scheme, rest) = value.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '#', '?']).next().unwrap_or_default();
    // The user of ssh is part of the address.
    let is_name = |user: &str| user == "git" || (scheme.ends_with("ssh") && !user.contains(':'));
    host.rsplit_once('@').is_some_and(|(user, _)| !is_name(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_git_context_keeps_its_query_and_loses_its_credentials() {
        for (given, kept) in [
            ("https://github.com/o/r.git?ref=v1&subdir=docker", "https://github.com/o/r.git?ref=v1&subdir=docker"),
            ("https://me:s3cret-pw@github.com/o/r.git?ref=v1#x", "https://github.com/o/r.git?ref=v1#x"),
            ("https://github.com/o/r.git#main:sub?x", "https://github.com/o/r.git#main:sub?x"),
            ("ssh://deploy@h.example/o/r.git?ref=v1", "ssh://deploy@h.example/o/r.git?ref=v1"),
            ("git@github.com:o/r.git?ref=v1", "git@github.com:o/r.git?ref=v1"),
        ] {
            assert_eq!(git(given).unwrap().0, Source::Git(kept.to_owned()));
        }
        let error = git("https://h.example/o/r.git?ref=v1&private_token=s3cret-value").unwrap_err().full_text();
        assert!(error.contains("private_token") && !error.contains("s3cret-value"), "{error}");
    }

    #[test]
    fn a_name_alone_is_a_credential_but_for_ssh_and_git() {
        for (item, expected) in [
            ("a=ssh://deploy@h.example/o/r.git", false),
            ("a=git+ssh://deploy@h.example/o/r.git", false),
            ("a=https://git@h.example/r.git", false),
            ("a=https://h.example/r@1.git", false),
            ("a=ssh://deploy:s3cret@h.example/r.git", true),
            ("a=https://t0ken@h.example/r.git", true),
            ("a=https://me:s3cret@h.example/r.git", true),
        ] {
            assert_eq!(has_login(item), expected, "{item}");
        }
    }
}
