//! The cache of the hub's client: where it is, and what it holds of a model.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use actions_core::env;
use actions_core::{Context, Env, Error, Result, text};
use bento_format::expand_variables;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::hub::{Listed, Listing, TREE_FORMAT};
use super::reference::{Reference, is_commit, is_plain};
use super::snapshot::{SnapshotFile, link_to};
use crate::variables;

/// A folder of models that came from a hub.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    is_offline: bool,
}

impl Cache {
    /// The cache that bentoml uses: `BENTOML_HF_CACHE_DIR`, else that of the hub's client (`HF_HUB_CACHE`, `HF_HOME/hub`,
    /// `~/.cache/huggingface/hub`). With `HF_HUB_OFFLINE` set, what it holds is all there is.
    ///
    /// # Errors
    /// No variable names a folder, not even `HOME`.
    pub fn of(env: &Env) -> Result<Self> {
        let named = [variables::BENTOML_HF_CACHE_DIR, variables::HF_HUB_CACHE, variables::HUGGINGFACE_HUB_CACHE];
        let folder = match named.into_iter().find_map(|name| env.get(name)) {
            Some(text) => expand(text, env),
            None => {
                home(env).ok_or_else(|| Error::input("no cache for models: HF_HOME and HOME are not set"))?.join("hub")
            }
        };
        let offline =
            env.get(variables::HF_HUB_OFFLINE).or_else(|| env.get(variables::TRANSFORMERS_OFFLINE)).unwrap_or_default();
        let is_offline = matches!(offline.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE");
        Ok(Self { folder, is_offline })
    }

    /// The cache's folder, there or not.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn is_offline(&self) -> bool {
        self.is_offline
    }

    /// What the cache has of a model.
    pub(super) fn model(&self, reference: &Reference) -> Model {
        Model { root: self.folder.join(format!("models--{}", reference.id.replace('/', "--"))) }
    }
}

/// The token of the hub's client: `HF_TOKEN`, else what `hf auth login` keeps.
pub(super) fn token(env: &Env) -> Option<SecretString> {
    let set = [variables::HF_TOKEN, variables::HUGGING_FACE_HUB_TOKEN]
        .into_iter()
        .find_map(|name| env.get(name))
        .map(str::to_owned);
    let kept = || {
        let file =
            env.get(variables::HF_TOKEN_PATH).map(|path| expand(path, env)).or_else(|| Some(home(env)?.join("token")));
        text::read(&file?).ok()
    };
    let token = set.or_else(kept)?.trim().to_owned();
    (!token.is_empty()).then(|| SecretString::from(token))
}

/// `$NAME` and `~/`, as Python's `expandvars` and `expanduser`.
fn expand(text: &str, env: &Env) -> PathBuf {
    let text = expand_variables(text, env);
    let user = || env.path(env::HOME).or_else(|| env.path(env::USERPROFILE));
    match text.strip_prefix("~/").zip(user()) {
        Some((rest, user)) => user.join(rest),
        None => PathBuf::from(text),
    }
}

/// The folder of all that belongs to the hub's client.
fn home(env: &Env) -> Option<PathBuf> {
    let default = || {
        let user = || env.path(env::HOME).or_else(|| env.path(env::USERPROFILE)).map(|home| home.join(".cache"));
        env.path(env::XDG_CACHE_HOME).or_else(user).map(|cache| cache.join("huggingface"))
    };
    env.get(variables::HF_HOME).map(|text| expand(text, env)).or_else(default)
}

/// A model's folder in the cache, there or not.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) root: PathBuf,
}

