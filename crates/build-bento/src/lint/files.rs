//! Files that a Bento would take and that should not be there: large ones, secrets, links to nothing.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use actions_core::runner::Annotation;
use actions_core::{Error, Location};

use super::error;
use crate::packing::{Found, Kind};
use crate::warnings::warning;

/// From this size on BentoML says that a file is large, bytes.
const LARGE: u64 = 10 * 1024 * 1024;
/// Files that a warning lists.
const NAMED: usize = 5;
/// Names that hold secrets and nothing else.
const SECRETS: [&str; 14] = [
    ".env",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    ".htpasswd",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "kubeconfig",
    ".dockercfg",
    "credentials.json",
];
/// What stands behind `.env.` in a file that shows what an `.env` looks like.
const SAMPLES: [&str; 6] = ["example", "sample", "template", "dist", "defaults", "schema"];
/// Ends of the names of stores of keys.
const KEY_STORES: [&str; 5] = ["p12", "pfx", "jks", "keystore", "kdbx"];
/// Ends of the names of files that are looked into for a private key.
const LOOKED_INTO: [&str; 4] = ["pem", "key", "json", "txt"];
/// What is read of such a file, bytes: a key stands at its beginning, or the file is short.
const HEAD: u64 = 16 * 1024;

/// What is to be said of the files that the Bento takes; their paths count from the context.
pub(super) fn of(taken: &[&Found], context: &Path) -> Vec<Annotation> {
    let dead = taken.iter().filter_map(|file| refused(file, context));
    let (large, secret) = (large(taken, context), secret(taken, context));
    dead.chain(large).chain(secret).collect()
}

/// BentoML fails at a link to nothing, and at anything that is not a file.
fn refused(file: &Found, context: &Path) -> Option<Annotation> {
    let what = match file.kind {
        Kind::DeadLink => "is a link to nothing, or to itself",
        Kind::Special => "is neither a file nor a folder",
        Kind::File | Kind::Link => return None,
    };
    let refused = Error::input(format!("the Bento would take {}, which {what}", file.path.display()));
    let hint = "Remove it, or leave it out by `exclude` in the build configuration.";
    Some(error(&refused.hint(hint).at(at(file, context))))
}

fn large(taken: &[&Found], context: &Path) -> Option<Annotation> {
    let size = |file: &Found| fs::metadata(context.join(&file.path)).map_or(0, |metadata| metadata.len());
    let files = taken.iter().filter(|file| file.kind == Kind::File).map(|file| (size(file), *file));
    let mut large: Vec<_> = files.filter(|(size, _)| *size > LARGE).collect();
    large.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let (_, largest) = large.first()?;
    let names = large.iter().map(|(size, file)| format!("{} ({} MiB)", file.path.display(), size / 1024 / 1024));
    let message = format!(
        "The Bento takes {} larger than 10 MiB: {}. Each version of the Bento carries them along. Save weights as a model and \
         name it under `models`; leave out what is not needed (`exclude`, or a .bentoignore).",
        if large.len() == 1 { "a file" } else { "files" },
        listed(names, large.len())
    );
    Some(warning("Large files in the Bento", message, Some(at(largest, context))))
}

fn secret(taken: &[&Found], context: &Path) -> Option<Annotation> {
    let secret: Vec<_> = taken.iter().filter(|file| is_secret(file, context)).collect();
    let first = secret.first()?;
    let message = format!(
        "The Bento takes what looks like {}: {}. Whoever gets the Bento gets it. Leave it out (`exclude`, or a .bentoignore), \
         and hand its values to the service where it runs, as secrets or variables.",
        if secret.len() == 1 { "a secret" } else { "secrets" },
        listed(secret.iter().map(|file| file.path.display().to_string()), secret.len())
    );
    Some(warning("Secrets in the Bento", message, Some(at(first, context))))
}

fn is_secret(file: &Found, context: &Path) -> bool {
    let name = file.name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let is_variables = || {
        let of = name.strip_prefix(".env.");
        of.is_some_and(|of| !SAMPLES.iter().any(|sample| of.split('.').any(|word| word == *sample)))
    };
    SECRETS.contains(&name.as_str())
        || is_variables()
        || KEY_STORES.contains(&end)
        || (LOOKED_INTO.contains(&end) && file.kind == Kind::File && holds_key(&context.join(&file.path)))
}

/// Does a private key begin in the head of the file?
fn holds_key(file: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(file).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head);
    read.is_ok()
        && text.split("-----BEGIN ").skip(1).any(|rest| {
            rest.split_once("-----").is_some_and(|(what, _)| what.len() < 40 && what.ends_with("PRIVATE KEY"))
        })
}

fn at(file: &Found, context: &Path) -> Location {
    Location { file: context.join(&file.path), line: None, column: None }
}

fn listed(names: impl Iterator<Item = String>, count: usize) -> String {
    let shown: Vec<_> = names.take(NAMED).collect();
    let more = match count.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}
