//! A Bento's folder with its links followed: BentoML copies what a link names, and so must the image have it. Nothing is
//! copied where hard links can be made, and models are left where they are.

use std::fs;
use std::path::Path;

use actions_core::action::Cancel;
use actions_core::{Context as _, Error, Result};
use archive::Bound;

use crate::model::{HUB_MODELS, MODELS};
use crate::workspace::same_file;

/// Deeper than this a tree is taken for a link that leads back into itself.
const DEEPEST: usize = 64;

/// Is this a Bento's folder, and is there a link in it, models apart?
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn has_links(folder: &Path) -> Result<bool> {
    Ok(folder.join("bento.yaml").is_file() && any_link(folder, true)?)
}

fn any_link(folder: &Path, top: bool) -> Result<bool> {
    for entry in fs::read_dir(folder).context(|| format!("failed to read {}", folder.display()))? {
        let entry = entry.context(|| format!("failed to read {}", folder.display()))?;
        let kind = entry.file_type().context(|| format!("failed to read {}", entry.path().display()))?;
        if top && is_models(&entry.file_name()) {
            continue;
        }
        if kind.is_symlink() || (kind.is_dir() && any_link(&entry.path(), false)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_models(name: &std::ffi::OsStr) -> bool {
    name == MODELS || name == HUB_MODELS
}

/// Lays the folder out anew, with what links name in their place. What leaves the folder is logged.
///
/// # Errors
/// A link names nothing or leads back into itself, there are too many files with links followed, one cannot be read or
/// written, or the job is cancelled.
pub(crate) fn follow(from: &Path, to: &Path, cancel: &Cancel) -> Result<()> {
    let root = fs::canonicalize(from).context(|| format!("failed to read {}", from.display()))?;
    Following { root: &root, bound: Bound::new(cancel), cancel }.folder(from, to, 0)
}

struct Following<'a> {
    root: &'a Path,
    bound: Bound,
    cancel: &'a Cancel,
}

impl Following<'_> {
    fn folder(&mut self, from: &Path, to: &Path, depth: usize) -> Result<()> {
        let failed = || format!("failed to read {}", from.display());
        if depth > DEEPEST {
            return Err(Error::input(format!("{} contains itself by a link", from.display()))
                .hint("Remove the link from the project, and build the Bento again."));
        }
        fs::create_dir(to).context(|| format!("failed to make {}", to.display()))?;
        for entry in fs::read_dir(from).context(failed)? {
            let entry = entry.context(failed)?;
            if depth == 0 && is_models(&entry.file_name()) {
                continue;
            }
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            self.bound.count(&source)?;
            if entry.file_type().context(failed)?.is_symlink() {
                tell(&source, self.root)?;
            }
            let meta = fs::metadata(&source).context(|| format!("failed to read {}", source.display()))?;
            if meta.is_dir() {
                self.folder(&source, &target, depth.saturating_add(1))?;
            } else if meta.is_file() {
                same_file(&source, &target, self.cancel)?;
            }
        }
        // As it is there: the engine copies modes.
        let mode = fs::metadata(from).context(failed)?.permissions();
        fs::set_permissions(to, mode).context(|| format!("failed to set the mode of {}", to.display()))
    }
}

/// Says what the image gets from elsewhere.
fn tell(link: &Path, root: &Path) -> Result<()> {
    let real = fs::canonicalize(link).map_err(|error| {
        Error::input(format!("{} is a link whose target cannot be read: {error}", link.display()))
            .hint("BentoML packs what a link names: make the target, or remove the link, and build the Bento again.")
    })?;
    if !real.starts_with(root) {
        tracing::info!("{} is a link out of the Bento: the image gets {}", link.display(), real.display());
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_are_followed_and_models_stay_where_they_are() {
        let outer = tempfile::tempdir().unwrap();
        let (bento, to) = (outer.path().join("bento"), outer.path().join("to"));
        fs::create_dir_all(bento.join("src/package")).unwrap();
        fs::create_dir_all(bento.join("models/m")).unwrap();
        fs::write(bento.join("bento.yaml"), "").unwrap();
        fs::write(bento.join("src/package/a.py"), "a").unwrap();
        assert!(!has_links(&bento).unwrap());
        symlink("/nowhere", bento.join("models/m/link")).unwrap();
        assert!(!has_links(&bento).unwrap(), "models are not looked into");
        fs::write(outer.path().join("shared.py"), "shared").unwrap();
        symlink(outer.path().join("shared.py"), bento.join("src/shared.py")).unwrap();
        symlink("package", bento.join("src/other")).unwrap();
        fs::set_permissions(bento.join("src/package/a.py"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(bento.join("src/package"), fs::Permissions::from_mode(0o750)).unwrap();
        assert!(has_links(&bento).unwrap());
        follow(&bento, &to, &Cancel::default()).unwrap();
        assert!(!to.join("models").exists());
        let mode = |path: &str| fs::symlink_metadata(to.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("src/package"), mode("src/other"), mode("src/other/a.py")), (0o750, 0o750, 0o755));
        let shared = fs::symlink_metadata(to.join("src/shared.py")).unwrap();
        assert!(shared.is_file(), "a link is left");
        assert_eq!(fs::read_to_string(to.join("src/shared.py")).unwrap(), "shared");
    }

    #[test]
    fn links_that_multiply_a_tree_end_in_an_error_and_a_cancelled_job_ends_at_once() {
        let outer = tempfile::tempdir().unwrap();
        let bento = outer.path().join("bento");
        for level in 0..30 {
            fs::create_dir_all(bento.join(format!("d{level}"))).unwrap();
            for name in ["x", "y"] {
                symlink(format!("../d{}", level + 1), bento.join(format!("d{level}/{name}"))).unwrap();
            }
        }
        fs::create_dir(bento.join("d30")).unwrap();
        let cancel = Cancel::default();
        let mut following = Following { root: &bento, bound: Bound::of(500, &cancel), cancel: &cancel };
        let error = following.folder(&bento, &outer.path().join("to"), 0).unwrap_err();
        assert!(
            error.cause() == actions_core::Cause::Input && error.full_text().contains("/x/"),
            "{}",
            error.full_text()
        );
        cancel.cancel();
        let error = follow(&bento, &outer.path().join("other"), &cancel).unwrap_err();
        assert_eq!(error.cause(), actions_core::Cause::Cancelled);
    }

    #[test]
    fn a_link_to_nothing_and_one_into_itself_are_named() {
        for (target, expected) in [("/nowhere/x", "cannot be read"), ("..", "contains itself")] {
            let outer = tempfile::tempdir().unwrap();
            let bento = outer.path().join("bento");
            fs::create_dir_all(bento.join("src")).unwrap();
            symlink(target, bento.join("src/link")).unwrap();
            let error = follow(&bento, &outer.path().join("to"), &Cancel::default()).unwrap_err().full_text();
            assert!(error.contains(expected) && error.contains("src/link"), "{error}");
        }
    }
}