impl Model {
    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// The commit that a revision stands for, as far as the cache knows.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let kept = text::read(&local(&self.root.join("refs"), revision)).ok()?;
        Some(kept.trim().to_owned()).filter(|commit| is_plain(commit))
    }

    /// Remembers what a branch or tag stands for.
    pub(super) fn remember(&self, revision: &str, commit: &str) -> Result<()> {
        if revision == commit || self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        replace(&local(&self.root.join("refs"), revision), commit.as_bytes())
    }

    /// What the hub has at a commit, if that was kept.
    pub(super) fn listing(&self, commit: &str) -> Option<Listing> {
        let text = fs::read(self.tree(commit)).ok()?;
        let tree: Value = serde_json::from_slice(&text).ok()?;
        let files = tree.get("files").filter(|_| tree.get("format_version") == Some(&json!(TREE_FORMAT)))?;
        let files = files.as_object()?.iter().map(|(name, file)| {
            let text = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
            let size = file.get("lfs_size").or_else(|| file.get("size")).and_then(Value::as_u64);
            let listed = Listed { name: name.clone(), size, blob_id: text("blob_id"), sha256: text("lfs_sha256") };
            (is_plain(name) && listed.blob().is_some_and(is_plain)).then_some(listed)
        });
        Some(Listing { commit: commit.to_owned(), files: files.collect::<Option<_>>()? })
    }

    /// Keeps what the hub has, unless a detail of a file is missing.
    pub(super) fn keep(&self, listing: &Listing) -> Result<()> {
        match listing.tree() {
            Some(tree) => replace(&self.tree(&listing.commit), tree.as_bytes()),
            None => Ok(()),
        }
    }

    fn tree(&self, commit: &str) -> PathBuf {
        self.root.join("trees").join(format!("{commit}.json"))
    }

    /// The file of a snapshot, if it is there with the size that it must have.
    pub(super) fn file(&self, commit: &str, listed: &Listed) -> Option<SnapshotFile> {
        let link = local(&self.snapshot(commit), &listed.name);
        let size = fs::metadata(&link).ok().filter(fs::Metadata::is_file)?.len();
        let blob = listed.blob().map(str::to_owned).or_else(|| blob_of(&link))?;
        let is_whole = listed.size.is_none_or(|expected| expected == size);
        is_whole.then(|| SnapshotFile { name: listed.name.clone(), blob, content: link, size })
    }

    /// Makes the file of a snapshot that stands for contents which are there.
    pub(super) fn link(&self, commit: &str, name: &str, blob: &str, size: u64) -> Result<SnapshotFile> {
        let link = local(&self.snapshot(commit), name);
        let made = || -> io::Result<()> {
            fs::create_dir_all(link.parent().unwrap_or(Path::new(".")))?;
            if link.symlink_metadata().is_ok() {
                fs::remove_file(&link)?;
            }
            point(&link, &link_to(name, blob), &self.blobs().join(blob))
        };
        made().context(|| format!("failed to write {}", link.display()))?;
        Ok(SnapshotFile { name: name.to_owned(), blob: blob.to_owned(), content: link, size })
    }

    /// The files of a snapshot of which the hub's list was not kept: there may have been more.
    pub(super) fn files(&self, commit: &str) -> Result<Vec<Listed>> {
        let folder = self.snapshot(commit);
        let mut files = Vec::new();
        collect(&folder, "", &mut files).context(|| format!("failed to read {}", folder.display()))?;
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<Listed>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(Listed { name, size: None, blob_id: None, sha256: None });
        }
    }
    Ok(())
}

/// The name of the contents that a link leads to.
fn blob_of(link: &Path) -> Option<String> {
    fs::read_link(link).ok()?.file_name()?.to_str().map(str::to_owned)
}

/// The path of a file that the hub names, on this system.
fn local(folder: &Path, name: &str) -> PathBuf {
    name.split('/').fold(folder.to_owned(), |path, part| path.join(part))
}

/// Writes a small file in one step.
fn replace(file: &Path, contents: &[u8]) -> Result<()> {
    let written = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut temporary = readable(&mut tempfile::Builder::new()).suffix(".tmp").tempfile_in(folder)?;
        io::Write::write_all(&mut temporary, contents)?;
        temporary.persist(file)?;
        Ok(())
    };
    written().context(|| format!("failed to write {}", file.display()))
}

/// Temporary files are the owner's alone; what is in the cache is readable as the umask says.
pub(super) fn readable<'a, 'p, 's>(builder: &'a mut tempfile::Builder<'p, 's>) -> &'a mut tempfile::Builder<'p, 's> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(unix)]
fn point(link: &Path, target: &str, _: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Where the user may make no links, the file itself, as the hub's client does.
#[cfg(not(unix))]
fn point(link: &Path, target: &str, content: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target.replace('/', "\\"), link)
        .or_else(|_| fs::hard_link(content, link))
        .or_else(|_| fs::copy(content, link).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_bentoml_and_the_hubs_client_look() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[("HOME", "/h")], "/h/.cache/huggingface/hub"),
            (&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (&[("HOME", "/h"), ("HF_HOME", "~/hf")], "/h/hf/hub"),
            (&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "$HF_HOME/c")], "/hf/c"),
            (&[("HF_HUB_CACHE", "/c"), ("BENTOML_HF_CACHE_DIR", "/b")], "/b"),
        ];
        for (variables, expected) in cases {
            let env: Env = variables.iter().copied().collect();
            assert_eq!(Cache::of(&env).unwrap().folder(), Path::new(expected));
        }
        assert!(Cache::of(&Env::default()).is_err());
    }

    #[test]
    fn the_token_is_the_variable_else_the_kept_one() {
        use secrecy::ExposeSecret;
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("token"), "kept\n").unwrap();
        let mut env: Env = [("HF_HOME", home.path().to_str().unwrap())].into_iter().collect();
        assert_eq!(token(&env).unwrap().expose_secret(), "kept");
        env.set("HF_TOKEN", "set");
        assert_eq!(token(&env).unwrap().expose_secret(), "set");
        assert!(token(&Env::default()).is_none());
    }
}
