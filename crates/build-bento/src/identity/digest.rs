//! One digest over all that goes into a Bento.

use std::fs;
use std::path::{Path, PathBuf};

use actions_core::action::Cancel;
use actions_core::{Env, Result};
use bento_format::project::resolve;
use serde_json::Value;

use super::Installed;
use super::contents::{Content, hashes};
use crate::Request;
use crate::failure::requirements;
use crate::locate::Located;
use crate::packing::{Found, Kind, Listing, Rules};

/// Changes when the digest of the same project does.
const FORM: &str = "bento-actions digest 1";
/// Characters of a digest: 160 bits, and short enough for a label.
const LENGTH: usize = 40;
/// Characters of a version that is made of one.
const SHORT: usize = 16;
/// Keys of the build configuration that name a file which need not be among those that the Bento takes.
const FILES: [&str; 3] = ["/docker/setup_script", "/docker/dockerfile_template", "/conda/environment_yml"];

/// A shorter form of a digest, for a version.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

/// The files of a project that go into its Bento, found before they are hashed.
#[derive(Debug)]
pub(super) struct Taken {
    /// Files and links, sorted by path.
    pub(super) files: Vec<Found>,
    /// Files that the build configuration names.
    named: Vec<PathBuf>,
}

impl Taken {
    /// Finds them.
    ///
    /// # Errors
    /// The project cannot be read, or a pattern is not valid.
    pub(super) fn of(located: &Located, env: &Env) -> Result<Self> {
        let mut listing = Listing::of(&located.context)?;
        let rules = Rules::of(located.project.config.as_ref(), &listing)?;
        listing.files.retain(|file| rules.take(&file.name));
        Ok(Self { files: listing.files, named: named(located, env) })
    }
}

/// The digest of a project, built as requested by this BentoML, with these models: 40 hexadecimal digits.
///
/// # Errors
/// A file cannot be read, or the job is cancelled.
pub(super) fn of(
    request: &Request,
    located: &Located,
    taken: &Taken,
    installed: &Installed,
    models: &[(String, String)],
    cancel: &Cancel,
) -> Result<String> {
    let mut fields = Fields::default();
    fields.add("form", FORM);
    fields.add("bentoml", installed.bentoml.to_string());
    fields.add("python", &installed.python);
    fields.add("service", located.service.as_deref().unwrap_or_default());
    fields.add("name", request.name.as_deref().unwrap_or_default());
    for (name, pairs) in [("label", &request.labels), ("argument", &request.args)] {
        pairs.iter().for_each(|(key, value)| fields.pair(name, key, value));
    }
    models.iter().for_each(|(asked, found)| fields.pair("model", asked, found));
    for requirement in requirements::all(&located.project) {
        // Paths in it are absolute, and the project stands elsewhere on another machine.
        fields.add("requirement", requirement.line.replace(&*located.context.to_string_lossy(), "."));
    }
    let mut contents = Vec::new();
    for file in &taken.files {
        let path = located.context.join(&file.path);
        fields.add("path", &file.name);
        match file.kind {
            Kind::File => {
                let (length, mode) =
                    fs::metadata(&path).map(|metadata| (metadata.len(), mode(&metadata))).unwrap_or_default();
                fields.add("mode", mode);
                contents.push(Content { path, length });
            }
            Kind::Link | Kind::DeadLink => {
                fields.add("link", fs::read_link(&path).unwrap_or_default().as_os_str().as_encoded_bytes());
            }
            Kind::Special => fields.add("special", ""),
        }
    }
    for path in &taken.named {
        let length = fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len());
        let inside = path.strip_prefix(&located.context).ok().or(path.file_name().map(Path::new)).unwrap_or(path);
        fields.pair("named", &inside.to_string_lossy(), if length.is_some() { "there" } else { "not there" });
        contents.extend(length.map(|length| Content { path: path.clone(), length }));
    }
    for hash in hashes(&contents, cancel)? {
        fields.add("contents", hash.as_bytes());
    }
    let mut digest = fields.0.finalize().to_hex().to_string();
    digest.truncate(LENGTH);
    Ok(digest)
}

/// Files that BentoML reads besides those that it takes: the build configuration, what that names, and the README.
fn named(located: &Located, env: &Env) -> Vec<PathBuf> {
    let context = &located.context;
    let config = located.project.config.as_ref();
    let mut paths: Vec<String> = Vec::new();
    if let Some(config) = config {
        let text = |pointer: &&str| config.get(pointer).and_then(Value::as_str).map(str::to_owned);
        paths.extend(FILES.iter().filter_map(text));
        let description = text(&"/description");
        match description.as_deref().map(|text| text.strip_prefix("file:")) {
            Some(file) => paths.extend(file.map(|file| file.trim().to_owned())),
            None => paths.push("README.md".to_owned()),
        }
    }
    let python = &located.project.python;
    let requirements = python.requirements.iter().map(|file| file.value.clone());
    let wheels = python.wheels.iter().map(|file| file.value.clone());
    let resolved = paths.iter().map(|path| resolve(path, context, env));
    let own = located.bentofile().map(Path::to_owned);
    let readme = config.is_none().then(|| context.join("README.md"));
    own.into_iter().chain(resolved).chain(requirements).chain(wheels).chain(readme).collect()
}

/// Parts that no other parts can be taken for.
#[derive(Default)]
struct Fields(blake3::Hasher);

impl Fields {
    fn add(&mut self, name: &str, value: impl AsRef<[u8]>) {
        for part in [name.as_bytes(), value.as_ref()] {
            self.0.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
    }

    fn pair(&mut self, name: &str, key: &str, value: impl AsRef<[u8]>) {
        self.add(name, key);
        self.add("", value);
    }
}

/// May it be run? The other rights differ between checkouts.
#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o100 == 0 { "file" } else { "program" }
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> &'static str {
    "file"
}
