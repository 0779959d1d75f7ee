//! In what two images differ.

use std::fmt::{self, Display};
use std::path::Path;

use serde_json::Value;

use crate::archive::Image;
use crate::tree::Entry;

/// What of a file, or of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// One of the images does not have it.
    Presence,
    /// File, folder, link and so on.
    Kind,
    Mode,
    Owner,
    /// Contents, or where a link leads.
    Contents,
    Attributes,
    /// A value of the configuration.
    Value,
}

/// One thing that is not the same.
#[derive(Debug)]
pub(crate) struct Difference {
    /// A file's path, absolute; or a value's place in the configuration, as in `config/Env`.
    pub(crate) place: String,
    pub(crate) aspect: Aspect,
    here: String,
    original: String,
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, aspect, here, original } = self;
        write!(f, "{place}: {}: {here}, the original: {original}", format!("{aspect:?}").to_lowercase())
    }
}

/// Compares all files and the whole configuration.
pub(crate) fn between(here: &Image, original: &Image) -> Vec<Difference> {
    let mut all = Vec::new();
    values(&here.config, &original.config, String::new(), &mut all);
    let (ours, theirs) = (&here.tree.0, &original.tree.0);
    for (path, entry) in ours {
        match theirs.get(path) {
            Some(other) => entries(path, entry, other, &mut all),
            None => all.push(presence(path, kind(entry), "nothing".into())),
        }
    }
    let missing = theirs.iter().filter(|(path, _)| !ours.contains_key(*path));
    all.extend(missing.map(|(path, entry)| presence(path, "nothing".into(), kind(entry))));
    all
}

fn presence(path: &Path, here: String, original: String) -> Difference {
    Difference { place: absolute(path), aspect: Aspect::Presence, here, original }
}

fn entries(path: &Path, here: &Entry, original: &Entry, all: &mut Vec<Difference>) {
    let mut differ = |aspect: Aspect, text: &dyn Fn(&Entry) -> String| {
        let (here, original) = (text(here), text(original));
        if here != original {
            all.push(Difference { place: absolute(path), aspect, here, original });
        }
    };
    differ(Aspect::Kind, &kind);
    differ(Aspect::Mode, &|entry| format!("{:04o}", entry.mode));
    differ(Aspect::Owner, &|entry| format!("{}:{}", entry.owner.0, entry.owner.1));
    differ(Aspect::Contents, &|entry| match entry.target.as_str() {
        "" => format!("{} bytes, sha256:{:.12}", entry.size, entry.hash),
        target => format!("-> {target}"),
    });
    differ(Aspect::Attributes, &|entry| format!("{:?}", entry.attributes));
}

/// Objects key by key, all else as it is.
fn values(here: &Value, original: &Value, place: String, all: &mut Vec<Difference>) {
    let none = serde_json::Map::new();
    let object = |value: &Value| value.is_object() || value.is_null();
    if object(here) && object(original) {
        let (ours, theirs) = (here.as_object().unwrap_or(&none), original.as_object().unwrap_or(&none));
        let others = theirs.keys().filter(|key| !ours.contains_key(*key));
        for key in ours.keys().chain(others) {
            let place = if place.is_empty() { key.clone() } else { format!("{place}/{key}") };
            values(&here[key], &original[key], place, all);
        }
    } else if here != original {
        let (here, original) = (here.to_string(), original.to_string());
        all.push(Difference { place, aspect: Aspect::Value, here, original });
    }
}

fn kind(entry: &Entry) -> String {
    format!("{:?}", entry.kind).to_lowercase()
}

fn absolute(path: &Path) -> String {
    Path::new("/").join(path).display().to_string()
}
